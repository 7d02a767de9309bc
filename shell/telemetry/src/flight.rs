//! The flight recorder: the messages of the last calls, always on, in bounded room.
//!
//! A shard hands in a copy of each message and goes on; a thread of its own masks secrets and files it. When
//! the room is full the oldest message goes.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::mask::masked;

/// Messages that may wait to be filed; what comes beyond is counted as missed.
const WAITING_MAX: usize = 16_384;
/// Nobody is woken for a message: they are gathered this often.
const GATHERED_EVERY: Duration = Duration::from_millis(100);
/// What an entry takes beside its text.
const ENTRY_BYTES: usize = 160;

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

/// A message that was seen, before it is filed.
#[derive(Clone, Debug)]
pub struct Seen {
    pub at_us: i64,
    pub way: Way,
    pub transport: &'static str,
    pub local: SocketAddr,
    pub remote: SocketAddr,
    pub bytes: Box<[u8]>,
}

/// What was found for a question.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    pub messages: Vec<Sighting>,
    /// The oldest message that is still kept, in microseconds since 1970.
    pub since_us: Option<i64>,
    /// Messages that came too fast to be kept.
    pub missed: u64,
}

/// The recorder. Its thread ends when the last handle is dropped.
#[derive(Clone)]
pub struct Flight {
    queue: SyncSender<Seen>,
    kept: Arc<Mutex<Kept>>,
}

struct Kept {
    waiting: Receiver<Seen>,
    entries: VecDeque<Entry>,
    bytes: usize,
    bytes_max: usize,
    missed: u64,
}

struct Entry {
    call_id: Box<str>,
    sighting: Sighting,
}

impl Flight {
    /// Starts a recorder that keeps so many bytes.
    pub fn start(bytes_max: usize) -> io::Result<Flight> {
        let (queue, waiting) = sync_channel(WAITING_MAX);
        let kept = Kept { waiting, entries: VecDeque::new(), bytes: 0, bytes_max, missed: 0 };
        let kept = Arc::new(Mutex::new(kept));
        let gathered = Arc::downgrade(&kept);
        thread::Builder::new().name("flight".to_owned()).spawn(move || {
            while let Some(kept) = gathered.upgrade() {
                lock(&kept).gather();
                drop(kept);
                thread::sleep(GATHERED_EVERY);
            }
        })?;
        Ok(Flight { queue, kept })
    }

    /// Takes note of a message. Never waits.
    pub fn note(&self, seen: Seen) {
        if self.queue.try_send(seen).is_err()
            && let Ok(mut kept) = self.kept.try_lock()
        {
            kept.missed += 1;
        }
    }

    /// The messages of the dialogs with these Call-IDs, in order of time.
    pub fn of(&self, call_ids: &[String]) -> Found {
        let mut kept = lock(&self.kept);
        kept.gather();
        let meant = kept.entries.iter().filter(|entry| call_ids.iter().any(|id| **id == *entry.call_id));
        let mut messages: Vec<Sighting> = meant.map(|entry| entry.sighting.clone()).collect();
        messages.sort_by_key(|sighting| sighting.at_us);
        let since_us = kept.entries.front().map(|entry| entry.sighting.at_us);
        Found { messages, since_us, missed: kept.missed }
    }
}

impl Kept {
    fn gather(&mut self) {
        while let Ok(seen) = self.waiting.try_recv() {
            let Some((call_id, text)) = masked(&seen.bytes) else { continue };
            let Seen { at_us, way, transport, local, remote, .. } = seen;
            self.bytes += text.len() + ENTRY_BYTES;
            let transport = transport.to_owned();
            let sighting = Sighting { at_us, way, transport, local, remote, text };
            self.entries.push_back(Entry { call_id, sighting });
        }
        while self.bytes > self.bytes_max
            && let Some(oldest) = self.entries.pop_front()
        {
            self.bytes -= oldest.sighting.text.len() + ENTRY_BYTES;
        }
    }
}

fn lock(kept: &Mutex<Kept>) -> MutexGuard<'_, Kept> {
    kept.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(at_us: i64, call_id: &str) -> Seen {
        let text = format!("OPTIONS sip:a@b SIP/2.0\r\nCall-ID: {call_id}\r\n\r\n");
        let (local, remote) = (SocketAddr::from(([127, 0, 0, 1], 1)), SocketAddr::from(([127, 0, 0, 1], 2)));
        Seen { at_us, way: Way::Sent, transport: "udp", local, remote, bytes: text.into_bytes().into() }
    }

    #[test]
    fn messages_are_found_by_their_dialogs_in_order_of_time() {
        let flight = Flight::start(1 << 20).expect("a thread");
        for (at, id) in [(3, "b"), (1, "a"), (2, "c")] {
            flight.note(seen(at, id));
        }

        let found = flight.of(&["a".into(), "b".into()]);

        assert_eq!(found.messages.iter().map(|one| one.at_us).collect::<Vec<_>>(), [1, 3]);
    }

    #[test]
    fn the_oldest_go_when_the_room_is_full() {
        let flight = Flight::start(1_000).expect("a thread");
        (0..100).for_each(|at| flight.note(seen(at, "a")));

        let found = flight.of(&["a".into()]);

        assert!(!found.messages.is_empty() && found.messages.len() < 10, "{}", found.messages.len());
        assert_eq!(found.messages.last().map(|one| one.at_us), Some(99));
        assert_eq!(found.since_us, found.messages.first().map(|one| one.at_us));
    }
}
