//! Meetings: as long as at least one party is in a room, it is the same one.

use std::collections::BTreeMap;

/// Meetings of every room: when they ended, by when they began.
#[derive(Default)]
pub struct Rooms(BTreeMap<String, BTreeMap<i64, i64>>);

impl Rooms {
    /// A party was there; what it joins becomes one meeting.
    pub fn add(&mut self, room: &str, began: i64, ended: i64) {
        let held = match self.0.get_mut(room) {
            Some(held) => held,
            None => self.0.entry(room.to_owned()).or_default(),
        };
        let (mut first, mut last) = (began, ended.max(began));
        while let Some((&known, &until)) = held.range(..=last).next_back() {
            if until < first {
                break;
            }
            held.remove(&known);
            (first, last) = (first.min(known), last.max(until));
        }
        held.insert(first, last);
    }

    /// When each meeting began, with its room.
    pub fn begun(&self) -> impl Iterator<Item = (&str, i64)> {
        self.0.iter().flat_map(|(room, held)| held.keys().map(|began| (room.as_str(), *began)))
    }
}
