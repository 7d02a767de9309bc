//! What is true of the far ends, whatever the house believes of them.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use crate::handle::ActorHandle;

/// After this time with a DNS that is well the house must have learned what stands there: the time that DNS
/// itself gives, a search that meets silence, and the next one.
const LEARNED_AFTER: Duration = Duration::from_secs(100);

/// A far end that calls can be sent to.
pub(crate) struct Target {
    pub trunk: &'static str,
    pub actor: ActorHandle,
    pub sip: SocketAddr,
    /// Since when it takes calls and everything else.
    pub alive_since: Option<Duration>,
    pub findable: Listing,
}

/// How the house can know of a far end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Listing {
    /// Its address stands in the documents.
    Always,
    /// DNS says it, and the house has had the time to learn it.
    ByName { listed_since: Option<Duration>, known_since: Option<Duration> },
}

impl Target {
    /// Whether it took calls, and the house knew of it, from a moment on until now.
    pub fn is_there_since(&self, from: Duration) -> bool {
        self.alive_since.is_some_and(|since| since <= from)
            && self.known_since().is_some_and(|since| since <= from)
    }

    pub fn known_since(&self) -> Option<Duration> {
        match self.findable {
            Listing::Always => Some(Duration::ZERO),
            Listing::ByName { known_since, .. } => known_since,
        }
    }

    /// DNS leads to it from now on.
    pub fn is_listed(&mut self, now: Duration) {
        self.findable = Listing::ByName { listed_since: Some(now), known_since: None };
    }

    /// DNS leads to it no more.
    pub fn is_withdrawn(&mut self) {
        self.findable = Listing::ByName { listed_since: None, known_since: None };
    }

    /// Looks whether the house must know it by now; `well_since` is when DNS got well.
    pub fn look(&mut self, now: Duration, well_since: Option<Duration>) {
        let Listing::ByName { listed_since: Some(listed), known_since } = &mut self.findable else { return };
        if well_since.is_some_and(|well| well.max(*listed) + LEARNED_AFTER <= now) {
            known_since.get_or_insert(now);
        }
    }

    /// DNS has denied it.
    pub fn is_denied(&mut self) {
        if let Listing::ByName { known_since, .. } = &mut self.findable {
            *known_since = None;
        }
    }
}

/// What a call could not have, whoever lives.
#[derive(Clone, Debug, Default)]
pub(crate) struct Bars {
    /// Who bade the house leave it alone, and until when.
    pub rests: BTreeMap<IpAddr, Duration>,
    /// Trunks that the documents shut as things are.
    pub shut: Vec<&'static str>,
}

/// When trunks were shut last.
#[derive(Default)]
pub(crate) struct Shut(BTreeMap<&'static str, Duration>);

impl Shut {
    /// These are shut at this moment.
    pub fn sees(&mut self, now: Duration, trunks: &[&'static str]) {
        self.0.extend(trunks.iter().map(|trunk| (*trunk, now)));
    }

    /// All that were, at one moment or another, since then.
    pub fn since(&self, from: Duration) -> Vec<&'static str> {
        self.0.iter().filter(|(_, at)| **at >= from).map(|(trunk, _)| *trunk).collect()
    }
}

/// A call that is being set up.
pub(crate) struct Wanted {
    pub began: Duration,
    pub kind: Kind,
    /// As things were when it began.
    pub bars: Bars,
}

/// Where a call leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Out,
    Help,
}

/// Trunks that the route of all calls names.
const OUT: [&str; 6] = ["east", "west", "south", "north", "coast", "pbx"];
/// Trunks that the documents give to calls for help.
const HELP: [&str; 3] = ["east", "west", "south"];

impl Wanted {
    /// Far ends that could have taken the call all the time: they lived, the house knew where, and nothing in
    /// the documents or in their own words forbade it.
    pub fn takers<'t>(&self, targets: &'t [Target]) -> impl Iterator<Item = &'t Target> {
        targets.iter().filter(|target| target.is_there_since(self.began) && self.admits(target))
    }

    fn admits(&self, target: &Target) -> bool {
        let is_left_alone = self.bars.rests.get(&target.sip.ip()).is_some_and(|until| *until > self.began);
        match self.kind {
            Kind::Help => HELP.contains(&target.trunk),
            Kind::Out => {
                OUT.contains(&target.trunk) && !is_left_alone && !self.bars.shut.contains(&target.trunk)
            }
        }
    }
}
