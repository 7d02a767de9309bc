//! Takes events from any thread, and writes them on its own.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::{self, Receiver, SyncSender};
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

/// Where events go.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// A file of JSON lines to append to.
    pub events: Option<PathBuf>,
}

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
    /// `watch` sees every line of events, many at once, on the writer's thread; `heed` every event before it.
    pub fn start(settings: &Settings, watch: Option<Watch>, heed: Heed) -> io::Result<Telemetry> {
        let open = |path: &PathBuf| open(path);
        let file = settings.events.as_ref().map(open).transpose()?;
        let (queue, events) = mpsc::sync_channel(QUEUE);
        let thread = thread::Builder::new()
            .name("telemetry".to_owned())
            .spawn(move || write(&events, file, watch, heed))?;
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
            Event::SoundReported { .. } => return,
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

/// Half a line that a crash has left ends there: otherwise the next event would be lost with it.
fn open(path: &Path) -> io::Result<File> {
    let mut file = OpenOptions::new().create(true).read(true).append(true).mode(0o600).open(path)?;
    if let Some(last) = file.metadata()?.len().checked_sub(1) {
        let mut end = [0];
        file.read_exact_at(&mut end, last)?;
        if end != [b'\n'] {
            file.write_all(b"\n")?;
        }
    }
    Ok(file)
}

fn write(events: &Receiver<Event>, mut file: Option<File>, mut watch: Option<Watch>, mut heed: Heed) {
    let mut lines = Vec::new();
    let mut is_refused = false;
    while let Ok(first) = events.recv() {
        thread::sleep(GATHER);
        lines.clear();
        for event in std::iter::once(first).chain(events.try_iter().take(QUEUE)) {
            words::log(&event);
            heed(&event);
            if file.is_some() || watch.is_some() {
                let line =
                    serde_json::to_string(&event).expect("an event has string keys and goes to memory");
                lines.extend_from_slice(without_passwords(&line, '*').as_bytes());
                lines.push(b'\n');
            }
        }
        if let (Some(watch), Ok(text)) = (&mut watch, str::from_utf8(&lines)) {
            watch(text);
        }
        let Some(open) = &mut file else { continue };
        if is_refused {
            // Half a line may stand there.
            lines.insert(0, b'\n');
        }
        let written = open.write_all(&lines);
        if let (Err(fault), false) = (&written, is_refused) {
            error!("events are not written for now: {fault}");
        }
        is_refused = written.is_err();
    }
}
