//! A call for help is never refused, and reaches somebody while any way out lives.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use actors::{Ended, Kind, Note, Profile};

use crate::sight::Sight;

/// What people dial for help in the stories.
const NUMBERS: [&str; 3] = ["911", "9911", "112"];

#[derive(Default)]
pub(crate) struct Emergency {
    /// Providers and call takers that were always there.
    ways_out: BTreeMap<IpAddr, String>,
    /// Call-IDs of callers who dialled for help.
    asked: BTreeSet<String>,
    faults: Vec<String>,
}

impl Emergency {
    pub(crate) fn meet(&mut self, profile: &Profile) {
        if matches!(profile.kind, Kind::Provider | Kind::Psap) {
            self.ways_out.insert(profile.sip.ip(), profile.name.clone());
        }
    }

    pub(crate) fn expect_a_death(&mut self, ip: IpAddr) {
        self.ways_out.remove(&ip);
    }

    pub(crate) fn see(&mut self, sight: &Sight<'_>) {
        let Sight::Noted { actor, kind, noted, .. } = sight else { return };
        match (&noted.what, kind) {
            (Note::Dialled { to }, Kind::Phone | Kind::Pbx) if is_for_help(to) => {
                self.asked.insert(noted.call_id.clone());
            }
            // Whoever refuses or stays silent lives, but is no way out.
            (Note::Ended(Ended::Refused(_)), Kind::Provider | Kind::Psap) => {
                self.ways_out.retain(|_, name| name != actor);
            }
            (Note::Ended(Ended::Refused(status)), _) if self.asked.contains(&noted.call_id) => {
                let is_a_refusal = matches!(status, 401 | 403 | 404 | 407 | 420);
                if is_a_refusal || !self.ways_out.is_empty() {
                    let alive: Vec<_> = self.ways_out.values().collect();
                    self.faults.push(format!("{actor} called for help and got {status}; alive: {alive:?}"));
                }
            }
            (Note::Ended(Ended::TimedOut), _)
                if self.asked.contains(&noted.call_id) && !self.ways_out.is_empty() =>
            {
                self.faults.push(format!("{actor} called for help and heard nothing"));
            }
            _ => {}
        }
    }

    pub(crate) fn finish(&mut self) -> Vec<String> {
        std::mem::take(&mut self.faults)
    }
}

fn is_for_help(uri: &str) -> bool {
    let user = uri.split_once(':').and_then(|(_, rest)| rest.split_once('@')).map(|(user, _)| user);
    user.is_some_and(|user| NUMBERS.contains(&user)) || uri.starts_with("urn:service:sos")
}
