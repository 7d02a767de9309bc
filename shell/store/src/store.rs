//! Keeps records: on the disk with those that come at the same time, in memory while the disk refuses.
//! Whoever hands one over never waits; when it is on the disk is told by its mark.

use std::collections::VecDeque;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, SystemTime};

use serde::Serialize;
use thiserror::Error;

use crate::day::Day;
use crate::file::LineFile;
use crate::landing::{Landed, Mark};
use crate::{private, reader, torn};

/// The most that goes with one `write`, where no record is larger.
const WRITTEN_MAX: usize = 1024 * 1024;

/// Where records go, and how patient the store is.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The data directory; records are kept in `records/` below it.
    pub data: PathBuf,
    /// How long lines are gathered that are forced to the disk together.
    pub gather: Duration,
    /// How often what the disk refused is tried again.
    pub retry_every: Duration,
    /// What forces a file to the disk.
    pub sync: fn(&File) -> io::Result<()>,
    /// How many bytes of records wait in memory while the disk refuses them.
    pub waiting_max: usize,
}

impl Settings {
    pub fn at(data: &Path) -> Settings {
        Settings {
            data: data.to_owned(),
            gather: Duration::from_millis(1),
            retry_every: Duration::from_secs(1),
            sync: File::sync_data,
            waiting_max: 64 * 1024 * 1024,
        }
    }
}

/// What the store found when it was opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// A crash had cut the last line of a file; it was set aside.
    TornLine { file: PathBuf, bytes: u64 },
}

/// What an operator must hear at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The disk refused records; they wait in memory.
    Refused { words: String, waiting: usize },
    /// Records were given up, because too many waited.
    Lost { records: u64 },
    /// The disk could not be made to keep what it took; it is written again when it can be.
    NotSynced { words: String },
    /// Everything that waited is written.
    Recovered { records: u64 },
}

/// Why a store cannot be opened.
#[derive(Debug, Error)]
pub enum OpenFault {
    #[error("another process writes records in {}", .0.display())]
    InUse(PathBuf),
    #[error("{}: {error}", path.display())]
    Unusable { path: PathBuf, error: io::Error },
}

/// What the store has done so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub kept: u64,
    pub refused_writes: u64,
    pub lost: u64,
    pub syncs: u64,
    pub waiting: usize,
}

type Tell = Box<dyn Fn(Trouble) + Send + Sync>;

/// The writer of records; shared by all shards.
pub struct Store {
    shared: Arc<Shared>,
    writer: Option<JoinHandle<()>>,
    /// Locked as long as this process writes here.
    _claim: File,
}

struct Shared {
    settings: Settings,
    tell: Tell,
    queue: Mutex<Queue>,
    wake: Condvar,
    landed: OnceLock<Landed>,
}

/// What is not on the disk yet.
#[derive(Default)]
struct Queue {
    waiting: VecDeque<Vec<u8>>,
    waiting_bytes: usize,
    /// Records that are being written.
    in_flight: usize,
    /// How many batches were given so far.
    given: u64,
    counts: Counts,
    /// Whether the disk did not take the last.
    is_refused: bool,
    /// Whether the thread sleeps until somebody wakes it.
    is_asleep: bool,
    is_stopping: bool,
}

impl Store {
    /// Opens a data directory, repairs what a crash has cut, and begins to sync.
    pub fn open(
        settings: Settings,
        tell: impl Fn(Trouble) + Send + Sync + 'static,
    ) -> Result<(Store, Vec<Found>), OpenFault> {
        let directory = settings.data.join("records");
        let unusable = |path: &Path| {
            let path = path.to_owned();
            move |error| OpenFault::Unusable { path, error }
        };
        private::make_folder(&directory).map_err(unusable(&directory))?;
        let claim = claim(&directory)?;
        let found = repair(&directory).map_err(unusable(&directory))?;

        let writer = Writer { directory: directory.clone(), sync: settings.sync, open: None, doubtful: None };
        let shared = Arc::new(Shared {
            settings,
            tell: Box::new(tell),
            queue: Mutex::default(),
            wake: Condvar::new(),
            landed: OnceLock::new(),
        });
        let writing = Arc::clone(&shared);
        let thread = thread::Builder::new()
            .name("store".to_owned())
            .spawn(move || write_until_stopped(&writing, writer))
            .map_err(unusable(&directory))?;
        Ok((Store { shared, writer: Some(thread), _claim: claim }, found))
    }

    /// Calls `landed` whenever something is on the disk, with the newest mark. It must not wait.
    pub fn on_landing(&self, landed: impl Fn(Mark) + Send + Sync + 'static) {
        // There is one who listens.
        let _ = self.shared.landed.set(Box::new(landed));
    }

