//! Who hears whom: tagged audio is only for the partner of its sender.

use std::collections::{BTreeMap, BTreeSet};

use actors::{Habit, Note, Profile};

use crate::attackers;
use crate::judges::Last;
use crate::judges::lineage::Lineage;
use crate::sight::Sight;

#[derive(Default)]
pub(crate) struct Crosstalk {
    /// Hearer's Call-ID, heard Call-ID.
    heard: BTreeSet<(String, String)>,
    /// Pairs of Call-IDs that a record names as the two sides of one call.
    partners: BTreeSet<(String, String)>,
    /// The Call-IDs of each record. Parties of a call and of those it came out of may hear each other.
    records: BTreeMap<String, Vec<String>>,
    lineage: Lineage,
    /// Devices of one call that were heard, silent, and heard again.
    returned: Vec<String>,
    /// Recorders by their names: they hear both sides of a call, and nobody hears them.
    recorders: BTreeSet<String>,
    faults: Vec<String>,
}

impl Crosstalk {
    /// Somebody is there from now on.
    pub(crate) fn meet(&mut self, profile: &Profile) {
        if profile.has(Habit::Records) {
            self.recorders.insert(profile.name.clone());
        }
    }

    pub(crate) fn see(&mut self, sight: &Sight<'_>) {
        match sight {
            Sight::Noted { noted, actor, .. } => match &noted.what {
                Note::Heard { .. } | Note::HeardEach { .. } | Note::HeardAgain { .. }
                    if self.recorders.contains(*actor) => {}
                // Whether attackers may be heard, the media judge knows.
                Note::Heard { tag } | Note::HeardEach { tag, .. } if tag.actor == attackers::NAME => {}
                Note::Heard { tag } | Note::HeardEach { tag, .. } => {
                    self.heard.insert((noted.call_id.clone(), tag.call_id.clone()));
                }
                Note::HeardAgain { tag } => {
                    self.returned
                        .push(format!("{actor} hears {tag:?} again, after another of the same call"));
                }
                Note::HeardOutside { port, tag } => {
                    self.faults.push(format!("{actor} is in no call at port {port} and hears {tag:?}"));
                }
                _ => {}
            },
            Sight::Kept { record, .. } => {
                let attempts = record.attempts.iter().map(|attempt| attempt.call_id.clone());
                let all = attempts.chain([record.call_id.clone()]).collect();
                self.records.insert(record.id.clone(), all);
                self.lineage.note(&record.id, &record.parents);
                for attempt in &record.attempts {
                    self.partners.insert((record.call_id.clone(), attempt.call_id.clone()));
                    self.partners.insert((attempt.call_id.clone(), record.call_id.clone()));
                }
            }
            _ => {}
        }
    }

    pub(crate) fn finish(&mut self, last: &Last) -> Vec<String> {
        if last.is_rough {
            // What was overtaken on its way arrives after what came later.
            self.returned.clear();
        }
        self.link();
        let wrong = self.heard.iter().filter(|pair| pair.0 != pair.1 && !self.partners.contains(*pair));
        let wrong: Vec<_> = wrong.map(|(hearer, heard)| format!("{hearer} heard {heard}")).collect();
        let returned = std::mem::take(&mut self.returned);
        std::mem::take(&mut self.faults).into_iter().chain(returned).chain(wrong).collect()
    }

    fn link(&mut self) {
        for (id, own) in &self.records {
            let before = self.lineage.before(id);
            let others: Vec<_> = before.into_iter().filter_map(|id| self.records.get(id)).flatten().collect();
            for (one, other) in own.iter().flat_map(|one| others.iter().map(move |other| (one, *other))) {
                self.partners.insert((one.clone(), other.clone()));
                self.partners.insert((other.clone(), one.clone()));
            }
        }
    }
}
