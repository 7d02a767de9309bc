//! The flight recorder: its ear at the sockets, and what it still knows of a call. The last messages are in
//! memory; those before them, and those of processes before this one, are on the disk.

mod keeper;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Instant, SystemTime, UNIX_EPOCH};
use std::{fs, io, mem};

use model::Records;
use serde::Serialize;
use sip_stack::Listener;
use store::{ReelLimits, ReelQuestion, ReelWriter, Reels};
use switch_io::{Tap, Tapped};
use telemetry::{Flight, Found, Seen, Sighting, Way};

use self::keeper::Keeper;
use crate::control::Board;

/// Where messages are, below the data folder, and those of the house's own.
const FOLDER: &str = "flight";
const OWN: &str = "own";
const OBSERVED: &str = "observed";
/// A question is answered with so many messages from the disk, and so much of them: the newest.
const MESSAGES_MAX: usize = 10_000;
const ANSWER_MAX: usize = 32_000_000;

/// What the house saw itself.
#[derive(Clone)]
pub struct FlightRecorder {
    flight: Flight,
    reels: Reels,
    limits: Arc<ReelLimits>,
    tally: Arc<Tally>,
}

/// Whoever writes it to the disk.
pub struct Keeping {
    go_on: Sender<()>,
    thread: JoinHandle<()>,
}

#[derive(Default)]
struct Tally {
    written: AtomicU64,
    missed: AtomicU64,
    /// Why messages are not written.
    trouble: Mutex<Option<String>>,
}

/// How the recorder stands with the disk.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Standing {
    /// The oldest message that is still kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since_ms: Option<i64>,
    pub files: usize,
    pub bytes: u64,
    /// Messages since the start.
    pub written: u64,
    pub missed: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trouble: Option<String>,
}

impl FlightRecorder {
    /// Writes down what a recorder notes, from the first message on.
    pub fn start(
        flight: Flight,
        data: &Path,
        rules: Records,
        board: &Arc<Board>,
    ) -> io::Result<(FlightRecorder, Keeping)> {
        let (days, bytes) = room(&flight, rules);
        let limits = Arc::new(ReelLimits::new(days, bytes));
        let mut writer = ReelWriter::new(&data.join(FOLDER).join(OWN), Arc::clone(&limits));
        // Whoever asks first finds what was before. Where that fails it is tried again, and told of.
        let _ = writer.begin(SystemTime::now());
        let (reels, tally) = (writer.reels(), Arc::<Tally>::default());
        let keeper = Keeper::new(flight.clone(), writer, Arc::clone(&tally), Arc::clone(board));
        let (go_on, ended) = mpsc::channel();
        let thread = thread::Builder::new().name("recorder".to_owned()).spawn(move || keeper.run(&ended))?;
        Ok((FlightRecorder { flight, reels, limits, tally }, Keeping { go_on, thread }))
    }

    /// So much is kept from now on.
    pub fn keep(&self, rules: Records) {
        let (days, bytes) = room(&self.flight, rules);
        self.limits.keep(days, bytes);
    }

    /// The messages of the dialogs with these Call-IDs, in order of time.
    pub fn of(&self, call_ids: &[String]) -> Found {
        let (before, mut found) = self.flight.of_since(call_ids);
        let Some(first) = self.reels.first() else { return found };
        let names: Vec<&str> = call_ids.iter().map(String::as_str).collect();
        // What memory has is not read once more.
        let before = first + before;
        let question = ReelQuestion { names: &names, before, most: MESSAGES_MAX, bytes_max: ANSWER_MAX };
        let kept = self.reels.find(question);
        let in_memory = mem::take(&mut found.messages);
        let on_disk = kept.iter().filter_map(|one| Sighting::read(one.at_us, &one.payload));
        found.messages = on_disk.chain(in_memory).collect();
        found.messages.sort_by_key(|message| message.at_us);
        found.since_us = self.reels.since_us().into_iter().chain(found.since_us).min();
        found
    }

    /// Which of these dialogs it has messages of.
    pub fn known(&self, call_ids: &BTreeSet<&str>) -> BTreeSet<String> {
        let mut known = self.flight.known(call_ids);
        known.extend(self.reels.known(call_ids).into_iter().map(str::to_owned));
        known
    }

    pub fn standing(&self) -> Standing {
        let sizes = self.reels.sizes();
        Standing {
            since_ms: self.reels.since_us().map(|at_us| at_us / 1_000),
            files: sizes.files,
            bytes: sizes.bytes,
            written: self.tally.written.load(Relaxed),
            missed: self.tally.missed.load(Relaxed),
            trouble: self.tally.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone(),
        }
    }
}

impl Keeping {
    /// Writes what was noted until now.
    pub fn stop(self) {
        drop(self.go_on);
        // A panic there was printed already.
        let _ = self.thread.join();
    }
}

/// Where messages are that others have seen, a folder for each of them.
pub fn observed(data: &Path) -> PathBuf {
    data.join(FOLDER).join(OBSERVED)
}

/// Every folder with messages.
pub fn folders(data: &Path) -> Vec<PathBuf> {
    let others = fs::read_dir(observed(data)).into_iter().flatten().flatten().map(|entry| entry.path());
    std::iter::once(data.join(FOLDER).join(OWN)).chain(others.filter(|path| path.is_dir())).collect()
}

/// For how many days messages are on the disk, and how many bytes of them: none, where nothing is noted.
fn room(flight: &Flight, rules: Records) -> (u32, u64) {
    let bytes = if flight.has_room() { rules.messages_bytes() } else { 0 };
    (rules.messages_days().into(), bytes)
}

/// Hands every message to the recorder, with the wall time that it was seen at.
pub fn tap(flight: Flight, listeners: Arc<[Listener]>) -> Tap {
    let began = (Instant::now(), SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default());
    Box::new(move |tapped| {
        let Some(listener) = listeners.get(usize::from(tapped.flow.listener.0)) else { return };
        let since = began.1 + tapped.at.saturating_duration_since(began.0);
        flight.note(seen(&tapped, listener, i64::try_from(since.as_micros()).unwrap_or(i64::MAX)));
    })
}

fn seen<'a>(tapped: &Tapped<'a>, listener: &Listener, at_us: i64) -> Seen<'a> {
    Seen {
        at_us,
        way: match tapped.way {
            switch_io::Way::Received => Way::Received,
            switch_io::Way::Sent => Way::Sent,
        },
        transport: tapped.flow.transport.name(),
        local: listener.bind,
        remote: tapped.flow.remote,
        bytes: tapped.bytes,
    }
}
