//! What happens, for those who listen: one ring for all of them, and a place in it for each.
//!
//! Nobody waits for a reader. Who reads more slowly than things happen falls out of the ring at its old end,
//! is told how many he missed, and goes on with what is there. What is sent is written once, and shared: who
//! is at the same place holds the same bytes, also while nobody there reads them.
//!
//! Readers come last, and one of them may be stopped at any point. So whoever tells what happened puts it
//! before their door and goes; the ring, and waking them all, is theirs.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::body::Bytes;
use tokio::sync::{Notify, watch};

/// What is kept for those who were away for a moment.
const EVENTS_MAX: usize = 16 * 1024;
const BYTES_MAX: usize = 16 * 1024 * 1024;
/// What one reader is sent at once.
const BATCH_BYTES: usize = 64 * 1024;

/// The ring.
pub struct Feed {
    /// Tells the numbers of this process from those of another.
    epoch: u64,
    /// What no reader has taken in yet.
    told: Mutex<Frames>,
    has_told: Notify,
    ring: Mutex<Ring>,
    wakes: watch::Sender<()>,
}

#[derive(Default)]
struct Ring {
    frames: Frames,
    /// What the last reader was sent.
    last: Option<Batch>,
}

/// Events as they are sent, the newest so many of them.
struct Frames {
    all: VecDeque<Box<str>>,
    bytes: usize,
    /// The number of the oldest; they are counted from 1.
    first: u64,
}

/// Events that are sent at once: from this number up to that one, which is not in it.
#[derive(Clone)]
struct Batch {
    from: u64,
    to: u64,
    text: Bytes,
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
    /// A ring whose numbers belong to this epoch.
    pub fn new(epoch: u64) -> Feed {
        let (told, has_told, ring) = (Mutex::default(), Notify::new(), Mutex::default());
        Feed { epoch, told, has_told, ring, wakes: watch::channel(()).0 }
    }

    /// Takes what happened; nobody who listens can make it wait.
    pub fn tell<'h>(&self, all: impl IntoIterator<Item = Happened<'h>>) {
        let mut told = self.told();
        for Happened { kind, json } in all {
            let number = told.next();
            told.push(format!("id: {}-{number}\nevent: {kind}\ndata: {json}\n\n", self.epoch).into());
        }
        drop(told);
        self.has_told.notify_one();
    }

    /// Wakes those who wait whenever something has happened, for ever. One does it for all.
    pub async fn wake(&self) -> Infallible {
        loop {
            self.has_told.notified().await;
            self.wakes.send_replace(());
        }
    }

    /// Changes whenever something has happened.
    pub fn hear(&self) -> watch::Receiver<()> {
        self.wakes.subscribe()
    }

    /// Where a reader begins: after the event that he saw last, or with what happens from now on.
    pub fn begin(&self, last_seen: Option<&str>) -> Place {
        let next = self.ring().frames.next();
        let Some(last_seen) = last_seen else { return Place { next, is_lost: false } };
        let (epoch, number) = last_seen.trim().split_once('-').unwrap_or_default();
        match (epoch.parse() == Ok(self.epoch), number.parse::<u64>()) {
            (true, Ok(seen)) if seen < next => Place { next: seen + 1, is_lost: false },
            _ => Place { next, is_lost: true },
        }
    }

    /// What comes next for a reader, as it is sent; nothing, where he has seen all of it.
    pub fn read(&self, place: &mut Place) -> Option<Bytes> {
        if std::mem::take(&mut place.is_lost) {
            return Some(Bytes::from_static(b"event: missed\ndata: {\"missed\":null}\n\n"));
        }
        let mut ring = self.ring();
        let first = ring.frames.first;
        if place.next < first {
            let (missed, before) = (first - place.next, first - 1);
            place.next = first;
            let epoch = self.epoch;
            let text = format!("id: {epoch}-{before}\nevent: missed\ndata: {{\"missed\":{missed}}}\n\n");
            return Some(text.into());
        }
        let Batch { to, text, .. } = ring.batch(place.next)?;
        place.next = to;
        Some(text)
    }

    fn told(&self) -> MutexGuard<'_, Frames> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The ring with all that has happened. What was told is held for no longer than it takes to swap it.
    fn ring(&self) -> MutexGuard<'_, Ring> {
        let mut ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
        let come = {
            let mut told = self.told();
            let begins_next = Frames { first: told.next(), ..Frames::default() };
            std::mem::replace(&mut *told, begins_next)
        };
        ring.frames.append(come);
        ring
    }
}

