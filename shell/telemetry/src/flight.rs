//! The flight recorder: the messages of the last calls, always on, in bounded room.
//!
//! A shard copies each message to the end of a reel that is there already: nothing is allocated for it, read
//! or masked. Secrets are masked when somebody asks, before anything leaves. When the room is full the oldest
//! reel is wiped and used again. Who wants to keep more of them reads along: `written` is how.

use std::collections::{BTreeSet, VecDeque};
use std::net::SocketAddr;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

use crate::belonging::{call_id_of, is_of_a_call};
use crate::mask::masked;

/// A reel is closed when it holds as much.
const REEL_BYTES: usize = 64 * 1024;
/// What a message takes in the mean, at least.
const MESSAGE_BYTES: usize = 512;
/// However small the room is, so many reels share it: one is wiped at a time.
const REELS_MIN: usize = 8;

/// One message as it crossed the wire.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sighting {
    /// Microseconds since 1970.
    pub at_us: i64,
    pub way: Way,
    pub transport: String,
    pub local: SocketAddr,
    pub remote: SocketAddr,
    pub text: String,
}

/// As the house sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    Received,
    Sent,
}

/// A message that is seen.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'a> {
    pub at_us: i64,
    pub way: Way,
    pub transport: &'static str,
    pub local: SocketAddr,
    pub remote: SocketAddr,
    pub bytes: &'a [u8],
}

/// One message as it may be shown, with the name of its dialog.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    pub call_id: String,
    pub sighting: Sighting,
}

/// One message as whoever reads along finds it, secrets and all.
#[derive(Clone, Copy, Debug)]
pub struct Noted<'r> {
    /// How many were noted before it.
    pub number: u64,
    pub call_id: &'r [u8],
    pub seen: Seen<'r>,
}

impl Noted<'_> {
    /// Whether it may be a call's, and is not about phones and who watches them.
    pub fn is_of_a_call(&self) -> bool {
        is_of_a_call(self.seen.bytes)
    }
}

/// Messages that follow one another, for whoever reads along.
pub struct Batch {
    reel: Arc<Reel>,
    /// The first of them, and the first that is not, as places in the reel.
    place: Range<usize>,
    /// How many before them were gone already.
    pub missed: u64,
}

/// What was found for a question.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    pub messages: Vec<Sighting>,
    /// The oldest message that is still kept, in microseconds since 1970.
    pub since_us: Option<i64>,
}

/// The recorder.
#[derive(Clone)]
pub struct Flight {
    kept: Arc<Mutex<Kept>>,
}

struct Kept {
    /// From the oldest to the newest. Who reads shares them for a while.
    full: VecDeque<Arc<Reel>>,
    open: Reel,
    /// How many there ever were.
    noted: u64,
    reel_bytes: usize,
    reels_max: usize,
}

/// Messages one behind the other.
#[derive(Clone, Default)]
struct Reel {
    /// How many messages there were before its own.
    before: u64,
    frames: Vec<Frame>,
    text: Vec<u8>,
}

/// One of them: its text ends here, and begins where the one before ends.
#[derive(Clone, Copy)]
struct Frame {
    at_us: i64,
    way: Way,
    transport: &'static str,
    local: SocketAddr,
    remote: SocketAddr,
    end: usize,
}

impl Flight {
    /// A recorder that keeps so many bytes; with none it keeps nothing.
    pub fn new(bytes_max: usize) -> Flight {
        let reel_bytes = REEL_BYTES.min(bytes_max / REELS_MIN);
        let reels_max = bytes_max.checked_div(reel_bytes).unwrap_or(0);
        let (full, open) = (VecDeque::new(), Reel::of(reel_bytes));
        let kept = Kept { full, open, noted: 0, reel_bytes, reels_max };
        Flight { kept: Arc::new(Mutex::new(kept)) }
    }

    /// Whether it has room for any.
    pub fn has_room(&self) -> bool {
        self.lock().reels_max > 0
    }

    /// Takes note of a message.
    pub fn note(&self, seen: Seen<'_>) {
        self.lock().note(seen);
    }

    /// The messages of the dialogs with these Call-IDs, in order of time.
    pub fn of(&self, call_ids: &[String]) -> Found {
        self.of_since(call_ids).1
    }

    /// The same, behind how many messages were noted before the oldest that is still here.
    pub fn of_since(&self, call_ids: &[String]) -> (u64, Found) {
        let (full, open) = self.reels();
        let reels = || full.iter().map(|reel| &**reel).chain([&open]);
        let is_meant = |id: &[u8]| call_ids.iter().any(|meant| meant.as_bytes() == id);
        let meant = |seen: &Seen<'_>| call_id_of(seen.bytes).is_some_and(is_meant);
        let mut messages: Vec<Sighting> =
            reels().flat_map(Reel::messages).filter(meant).map(Seen::sighting).collect();
        messages.sort_by_key(|sighting| sighting.at_us);
        let oldest = reels().find(|reel| !reel.frames.is_empty());
        let since_us = oldest.and_then(|reel| reel.frames.first()).map(|frame| frame.at_us);
        (oldest.map_or(open.before, |reel| reel.before), Found { messages, since_us })
    }

