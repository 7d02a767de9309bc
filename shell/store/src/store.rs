//! Keeps records: to the kernel at once, to the disk with those that come at the same time, in memory while
//! the disk refuses. Whoever wants to know when one is on the disk is told by its mark.

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
    syncer: Option<JoinHandle<()>>,
    /// Locked as long as this process writes here.
    _claim: File,
}

struct Shared {
    settings: Settings,
    tell: Tell,
    writer: Mutex<Writer>,
    wake: Condvar,
    landed: OnceLock<Landed>,
}

struct Writer {
    directory: PathBuf,
    sync: fn(&File) -> io::Result<()>,
    open: Option<Open>,
    /// What the disk has not taken.
    waiting: VecDeque<Vec<u8>>,
    waiting_bytes: usize,
    /// What the kernel has, and the disk perhaps not: it is written again should the disk fail.
    unsynced: Vec<Vec<u8>>,
    /// A file that may hold lines behind this length of which nobody knows whether they are on the disk.
    doubtful: Option<(PathBuf, u64)>,
    /// How many batches were written, and how many of these are on the disk.
    written: u64,
    synced: u64,
    counts: Counts,
    /// Whether the last sync failed, and that was told.
    is_sick: bool,
    /// Whether the thread sleeps until somebody wakes it.
    is_asleep: bool,
    is_stopping: bool,
}

/// The file of a day.
struct Open {
    day: Day,
    path: PathBuf,
    file: LineFile,
    /// Up to there its lines are on the disk.
    synced: u64,
    /// Its name is on the disk, too.
    is_named: bool,
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

