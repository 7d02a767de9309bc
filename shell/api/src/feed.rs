//! What happens, for those who listen: one ring for all of them, and a place in it for each.
//!
//! Nobody waits for a reader. Who reads more slowly than things happen falls out of the ring at its old end,
//! is told how many he missed, and goes on with what is there. What is sent is written once, and shared.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

/// What is kept for those who were away for a moment.
const EVENTS_MAX: usize = 16 * 1024;
const BYTES_MAX: usize = 16 * 1024 * 1024;
/// What one reader is sent at once.
const BATCH_BYTES: usize = 64 * 1024;

/// The ring.
pub struct Feed {
    /// Tells the numbers of this process from those of another.
    epoch: u64,
    ring: Mutex<Ring>,
    newest: watch::Sender<u64>,
}

#[derive(Default)]
struct Ring {
    /// As they are sent.
    frames: VecDeque<Arc<str>>,
    bytes: usize,
    /// The number of the oldest; they are counted from 1.
    first: u64,
}

/// Where a reader is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The number of what he reads next.
    next: u64,
    /// He comes from elsewhere: nobody knows what he missed.
    is_lost: bool,
}

/// One thing that happened.
#[derive(Clone, Copy, Debug)]
pub struct Happened<'h> {
    pub kind: &'h str,
    /// One line of JSON, without secrets.
    pub json: &'h str,
}

impl Feed {
    pub fn new(epoch: u64) -> Feed {
        let ring = Ring { first: 1, ..Ring::default() };
        Feed { epoch, ring: Mutex::new(ring), newest: watch::Sender::new(0) }
    }

    /// Takes what happened; nobody who listens can make it wait.
    pub fn tell<'h>(&self, all: impl IntoIterator<Item = Happened<'h>>) {
        let mut ring = self.lock();
        for Happened { kind, json } in all {
            let number = ring.next();
            let frame = format!("id: {}-{number}\nevent: {kind}\ndata: {json}\n\n", self.epoch);
            ring.push(frame.into());
        }
        let newest = ring.next() - 1;
        drop(ring);
        self.newest.send_replace(newest);
    }

    /// Hears the number of the newest whenever it changes.
    pub fn hear(&self) -> watch::Receiver<u64> {
        self.newest.subscribe()
    }

    /// Where a reader begins: after the event that he saw last, or with what happens from now on.
    pub fn begin(&self, last_seen: Option<&str>) -> Place {
        let next = self.lock().next();
        let Some(last_seen) = last_seen else { return Place { next, is_lost: false } };
        let (epoch, number) = last_seen.trim().split_once('-').unwrap_or_default();
        match (epoch.parse() == Ok(self.epoch), number.parse::<u64>()) {
            (true, Ok(seen)) if seen < next => Place { next: seen + 1, is_lost: false },
            _ => Place { next, is_lost: true },
        }
    }

    /// What comes next for a reader, as it is sent; nothing, where he has seen all of it.
    pub fn read(&self, place: &mut Place) -> Option<String> {
        let mut text = String::new();
        let ring = self.lock();
        if place.is_lost {
            place.is_lost = false;
            text.push_str("event: missed\ndata: {\"missed\":null}\n\n");
        }
        if place.next < ring.first {
            let (missed, before) = (ring.first - place.next, ring.first - 1);
            text.push_str(&format!(
                "id: {}-{before}\nevent: missed\ndata: {{\"missed\":{missed}}}\n\n",
                self.epoch
            ));
            place.next = ring.first;
        }
        let skip = usize::try_from(place.next - ring.first).unwrap_or(usize::MAX);
        for frame in ring.frames.iter().skip(skip) {
            if text.len() + frame.len() > BATCH_BYTES && !text.is_empty() {
                break;
            }
            text.push_str(frame);
            place.next += 1;
        }
        (!text.is_empty()).then_some(text)
    }

    fn lock(&self) -> MutexGuard<'_, Ring> {
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ring {
    fn next(&self) -> u64 {
        self.first + self.frames.len() as u64
    }

    fn push(&mut self, frame: Arc<str>) {
        self.bytes += frame.len();
        self.frames.push_back(frame);
        while self.frames.len() > EVENTS_MAX || self.bytes > BYTES_MAX {
            let Some(oldest) = self.frames.pop_front() else { return };
            self.bytes -= oldest.len();
            self.first += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn tell(feed: &Feed, count: usize) {
        feed.tell((0..count).map(|_| Happened { kind: "call_ended", json: "{}" }));
    }

    #[test]
    fn a_reader_hears_what_happens_after_he_came_once_and_in_order() {
        let feed = Feed::new(7);
        tell(&feed, 3);
        let mut place = feed.begin(None);
        assert_eq!(feed.read(&mut place), None);

        tell(&feed, 2);

        let heard = feed.read(&mut place).unwrap();
        assert_eq!(heard, "id: 7-4\nevent: call_ended\ndata: {}\n\nid: 7-5\nevent: call_ended\ndata: {}\n\n");
        assert_eq!(feed.read(&mut place), None);
    }

    #[test]
    fn who_comes_back_goes_on_after_what_he_saw() {
        let feed = Feed::new(7);
        tell(&feed, 5);

        let mut place = feed.begin(Some("7-3"));
        assert!(feed.read(&mut place).unwrap().starts_with("id: 7-4\n"));
        let mut place = feed.begin(Some("7-5"));
        assert_eq!(feed.read(&mut place), None);
        for elsewhere in ["6-3", "7-6", "", "x", "7-"] {
            let mut place = feed.begin(Some(elsewhere));
            assert_eq!(feed.read(&mut place).unwrap(), "event: missed\ndata: {\"missed\":null}\n\n");
            assert_eq!(feed.read(&mut place), None);
        }
    }

    #[test]
    fn a_slow_reader_is_told_how_many_he_missed_and_goes_on() {
        let feed = Feed::new(7);
        let mut place = feed.begin(None);
        tell(&feed, EVENTS_MAX + 10);

        let first = feed.read(&mut place).unwrap();
        assert!(first.starts_with("id: 7-10\nevent: missed\ndata: {\"missed\":10}\n\nid: 7-11\n"), "{first}");
        let mut heard = first.matches("event: call_ended").count();
        while let Some(more) = feed.read(&mut place) {
            assert!(more.len() <= BATCH_BYTES);
            heard += more.matches("event: call_ended").count();
        }
        assert_eq!(heard, EVENTS_MAX);
    }

    #[test]
    fn what_is_kept_is_bounded_in_bytes_too() {
        let feed = Feed::new(7);
        let long = "x".repeat(100_000);
        feed.tell((0..1_000).map(|_| Happened { kind: "call_ended", json: &long }));

        let ring = feed.lock();
        assert!(ring.bytes <= BYTES_MAX && ring.frames.len() > 100, "{} {}", ring.bytes, ring.frames.len());
    }
}
