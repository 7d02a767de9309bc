//! What a ladder is.

use std::collections::BTreeMap;

use serde::Serialize;
use sip_message::{Message, Start};

/// How the house itself is called in a ladder.
pub const HOUSE: &str = "edge";
/// What is longer may not pass by UDP (RFC 3261 18.1.1): it crosses in pieces, which many drop.
pub const LARGE_BYTES: usize = 1_300;

/// Whoever comes later than so many has no line of his own: somebody else may report any number of addresses.
const PARTIES_MAX: usize = 40;
const OTHERS: &str = "others";

/// Who stands where, the arrows in order of time, and what was decided meanwhile.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Ladder {
    /// The caller, the house, then the callees in the order they were tried; others where they come first.
    pub parties: Vec<String>,
    pub arrows: Vec<Arrow>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<Note>,
}

/// One message on its way.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Arrow {
    /// Since the first.
    pub at_ms: u64,
    pub from: String,
    pub to: String,
    /// Its method or status.
    pub what: String,
    /// Its address or reason.
    pub note: String,
    pub sort: Sort,
    /// Who saw it, the house or those who told it.
    pub seen_by: Vec<String>,
    /// Who told the house of it, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reported: Option<String>,
    pub transport: String,
    pub bytes: usize,
    /// How often the same had crossed there before.
    pub repeat: u32,
    /// The message itself, where it may be read.
    #[serde(skip)]
    pub whole: Option<Whole>,
}

/// What an arrow means for the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Sort {
    Request,
    /// Provisional, elsewhere, asked for a password, or ended because the caller wanted so.
    Interim,
    Success,
    Refusal,
}

/// A message as it crossed the wire.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Whole {
    /// When, in the words of whoever asks.
    pub at: String,
    /// By which addresses.
    pub from: String,
    pub to: String,
    pub text: String,
}

/// What became of the call between two arrows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Note {
    pub at_ms: u64,
    /// How many arrows stand before it.
    pub after: usize,
    pub words: String,
}

/// One thing in a ladder, from the top to the bottom.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Step<'l> {
    Note(&'l Note),
    /// With its number, from 1, and how long after the arrow before.
    Arrow(usize, u64, &'l Arrow),
}

/// What a message means for its call.
pub fn sort_of(start: &Start<'_>) -> Sort {
    match start {
        Start::Request { .. } => Sort::Request,
        Start::Response { status: 200..=299, .. } => Sort::Success,
        Start::Response { status: ..=199 | 300..=399 | 401 | 407 | 487, .. } => Sort::Interim,
        Start::Response { .. } => Sort::Refusal,
    }
}

impl Ladder {
    /// The ladder of some arrows; the house stands behind whoever spoke with it first.
    pub fn of(mut arrows: Vec<Arrow>) -> Ladder {
        count_repeats(&mut arrows);
        let mut parties: Vec<String> = Vec::new();
        for other in arrows.iter().flat_map(|arrow| [&arrow.from, &arrow.to]) {
            if other != HOUSE && parties.len() <= PARTIES_MAX && !parties.contains(other) {
                parties.push(other.clone());
            }
        }
        if parties.len() > PARTIES_MAX {
            parties.truncate(PARTIES_MAX);
            parties.push(OTHERS.to_owned());
        }
        let with_house = arrows.iter().find(|arrow| arrow.from == HOUSE || arrow.to == HOUSE);
        let first = with_house.map(|arrow| if arrow.from == HOUSE { &arrow.to } else { &arrow.from });
        let place = first.and_then(|first| parties.iter().position(|party| party == first));
        parties.insert(place.map_or(parties.len().min(1), |place| place + 1), HOUSE.to_owned());
        Ladder { parties, arrows, notes: Vec::new() }
    }

    /// What an arrow says of a message: its method or status, and its address or reason.
    pub fn label(message: &Message<'_>) -> (String, String) {
        match message.start() {
            Start::Request { method, uri } => (method.to_string(), uri.to_owned()),
            Start::Response { status, reason } => (status.to_string(), reason.to_owned()),
        }
    }

    /// Notes what happened at a moment: behind all arrows until then.
    pub fn note(&mut self, at_ms: u64, words: String) {
        let after = self.arrows.iter().take_while(|arrow| arrow.at_ms <= at_ms).count();
        self.note_after(after, at_ms, words);
    }

    /// Notes what happened behind so many arrows, whatever came at the same moment.
    pub fn note_after(&mut self, after: usize, at_ms: u64, words: String) {
        let place = self.notes.partition_point(|known| (known.after, known.at_ms) <= (after, at_ms));
        self.notes.insert(place, Note { at_ms, after, words });
    }

    /// How many repeats, refusals and messages that are too large there are.
    pub(crate) fn count(&self, is_meant: impl Fn(&Arrow) -> bool) -> usize {
        self.arrows.iter().filter(|arrow| is_meant(arrow)).count()
    }

    /// Whoever has no line of his own stands behind all others.
    pub(crate) fn place_of(&self, party: &str) -> usize {
        let last = self.parties.len().saturating_sub(1);
        self.parties.iter().position(|known| known == party).unwrap_or(last)
    }

    pub(crate) fn steps(&self) -> Vec<Step<'_>> {
        let mut notes = self.notes.iter().peekable();
        let mut steps = Vec::with_capacity(self.arrows.len() + self.notes.len());
        let mut last_ms = 0;
        for (before, arrow) in self.arrows.iter().enumerate() {
            while let Some(note) = notes.next_if(|note| note.after <= before) {
                steps.push(Step::Note(note));
            }
            steps.push(Step::Arrow(before + 1, arrow.at_ms.saturating_sub(last_ms), arrow));
            last_ms = arrow.at_ms;
        }
        steps.extend(notes.map(Step::Note));
        steps
    }
}

/// A message is a repeat that crosses where the same one, byte for byte, has crossed before, as far as one
/// teller knows of both.
fn count_repeats(arrows: &mut [Arrow]) {
    let mut before: BTreeMap<(String, Whole), u32> = BTreeMap::new();
    for arrow in arrows {
        let Some(whole) = &arrow.whole else { continue };
        let teller = arrow.seen_by.first().cloned().unwrap_or_default();
        let times = before.entry((teller, Whole { at: String::new(), ..whole.clone() })).or_default();
        arrow.repeat = *times;
        *times += 1;
    }
}

impl Arrow {
    /// Whether the house has seen it itself.
    pub fn is_ours(&self) -> bool {
        self.seen_by.iter().any(|name| name == HOUSE)
    }

    pub fn is_refusal(&self) -> bool {
        self.sort == Sort::Refusal
    }

    /// Whether it may have been lost for its length.
    pub fn is_large(&self) -> bool {
        self.transport == "udp" && self.bytes > LARGE_BYTES
    }
}