impl Default for Frames {
    fn default() -> Frames {
        Frames { all: VecDeque::new(), bytes: 0, first: 1 }
    }
}

impl Frames {
    fn next(&self) -> u64 {
        self.first + self.all.len() as u64
    }

    fn push(&mut self, frame: Box<str>) {
        self.bytes += frame.len();
        self.all.push_back(frame);
        while self.all.len() > EVENTS_MAX || self.bytes > BYTES_MAX {
            let Some(oldest) = self.all.pop_front() else { return };
            self.bytes -= oldest.len();
            self.first += 1;
        }
    }

    /// Adds what came later. Where some of that has gone already, nothing from before it is of use.
    fn append(&mut self, later: Frames) {
        if later.first != self.next() {
            *self = Frames { first: later.first, ..Frames::default() };
        }
        later.all.into_iter().for_each(|frame| self.push(frame));
    }
}

impl Ring {
    /// What is sent to who is at this place, which is in the ring or at its end.
    fn batch(&mut self, from: u64) -> Option<Batch> {
        if let Some(last) = self.last.as_ref().filter(|last| last.from == from) {
            return Some(last.clone());
        }
        let (mut text, mut to) = (String::new(), from);
        let skip = usize::try_from(from - self.frames.first).unwrap_or(usize::MAX);
        for frame in self.frames.all.iter().skip(skip) {
            if text.len() + frame.len() > BATCH_BYTES && !text.is_empty() {
                break;
            }
            text.push_str(frame);
            to += 1;
        }
        if text.is_empty() {
            return None;
        }
        self.last = Some(Batch { from, to, text: text.into() });
        self.last.clone()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::sync::Arc;
    use std::time::{Duration, Instant};

    use super::*;

    fn said(feed: &Feed, place: &mut Place) -> String {
        String::from_utf8(feed.read(place).unwrap().into()).unwrap()
    }

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

        let heard = said(&feed, &mut place);
        assert_eq!(heard, "id: 7-4\nevent: call_ended\ndata: {}\n\nid: 7-5\nevent: call_ended\ndata: {}\n\n");
        assert_eq!(feed.read(&mut place), None);
    }

    #[test]
    fn who_comes_back_goes_on_after_what_he_saw() {
        let feed = Feed::new(7);
        tell(&feed, 5);

        let mut place = feed.begin(Some("7-3"));
        assert!(said(&feed, &mut place).starts_with("id: 7-4\n"));
        let mut place = feed.begin(Some("7-5"));
        assert_eq!(feed.read(&mut place), None);
        for elsewhere in ["6-3", "7-6", "", "x", "7-"] {
            let mut place = feed.begin(Some(elsewhere));
            assert_eq!(said(&feed, &mut place), "event: missed\ndata: {\"missed\":null}\n\n");
            assert_eq!(feed.read(&mut place), None);
        }
    }

    #[test]
    fn a_slow_reader_is_told_how_many_he_missed_and_goes_on() {
        let feed = Feed::new(7);
        let mut place = feed.begin(None);
        tell(&feed, EVENTS_MAX + 10);

        assert_eq!(said(&feed, &mut place), "id: 7-10\nevent: missed\ndata: {\"missed\":10}\n\n");
        let mut heard = String::new();
        while let Some(more) = feed.read(&mut place) {
            assert!(more.len() <= BATCH_BYTES);
            heard.push_str(str::from_utf8(&more).unwrap());
        }
        assert!(heard.starts_with("id: 7-11\n"), "{}", &heard[..80]);
        assert_eq!(heard.matches("event: call_ended").count(), EVENTS_MAX);
    }