    /// Takes records in, and never waits. The mark says by when they are on the disk; nothing, where that
    /// would be waited for in vain, as the disk refuses: they wait in memory, and the operator was told.
    pub fn keep<R: Serialize>(&self, records: &[R]) -> Option<Mark> {
        if records.is_empty() {
            return None;
        }
        let mut lines = Vec::with_capacity(records.len() * 4096);
        for record in records {
            let line = serde_json::to_string(record).expect("a record has string keys and writes to memory");
            lines.extend_from_slice(model::without_passwords(&line, '*').as_bytes());
            lines.push(b'\n');
        }
        let mut queue = self.shared.lock();
        let (mark, trouble) = queue.put(lines, records.len(), &self.shared.settings);
        if std::mem::take(&mut queue.is_asleep) {
            self.shared.wake.notify_all();
        }
        drop(queue);
        trouble.into_iter().for_each(|trouble| (self.shared.tell)(trouble));
        mark
    }

    pub fn counts(&self) -> Counts {
        self.shared.lock().counts
    }

    /// Writes what waits, forces it to the disk, and ends.
    pub fn stop(mut self) -> Counts {
        self.end();
        self.counts()
    }

    fn end(&mut self) {
        self.shared.lock().is_stopping = true;
        self.shared.wake.notify_all();
        if let Some(writer) = self.writer.take() {
            // A panic in the writer was already printed; there is nothing left to save.
            let _ = writer.join();
        }
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        self.end();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn landed(&self, mark: Mark) {
        if let Some(landed) = self.landed.get() {
            landed(mark);
        }
    }
}

impl Queue {
    fn put(
        &mut self,
        lines: Vec<u8>,
        records: usize,
        settings: &Settings,
    ) -> (Option<Mark>, Option<Trouble>) {
        self.counts.kept += records as u64;
        self.waiting_bytes += lines.len();
        self.waiting.push_back(lines);
        self.given += 1;
        let trouble = self.give_up_oldest(settings.waiting_max);
        self.count();
        ((!self.is_refused).then_some(Mark(self.given)), trouble)
    }

    fn take(&mut self) -> Vec<Vec<u8>> {
        let taken: Vec<Vec<u8>> = self.waiting.drain(..).collect();
        self.in_flight = taken.iter().map(|lines| lines_in(lines)).sum();
        self.waiting_bytes = 0;
        taken
    }

    /// What the disk has not taken stands before everything that came meanwhile.
    fn put_back(&mut self, lines: Vec<Vec<u8>>, settings: &Settings) -> Option<Trouble> {
        self.in_flight = 0;
        for lines in lines.into_iter().rev() {
            self.waiting_bytes += lines.len();
            self.waiting.push_front(lines);
        }
        let trouble = self.give_up_oldest(settings.waiting_max);
        self.count();
        trouble
    }

    fn give_up_oldest(&mut self, waiting_max: usize) -> Option<Trouble> {
        let mut records = 0;
        while self.waiting_bytes > waiting_max {
            let Some(lines) = self.waiting.pop_front() else { break };
            self.waiting_bytes -= lines.len();
            records += lines_in(&lines) as u64;
        }
        self.counts.lost += records;
        (records > 0).then_some(Trouble::Lost { records })
    }

    fn count(&mut self) {
        let waiting: usize = self.waiting.iter().map(|lines| lines_in(lines)).sum();
        self.counts.waiting = waiting + self.in_flight;
    }
}

/// The one who writes. Shards never wait for it: a disk may stand still for seconds.
struct Writer {
    directory: PathBuf,
    sync: fn(&File) -> io::Result<()>,
    open: Option<Open>,
    /// A file that may hold lines behind this length of which nobody knows whether they are on the disk.
    doubtful: Option<(PathBuf, u64)>,
}

/// The file of a day; what stands in it is on the disk.
struct Open {
    day: Day,
    path: PathBuf,
    file: LineFile,
    /// Its name is on the disk, too.
    is_named: bool,
}

impl Writer {
    /// Writes lines and forces them to the disk; how many of them are there, and why not all.
    fn write(&mut self, lines: &[Vec<u8>]) -> (usize, Option<Trouble>) {
        let refused = |error: io::Error| Trouble::Refused { words: error.to_string(), waiting: 0 };
        let before = match self.open_today() {
            Ok(length) => length,
            Err(error) => return (0, Some(refused(error))),
        };
        let Some(open) = &mut self.open else { return (0, None) };
        let mut written = 0;
        let mut trouble = None;
        while written < lines.len() && trouble.is_none() {
            let many = together(&lines[written..]);
            match open.file.append(&lines[written..written + many].concat()) {
                Ok(()) => written += many,
                Err(error) => trouble = Some(refused(error)),
            }
        }
        if written == 0 {
            return (0, trouble);
        }
        let synced = (self.sync)(&open.file.handle());
        let named = synced.and_then(|()| match open.is_named {
            true => Ok(()),
            false => File::open(&self.directory)?.sync_all(),
        });
        match named {
            Ok(()) => open.is_named = true,
            // Nobody knows what is on the disk behind the last sync: it is cut off and written again. To sync
            // once more would say that all is well, as the kernel forgets what it could not write.
            Err(error) => {
                self.doubtful = self.open.take().map(|open| (open.path, before));
                return (0, Some(Trouble::NotSynced { words: error.to_string() }));
            }
        }
        (written, trouble)
    }

