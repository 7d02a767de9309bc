//! Takes events from any thread, and writes them on its own.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use model::without_passwords;
use switch::Event;
use tracing::error;

use crate::words;

/// Events that wait for the writer.
const QUEUE: usize = 16 * 1024;
/// Events that come within this time are written together: a shard seldom has to wake the writer.
const GATHER: Duration = Duration::from_millis(50);

/// Where nothing happens, what is kept is looked at so often.
const LOOK_EVERY: Duration = Duration::from_secs(3600);

/// Keeps whole lines of events, all or none of them; with none of them, looks at what it keeps.
pub type Keep = Box<dyn FnMut(&[u8]) -> io::Result<()> + Send>;

/// Sees lines of events, each with its end.
pub type Watch = Box<dyn FnMut(&str) + Send>;

/// Sees events, on the writer's thread.
pub type Heed = Box<dyn FnMut(&Event) + Send>;

/// What was seen so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Callers nobody knew.
    pub turned_away: u64,
    pub started: u64,
    pub emergencies: u64,
    pub answered: u64,
    pub moved_on: u64,
    pub ended: u64,
    pub peers_down: u64,
    pub registrations_failed: u64,
    /// Events that nobody will read, because the writer was too slow.
    pub dropped: u64,
}

#[derive(Default)]
struct Tally {
    turned_away: AtomicU64,
    started: AtomicU64,
    emergencies: AtomicU64,
    answered: AtomicU64,
    moved_on: AtomicU64,
    ended: AtomicU64,
    peers_down: AtomicU64,
    registrations_failed: AtomicU64,
    dropped: AtomicU64,
}

/// The writer of events; shared by all shards.
pub struct Telemetry {
    queue: Option<SyncSender<Event>>,
    tally: Arc<Tally>,
    thread: Option<JoinHandle<()>>,
}

impl Telemetry {
    /// `watch` sees every line of events, many at once, on the writer's thread, before `keep` does; `heed`
    /// every event before it.
    pub fn start(keep: Keep, watch: Option<Watch>, heed: Heed) -> io::Result<Telemetry> {
        let (queue, events) = mpsc::sync_channel(QUEUE);
        let thread = thread::Builder::new()
            .name("telemetry".to_owned())
            .spawn(move || write(&events, keep, watch, heed))?;
        Ok(Telemetry { queue: Some(queue), tally: Arc::default(), thread: Some(thread) })
    }

    /// Takes an event; never waits.
    pub fn tell(&self, event: Event) {
        self.tally.note(&event);
        let taken = self.queue.as_ref().is_some_and(|queue| queue.try_send(event).is_ok());
        if !taken {
            self.tally.dropped.fetch_add(1, Relaxed);
        }
    }

    pub fn counts(&self) -> Counts {
        self.tally.read()
    }
}

impl Drop for Telemetry {
    /// Writes what waits.
    fn drop(&mut self) {
        self.queue = None;
        if let Some(thread) = self.thread.take() {
            // A panic there was printed already.
            let _ = thread.join();
        }
    }
}

impl Tally {
    fn note(&self, event: &Event) {
        let counter = match event {
            Event::CallStarted { emergency, .. } => {
                self.emergencies.fetch_add(u64::from(*emergency), Relaxed);
                &self.started
            }
            Event::CallAnswered { .. } => &self.answered,
            Event::MovedOn { .. } => &self.moved_on,
            Event::CallEnded { .. } => &self.ended,
            Event::PeerDown { .. } => &self.peers_down,
            Event::TurnedAway { .. } => &self.turned_away,
            Event::TrunkRegistrationFailed { .. } => &self.registrations_failed,
            Event::PeerUp { .. } | Event::PeerRests { .. } | Event::MediaUnprotected { .. } => return,
            Event::CallSilent { .. } | Event::PartyMissed { .. } | Event::PartyHeard { .. } => return,
            Event::TrunkRegistered { .. } | Event::TrunkUnregistered { .. } => return,
            Event::RecorderTook { .. } | Event::RecorderFailed { .. } => return,
            Event::CallUnrecorded { .. } => return,
            Event::SoundReported { .. } | Event::FaxHeard { .. } | Event::FaxSpoilt { .. } => return,
        };
        counter.fetch_add(1, Relaxed);
    }

    fn read(&self) -> Counts {
        Counts {
            turned_away: self.turned_away.load(Relaxed),
            started: self.started.load(Relaxed),
            emergencies: self.emergencies.load(Relaxed),
            answered: self.answered.load(Relaxed),
            moved_on: self.moved_on.load(Relaxed),
            ended: self.ended.load(Relaxed),
            registrations_failed: self.registrations_failed.load(Relaxed),
            peers_down: self.peers_down.load(Relaxed),
            dropped: self.dropped.load(Relaxed),
        }
    }
}

fn write(events: &Receiver<Event>, mut keep: Keep, mut watch: Option<Watch>, mut heed: Heed) {
    let mut lines = Vec::new();
    let mut is_refused = false;
    loop {
        lines.clear();
        match events.recv_timeout(LOOK_EVERY) {
            Ok(first) => {
                thread::sleep(GATHER);
                for event in std::iter::once(first).chain(events.try_iter().take(QUEUE)) {
                    words::log(&event);
                    heed(&event);
                    let line =
                        serde_json::to_string(&event).expect("an event has string keys and goes to memory");
                    lines.extend_from_slice(without_passwords(&line, '*').as_bytes());
                    lines.push(b'\n');
                }
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
        if let (Some(watch), Ok(text), false) = (&mut watch, str::from_utf8(&lines), lines.is_empty()) {
            watch(text);
        }
        let kept = keep(&lines);
        if let (Err(fault), false) = (&kept, is_refused) {
            error!("events are not kept as they should be for now: {fault}");
        }
        is_refused = kept.is_err();
    }
}