    #[test]
    fn what_is_kept_is_bounded_in_bytes_too() {
        let feed = Feed::new(7);
        let long = "x".repeat(100_000);
        feed.tell((0..1_000).map(|_| Happened { kind: "call_ended", json: &long }));

        let is_bounded = |frames: &Frames| {
            assert!(frames.bytes <= BYTES_MAX && frames.all.len() > 100, "{}", frames.bytes);
        };
        is_bounded(&feed.told());
        is_bounded(&feed.ring().frames);
        feed.tell((0..100).map(|_| Happened { kind: "call_ended", json: &long }));
        is_bounded(&feed.ring().frames);
        assert_eq!(feed.told().bytes, 0, "what was taken in is kept twice");
    }

    #[test]
    fn readers_at_one_place_hold_the_same_bytes() {
        let feed = Feed::new(7);
        let mut places = [feed.begin(None); 3];
        tell(&feed, 5);

        let held: Vec<Bytes> = places.iter_mut().map(|place| feed.read(place).unwrap()).collect();
        tell(&feed, 1);

        assert!(held.iter().all(|one| one.as_ptr() == held[0].as_ptr()), "each was written anew");
        assert!(places.iter_mut().all(|place| said(&feed, place).starts_with("id: 7-6\n")));
    }

    #[test]
    fn who_comes_to_where_others_were_hears_what_has_happened_since() {
        let feed = Feed::new(7);
        let (mut early, mut late) = (feed.begin(None), feed.begin(None));
        tell(&feed, 2);
        feed.read(&mut early).unwrap();
        tell(&feed, 2);

        let mut heard = said(&feed, &mut late);
        heard.push_str(&said(&feed, &mut late));

        assert_eq!(heard.matches("id: 7-").count(), 4, "{heard}");
        assert_eq!((feed.read(&mut late), early), (None, Place { next: 3, is_lost: false }));
    }

    #[test]
    fn whoever_tells_does_not_wait_for_a_reader_who_was_stopped_while_he_read() {
        let feed = Arc::new(Feed::new(7));
        let mut place = feed.begin(None);
        let stopped = feed.ring.lock().unwrap();

        let teller = std::thread::spawn({
            let feed = Arc::clone(&feed);
            move || tell(&feed, 3)
        });
        let until = Instant::now() + Duration::from_secs(20);
        while !teller.is_finished() && Instant::now() < until {
            std::thread::yield_now();
        }

        assert!(teller.is_finished(), "it waits");
        drop(stopped);
        assert_eq!(said(&feed, &mut place).matches("id: 7-").count(), 3);
    }

    #[test]
    fn what_nobody_took_in_is_missed_by_all_and_counted() {
        let feed = Feed::new(7);
        let mut place = feed.begin(None);
        tell(&feed, 2);
        drop(feed.ring());

        tell(&feed, EVENTS_MAX + 3);

        assert_eq!(said(&feed, &mut place), "id: 7-5\nevent: missed\ndata: {\"missed\":5}\n\n");
        assert!(said(&feed, &mut place).starts_with("id: 7-6\n"));
    }

    #[test]
    fn what_was_sent_last_is_not_sent_from_before_the_ring() {
        let feed = Feed::new(7);
        let (mut quick, mut slow) = (feed.begin(None), feed.begin(None));
        tell(&feed, 1);
        feed.read(&mut quick).unwrap();

        tell(&feed, EVENTS_MAX + 5);

        assert_eq!(said(&feed, &mut slow), "id: 7-6\nevent: missed\ndata: {\"missed\":6}\n\n");
    }
}