    /// Has the file of today open; how long it is.
    fn open_today(&mut self) -> io::Result<u64> {
        let today = Day::of(SystemTime::now());
        if let Some(open) = self.open.as_ref().filter(|open| open.day == today) {
            return Ok(open.file.complete());
        }
        if let Some((path, length)) = &self.doubtful {
            let file = private::options().create(true).truncate(false).write(true).open(path)?;
            if file.metadata()?.len() > *length {
                file.set_len(*length)?;
            }
            file.sync_all()?;
            self.doubtful = None;
        }
        let path = self.directory.join(format!("calls-{today}.jsonl"));
        let file = LineFile::open(&path)?;
        let length = file.complete();
        // Whoever was here before may have left no time to force its name to the disk.
        self.open = Some(Open { day: today, path, file, is_named: false });
        Ok(length)
    }
}

/// How many go with one `write`: as a disk takes all of one or nothing, it is not too much.
fn together(lines: &[Vec<u8>]) -> usize {
    let mut bytes = 0;
    let many = lines.iter().take_while(|lines| {
        bytes += lines.len();
        bytes <= WRITTEN_MAX
    });
    many.count().max(1)
}

fn lines_in(lines: &[u8]) -> usize {
    lines.iter().filter(|byte| **byte == b'\n').count()
}

fn write_until_stopped(shared: &Shared, mut writer: Writer) {
    loop {
        let is_last = wait(shared);
        let lines = shared.lock().take();
        let records: usize = lines.iter().map(|lines| lines_in(lines)).sum();
        if !lines.is_empty() {
            let (written, trouble) = writer.write(&lines);
            note(shared, lines, written, records, trouble);
        }
        if is_last {
            return;
        }
    }
}

/// Until there is something to write, or to try again; whether it is the last time.
fn wait(shared: &Shared) -> bool {
    let mut queue = shared.lock();
    while !queue.is_stopping && (queue.waiting.is_empty() || queue.is_refused) {
        // Whoever keeps something while the disk refuses wakes nobody.
        queue.is_asleep = !queue.is_refused;
        let waited = shared.wake.wait_timeout(queue, shared.settings.retry_every);
        let (woken, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
        queue = woken;
        if queue.is_refused && timeout.timed_out() {
            break;
        }
    }
    queue.is_asleep = false;
    let is_last = queue.is_stopping;
    drop(queue);
    if !is_last {
        // Those that come at the same time land together.
        thread::sleep(shared.settings.gather);
    }
    is_last
}

/// Tells what became of lines, and those who wait for them.
fn note(shared: &Shared, mut lines: Vec<Vec<u8>>, written: usize, records: usize, trouble: Option<Trouble>) {
    let rest = lines.split_off(written);
    let mut queue = shared.lock();
    queue.counts.syncs += u64::from(written > 0);
    queue.counts.refused_writes += u64::from(trouble.is_some());
    let lost = queue.put_back(rest, &shared.settings);
    let was_refused = std::mem::replace(&mut queue.is_refused, trouble.is_some());
    // While the disk refuses nobody waits in vain.
    let still_there = if trouble.is_some() { 0 } else { queue.waiting.len() as u64 };
    let mark = Mark(queue.given - still_there);
    let waiting = queue.counts.waiting;
    drop(queue);

    shared.landed(mark);
    let told = match trouble {
        Some(Trouble::Refused { words, .. }) if !was_refused => Some(Trouble::Refused { words, waiting }),
        Some(trouble) if !was_refused => Some(trouble),
        None if was_refused => Some(Trouble::Recovered { records: records as u64 }),
        _ => None,
    };
    lost.into_iter().chain(told).for_each(|trouble| (shared.tell)(trouble));
}

pub fn claim(directory: &Path) -> Result<File, OpenFault> {
    let path = directory.join("lock");
    let file = private::options().create(true).truncate(false).write(true).open(&path);
    let file = file.map_err(|error| OpenFault::Unusable { path: path.clone(), error })?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(fs::TryLockError::WouldBlock) => Err(OpenFault::InUse(directory.to_owned())),
        Err(fs::TryLockError::Error(error)) => Err(OpenFault::Unusable { path, error }),
    }
}

fn repair(directory: &Path) -> io::Result<Vec<Found>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory)? {
        let file = entry?.path();
        if !reader::is_record_file(&file) {
            continue;
        }
        if let Some(bytes) = torn::set_aside(&file)? {
            found.push(Found::TornLine { file, bytes });
        }
    }
    Ok(found)
}