    /// Which of these dialogs it has messages of.
    pub fn known(&self, call_ids: &BTreeSet<&str>) -> BTreeSet<String> {
        let (full, open) = self.reels();
        let mut known = BTreeSet::new();
        for seen in full.iter().map(|reel| &**reel).chain([&open]).flat_map(Reel::messages) {
            let Some(id) = call_id_of(seen.bytes).and_then(|id| str::from_utf8(id).ok()) else { continue };
            if call_ids.contains(id) && !known.contains(id) {
                known.insert(id.to_owned());
            }
        }
        known
    }

    /// All that is kept, shared for a while.
    fn reels(&self) -> (VecDeque<Arc<Reel>>, Reel) {
        let kept = self.lock();
        (kept.full.clone(), kept.open.clone())
    }

    /// How many messages were noted until now.
    pub fn noted(&self) -> u64 {
        self.lock().noted
    }

    /// What is left of those from one count to another: the first part of it, never more than a reel.
    pub fn next(&self, noted: Range<u64>) -> Option<Batch> {
        if noted.is_empty() {
            return None;
        }
        let reel = {
            let kept = self.lock();
            let of_full = kept.full.iter().find(|reel| noted.start < reel.after());
            of_full.cloned().unwrap_or_else(|| Arc::new(kept.open.clone()))
        };
        let begins = noted.start.max(reel.before);
        let missed = begins.min(noted.end) - noted.start;
        let place = |count: u64| usize::try_from(count.saturating_sub(reel.before)).unwrap_or(usize::MAX);
        let place = place(begins)..place(noted.end).min(reel.frames.len());
        Some(Batch { reel, place, missed })
    }

    /// Held for a copy of a message, or of one reel for somebody who asks.
    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn note(&mut self, seen: Seen<'_>) {
        if self.reels_max == 0 {
            return;
        }
        self.open.put(seen);
        self.noted += 1;
        if self.open.bytes() < self.reel_bytes {
            return;
        }
        // The open one counts, too.
        let is_over = self.full.len() + 1 >= self.reels_max;
        let oldest = if is_over { self.full.pop_front() } else { None };
        let next = oldest.and_then(|reel| Arc::try_unwrap(reel).ok());
        let mut next = next.map_or_else(|| Reel::of(self.reel_bytes), Reel::wiped);
        next.before = self.noted;
        self.full.push_back(Arc::new(std::mem::replace(&mut self.open, next)));
    }
}

impl Reel {
    /// Room for as much, of messages as short as they come.
    fn of(bytes: usize) -> Reel {
        let frames = Vec::with_capacity(bytes / MESSAGE_BYTES);
        Reel { before: 0, frames, text: Vec::with_capacity(bytes) }
    }

    /// How many messages there were up to its last.
    fn after(&self) -> u64 {
        self.before + self.frames.len() as u64
    }

    fn put(&mut self, seen: Seen<'_>) {
        let Seen { at_us, way, transport, local, remote, bytes } = seen;
        self.text.extend_from_slice(bytes);
        self.frames.push(Frame { at_us, way, transport, local, remote, end: self.text.len() });
    }

    fn bytes(&self) -> usize {
        self.text.len() + self.frames.len() * size_of::<Frame>()
    }

    fn wiped(mut self) -> Reel {
        self.frames.clear();
        self.text.clear();
        self
    }

    fn messages(&self) -> impl Iterator<Item = Seen<'_>> {
        let begins = std::iter::once(0).chain(self.frames.iter().map(|frame| frame.end));
        self.frames.iter().zip(begins).map(|(frame, begin)| {
            let Frame { at_us, way, transport, local, remote, end } = *frame;
            Seen { at_us, way, transport, local, remote, bytes: &self.text[begin..end] }
        })
    }
}

impl Batch {
    /// How many messages it is about: those that are here, and those that were gone.
    pub fn count(&self) -> u64 {
        self.missed + self.place.len() as u64
    }

    /// What may be shown of each; what is no message is left out.
    pub fn shown(&self) -> impl Iterator<Item = Shown> {
        self.messages().map(|Noted { call_id, seen, .. }| Shown {
            call_id: String::from_utf8_lossy(call_id).into_owned(),
            sighting: seen.sighting(),
        })
    }