        let writer = Writer {
            directory: directory.clone(),
            sync: settings.sync,
            open: None,
            waiting: VecDeque::new(),
            waiting_bytes: 0,
            unsynced: Vec::new(),
            doubtful: None,
            written: 0,
            synced: 0,
            counts: Counts::default(),
            is_sick: false,
            is_asleep: false,
            is_stopping: false,
        };
        let shared = Arc::new(Shared {
            settings,
            tell: Box::new(tell),
            writer: Mutex::new(writer),
            wake: Condvar::new(),
            landed: OnceLock::new(),
        });
        let syncing = Arc::clone(&shared);
        let syncer = thread::Builder::new()
            .name("store".to_owned())
            .spawn(move || sync_until_stopped(&syncing))
            .map_err(unusable(&directory))?;
        Ok((Store { shared, syncer: Some(syncer), _claim: claim }, found))
    }

    /// Calls `landed` whenever something is on the disk, with the newest mark. It must not wait.
    pub fn on_landing(&self, landed: impl Fn(Mark) + Send + Sync + 'static) {
        // There is one who listens.
        let _ = self.shared.landed.set(Box::new(landed));
    }

    /// Keeps records: on return the kernel has them, or they wait in memory and the operator was told. The
    /// mark says by when they are on the disk; nothing, where that would be waited for in vain.
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
        let mut writer = self.shared.lock();
        let (mark, troubles) = writer.keep(lines, records.len(), &self.shared.settings);
        if mark.is_some() && std::mem::take(&mut writer.is_asleep) {
            self.shared.wake.notify_all();
        }
        drop(writer);
        troubles.into_iter().for_each(|trouble| (self.shared.tell)(trouble));
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
        if let Some(syncer) = self.syncer.take() {
            // A panic in the syncer was already printed; there is nothing left to save.
            let _ = syncer.join();
        }
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        self.end();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Writer> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Writer {
    fn keep(&mut self, lines: Vec<u8>, records: usize, settings: &Settings) -> (Option<Mark>, Vec<Trouble>) {
        self.counts.kept += records as u64;
        let was_refused = !self.waiting.is_empty();
        self.waiting_bytes += lines.len();
        self.waiting.push_back(lines);
        let mut troubles = Vec::new();
        // While the disk refuses, only the syncer tries again: no call waits for a sick disk each time.
        if !was_refused && let Err(error) = self.write_waiting() {
            self.counts.refused_writes += 1;
            troubles.push(Trouble::Refused { words: error.to_string(), waiting: self.waiting_records() });
        }
        troubles.extend(self.give_up_oldest(settings.waiting_max));
        self.counts.waiting = self.waiting_records();
        (self.waiting.is_empty().then_some(Mark(self.written)), troubles)
    }

    fn retry(&mut self) -> Option<Trouble> {
        let records = self.waiting_records();
        if records == 0 {
            return None;
        }
        match self.write_waiting() {
            Ok(()) => {
                self.counts.waiting = 0;
                Some(Trouble::Recovered { records: records as u64 })
            }
            Err(_) => {
                self.counts.refused_writes += 1;
                self.counts.waiting = self.waiting_records();
                None
            }
        }
    }

    fn write_waiting(&mut self) -> io::Result<()> {
        while !self.waiting.is_empty() {
            let today = Day::of(SystemTime::now());
            if self.open.as_ref().is_none_or(|open| open.day != today) {
                // What the last day has left is on the disk before its file is let go.
                self.sync_open()?;
                self.cut_doubtful()?;
                self.open = Some(Open::at(&self.directory, today)?);
            }
            let (Some(open), Some(lines)) = (&mut self.open, self.waiting.front()) else { return Ok(()) };
            open.file.append(lines)?;
            self.written += 1;
            self.waiting_bytes -= lines.len();
            self.unsynced.extend(self.waiting.pop_front());
        }
        Ok(())
    }

    /// Forces to the disk what was written, where that is at once; for the change of a day.
    fn sync_open(&mut self) -> io::Result<()> {
        let Some(open) = self.open.as_mut().filter(|_| self.synced < self.written) else { return Ok(()) };
        let synced = (self.sync)(&open.file.handle());
        match &synced {
            Ok(()) => self.has_synced(self.written, u64::MAX),
            Err(_) => self.has_failed_to_sync(),
        }
        synced
    }

    /// So many batches are on the disk, and the file up to this length.
    fn has_synced(&mut self, written: u64, length: u64) {
        let done = usize::try_from(written - self.synced).unwrap_or(usize::MAX);
        self.unsynced.drain(..done.min(self.unsynced.len()));
        self.synced = written;
        self.is_sick = false;
        self.counts.syncs += 1;
        if let Some(open) = &mut self.open {
            open.synced = length.min(open.file.complete());
            open.is_named = true;
        }
    }

    /// Nobody knows what is on the disk behind the last sync: it is cut off and written again. To sync once
    /// more would say that all is well, as the kernel forgets what it could not write.
    fn has_failed_to_sync(&mut self) {
        if let Some(open) = self.open.take() {
            self.doubtful = Some((open.path, open.synced));
        }
        for lines in std::mem::take(&mut self.unsynced).into_iter().rev() {
            self.waiting_bytes += lines.len();
            self.waiting.push_front(lines);
        }
        self.synced = self.written;
        self.counts.waiting = self.waiting_records();
    }

    fn cut_doubtful(&mut self) -> io::Result<()> {
        let Some((path, length)) = &self.doubtful else { return Ok(()) };
        let file = private::options().create(true).truncate(false).write(true).open(path)?;
        if file.metadata()?.len() > *length {
            file.set_len(*length)?;
        }
        file.sync_all()?;
        self.doubtful = None;
        Ok(())
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

    fn waiting_records(&self) -> usize {
        self.waiting.iter().map(|lines| lines_in(lines)).sum()
    }
}

impl Open {
    fn at(directory: &Path, day: Day) -> io::Result<Open> {
        let path = directory.join(format!("calls-{day}.jsonl"));
        let file = LineFile::open(&path)?;
        let synced = file.complete();
        // Whoever was here before may have left no time for that.
        Ok(Open { day, path, file, synced, is_named: false })
    }
}

fn lines_in(lines: &[u8]) -> usize {
    lines.iter().filter(|byte| **byte == b'\n').count()
}

fn sync_until_stopped(shared: &Shared) {
    let mut writer = shared.lock();
    loop {
        while !writer.is_stopping && writer.synced == writer.written {
            writer.is_asleep = true;
            let waited = shared.wake.wait_timeout(writer, shared.settings.retry_every);
            let (woken, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
            writer = woken;
            if timeout.timed_out() && !writer.waiting.is_empty() {
                break;
            }
        }
        let is_last = writer.is_stopping;
        if !is_last {
            drop(writer);
            // Those that come at the same time land together.
            thread::sleep(shared.settings.gather);
            writer = shared.lock();
        }
        writer.is_asleep = false;
        let trouble = writer.retry();
        writer = sync(shared, writer);
        if let Some(trouble) = trouble.filter(|_| !writer.is_sick) {
            (shared.tell)(trouble);
        }
        if is_last {
            return;
        }
    }
}

/// Forces to the disk what was written until now; writers go on meanwhile.
fn sync<'s>(shared: &'s Shared, writer: MutexGuard<'s, Writer>) -> MutexGuard<'s, Writer> {
    let (written, is_due) = (writer.written, writer.written > writer.synced);
    let Some(open) = writer.open.as_ref().filter(|_| is_due) else { return writer };
    let (file, length) = (open.file.handle(), open.file.complete());
    let folder = (!open.is_named).then(|| writer.directory.clone());
    drop(writer);
    let synced = (shared.settings.sync)(&file);
    let synced = synced.and_then(|()| folder.map_or(Ok(()), |folder| File::open(folder)?.sync_all()));
    let mut writer = shared.lock();
    match synced {
        // Another file is open already: the change of a day has synced this one.
        Ok(()) if writer.synced >= written => {}
        Ok(()) => writer.has_synced(written, length),
        Err(error) => {
            writer.has_failed_to_sync();
            if !std::mem::replace(&mut writer.is_sick, true) {
                (shared.tell)(Trouble::NotSynced { words: error.to_string() });
            }
        }
    }
    // Nobody waits in vain: what the disk refuses lands as well as it ever will.
    let mark = Mark(writer.synced);
    drop(writer);
    if let Some(landed) = shared.landed.get() {
        landed(mark);
    }
    shared.lock()
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
