//! Who hears whom: tagged audio is only for the partner of its sender.

use std::collections::{BTreeMap, BTreeSet};

use actors::Note;

use crate::judges::Last;
use crate::sight::Sight;

#[derive(Default)]
pub(crate) struct Crosstalk {
    /// Hearer's Call-ID, heard Call-ID.
    heard: BTreeSet<(String, String)>,
    /// Pairs of Call-IDs that a record names as the two sides of one call.
    partners: BTreeSet<(String, String)>,
    /// The Call-IDs of each record, and what it goes on from: parties of both may hear each other.
    records: BTreeMap<String, (Vec<String>, Option<String>)>,
    /// Devices of one call that were heard, silent, and heard again.
    returned: Vec<String>,
    faults: Vec<String>,
}

impl Crosstalk {
    pub(crate) fn see(&mut self, sight: &Sight<'_>) {
        match sight {
            Sight::Noted { noted, actor, .. } => match &noted.what {
                Note::Heard { tag } => {
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
                self.records.insert(record.id.clone(), (all, record.parent.clone()));
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
        for (own, parent) in self.records.values() {
            let Some((others, _)) = parent.as_ref().and_then(|parent| self.records.get(parent)) else {
                continue;
            };
            for (one, other) in own.iter().flat_map(|one| others.iter().map(move |other| (one, other))) {
                self.partners.insert((one.clone(), other.clone()));
                self.partners.insert((other.clone(), one.clone()));
            }
        }
    }
}