    /// Each as it was seen; what is no message is left out.
    pub fn messages(&self) -> impl Iterator<Item = Noted<'_>> {
        let numbered = (self.reel.before..).zip(self.reel.messages());
        numbered.skip(self.place.start).take(self.place.len()).filter_map(|(number, seen)| {
            call_id_of(seen.bytes).map(|call_id| Noted { number, call_id, seen })
        })
    }
}

impl Seen<'_> {
    /// What may be shown of it.
    fn sighting(self) -> Sighting {
        let Seen { at_us, way, transport, local, remote, bytes } = self;
        let text = masked(&String::from_utf8_lossy(bytes));
        Sighting { at_us, way, transport: transport.to_owned(), local, remote, text }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(call_id: &str) -> String {
        format!("OPTIONS sip:a@b SIP/2.0\r\nCall-ID: {call_id}\r\n\r\n")
    }

    fn note(flight: &Flight, at_us: i64, call_id: &str) {
        let (local, remote) = (SocketAddr::from(([127, 0, 0, 1], 1)), SocketAddr::from(([127, 0, 0, 1], 2)));
        let text = text(call_id);
        let bytes = text.as_bytes();
        flight.note(Seen { at_us, way: Way::Sent, transport: "udp", local, remote, bytes });
    }

    #[test]
    fn messages_are_found_by_their_dialogs_in_order_of_time() {
        let flight = Flight::new(1 << 20);
        for (at, id) in [(3, "b"), (1, "a"), (2, "c")] {
            note(&flight, at, id);
        }

        let found = flight.of(&["a".into(), "b".into()]);

        assert_eq!(found.messages.iter().map(|one| one.at_us).collect::<Vec<_>>(), [1, 3]);
        assert_eq!(found.messages[0].text, text("a"));
    }

    #[test]
    fn it_is_known_which_dialogs_were_seen() {
        let flight = Flight::new(1 << 20);
        ["a", "b", "a"].into_iter().zip(1..).for_each(|(id, at)| note(&flight, at, id));

        let known = flight.known(&BTreeSet::from(["b", "c"]));

        assert_eq!(known, BTreeSet::from(["b".to_owned()]));
    }

    #[test]
    fn the_oldest_go_when_the_room_is_full() {
        let flight = Flight::new(20_000);
        (0..1_000).for_each(|at| note(&flight, at, "a"));

        let found = flight.of(&["a".into()]);

        let kept = found.messages.len() * (size_of::<Frame>() + text("a").len());
        assert!((15_000..20_500).contains(&kept), "{kept}");
        assert_eq!(found.messages.last().map(|one| one.at_us), Some(999));
        assert_eq!(found.since_us, found.messages.first().map(|one| one.at_us));
    }

    #[test]
    fn a_full_room_is_used_again() {
        let flight = Flight::new(20_000);
        (0..1_000).for_each(|at| note(&flight, at, "a"));
        let rooms = || {
            let kept = flight.lock();
            let mut rooms: Vec<_> = kept.full.iter().map(|reel| reel.text.as_ptr()).collect();
            rooms.push(kept.open.text.as_ptr());
            rooms.sort_unstable();
            rooms
        };
        let before = rooms();

        (0..1_000).for_each(|at| note(&flight, at, "a"));

        assert_eq!(rooms(), before);
    }

    #[test]
    fn who_reads_along_sees_every_message_once() {
        let flight = Flight::new(1 << 20);
        let (mut seen, mut at) = (Vec::new(), 0);

        for round in 0..10 {
            (0..round * 37).for_each(|more| note(&flight, i64::from(round * 1_000 + more), "a"));
            let until = flight.noted();
            while let Some(batch) = flight.next(at..until) {
                assert_eq!(batch.missed, 0);
                seen.extend(batch.shown().map(|one| one.sighting.at_us));
                at += batch.count();
            }
        }

        let all: Vec<i64> =
            (0..10).flat_map(|round| (0..round * 37).map(move |more| round * 1_000 + more)).collect();
        assert_eq!(seen, all);
    }

    #[test]
    fn who_reads_too_late_is_told_how_much_is_gone() {
        let flight = Flight::new(20_000);
        (0..1_000).for_each(|at| note(&flight, at, "a"));

        let (mut seen, mut missed, mut at) = (Vec::new(), 0, 0);
        while let Some(batch) = flight.next(at..900) {
            missed += batch.missed;
            at += batch.count();
            seen.extend(batch.shown().map(|one| one.sighting.at_us));
        }

        assert_eq!(at, 900);
        assert!(missed > 500 && seen.len() as u64 + missed == 900, "{missed}");
        assert_eq!((seen.first(), seen.last()), (Some(&(missed as i64)), Some(&899)));
    }

    #[test]
    fn without_room_nothing_is_kept() {
        let flight = Flight::new(0);
        note(&flight, 1, "a");
        assert_eq!(flight.of(&["a".into()]), Found::default());
    }
}
