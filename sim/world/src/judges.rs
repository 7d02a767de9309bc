//! The judges: always there, each with one law.

mod crosstalk;
mod emergency;
mod explain;
mod leaks;
mod lineage;
mod records;
mod wire;

#[cfg(test)]
mod bite;

use std::fmt;
use std::net::IpAddr;

use actors::Profile;
use switch::Held;

use crate::sight::Sight;
use crosstalk::Crosstalk;
use emergency::Emergency;
use explain::Explain;
use records::Records;
use wire::Wire;

/// What a judge says when the house has erred.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Speech {
    pub judge: &'static str,
    pub words: String,
}

impl fmt::Display for Speech {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.judge, self.words)
    }
}

/// What is left when all is over.
pub(crate) struct Last {
    pub held: Held,
    pub streams: usize,
    pub bound: usize,
    /// Whether the network lost, copied or reordered anything.
    pub is_rough: bool,
}

/// All judges.
#[derive(Default)]
pub(crate) struct Judges {
    wire: Wire,
    crosstalk: Crosstalk,
    records: Records,
    explain: Explain,
    emergency: Emergency,
}

impl Judges {
    /// Somebody is there from now on.
    pub(crate) fn meet(&mut self, profile: &Profile) {
        self.wire.meet(profile);
        self.crosstalk.meet(profile);
        self.emergency.meet(profile);
    }

    pub(crate) fn see(&mut self, sight: &Sight<'_>) {
        self.wire.see(sight);
        self.crosstalk.see(sight);
        self.records.see(sight);
        self.explain.see(sight);
        self.emergency.see(sight);
    }

    /// This far end can't be blamed on the house from now on.
    pub(crate) fn expect_a_death(&mut self, ip: IpAddr) {
        self.emergency.expect_a_death(ip);
    }

    /// Somebody is cut off from the network for a while.
    pub(crate) fn expect_a_cut(&mut self, ip: IpAddr) {
        self.expect_a_death(ip);
        self.emergency.expect_a_cut(ip);
        self.records.expect_a_cut();
    }

    pub(crate) fn finish(&mut self, last: &Last) -> Vec<Speech> {
        let mut speeches = Vec::new();
        let mut hear = |judge: &'static str, all: Vec<String>| {
            speeches.extend(all.into_iter().map(|words| Speech { judge, words }));
        };
        hear("wire", self.wire.finish());
        hear("crosstalk", self.crosstalk.finish(last));
        hear("records", self.records.finish(last));
        hear("explain", self.explain.finish());
        hear("emergency", self.emergency.finish());
        hear("leaks", leaks::finish(last, self.explain.policies()));
        speeches
    }
}
