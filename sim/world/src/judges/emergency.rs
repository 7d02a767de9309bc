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
    /// Everybody by address, and who was cut off once: the house can't be heard by them.
    names: BTreeMap<IpAddr, String>,
    cut_off: BTreeSet<String>,
    /// Call-IDs of callers who dialled for help.
    asked: BTreeSet<String>,
    /// Call-IDs of those that the house tried to help.
    tried: BTreeSet<String>,
    /// Call-ID, caller and status of refusals that might be the house's own.
    refused: Vec<(String, String, u16)>,
    faults: Vec<String>,
}

impl Emergency {
    pub(crate) fn meet(&mut self, profile: &Profile) {
        self.names.insert(profile.sip.ip(), profile.name.clone());
        if matches!(profile.kind, Kind::Provider | Kind::Psap) {
            self.ways_out.insert(profile.sip.ip(), profile.name.clone());
        }
    }

    pub(crate) fn expect_a_death(&mut self, ip: IpAddr) {
        self.ways_out.remove(&ip);
    }

    pub(crate) fn expect_a_cut(&mut self, ip: IpAddr) {
        self.cut_off.extend(self.names.get(&ip).cloned());
    }

    pub(crate) fn see(&mut self, sight: &Sight<'_>) {
        if let Sight::Kept { record, .. } = sight
            && record.emergency
            && !record.attempts.is_empty()
        {
            self.tried.insert(record.call_id.clone());
        }
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
                self.refused.push((noted.call_id.clone(), (*actor).to_owned(), *status));
                if !self.ways_out.is_empty() {
                    let alive: Vec<_> = self.ways_out.values().collect();
                    self.faults.push(format!("{actor} called for help and got {status}; alive: {alive:?}"));
                }
            }
            (Note::Ended(Ended::TimedOut), _)
                if self.asked.contains(&noted.call_id)
                    && !self.ways_out.is_empty()
                    && !self.cut_off.contains(*actor) =>
            {
                self.faults.push(format!("{actor} called for help and heard nothing"));
            }
            _ => {}
        }
    }

    pub(crate) fn finish(&mut self) -> Vec<String> {
        let untried = self.refused.iter().filter(|(call_id, ..)| !self.tried.contains(call_id));
        let untried =
            untried.map(|(_, actor, status)| format!("{actor} called for help; the house said {status}"));
        std::mem::take(&mut self.faults).into_iter().chain(untried.collect::<Vec<_>>()).collect()
    }
}

fn is_for_help(uri: &str) -> bool {
    let user = uri.split_once(':').and_then(|(_, rest)| rest.split_once('@')).map(|(user, _)| user);
    user.is_some_and(|user| NUMBERS.contains(&user)) || uri.starts_with("urn:service:sos")
}
