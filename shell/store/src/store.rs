//! Keeps records: to the kernel at once, to the disk soon, in memory while the disk refuses.

use std::collections::VecDeque;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, SystemTime};

use serde::Serialize;
use thiserror::Error;

use crate::day::Day;
use crate::file::LineFile;
use crate::{private, reader, torn};

/// Where records go, and how patient the store is.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The data directory; records are kept in `records/` below it.
    pub data: PathBuf,
    /// How often written lines are forced to the disk, and refused ones tried again.
    pub sync_every: Duration,
    /// How many bytes of records wait in memory while the disk refuses them.
    pub waiting_max: usize,
}

impl Settings {
    pub fn at(data: &Path) -> Settings {
        Settings { data: data.to_owned(), sync_every: Duration::from_secs(1), waiting_max: 64 * 1024 * 1024 }
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
    /// The disk could not be made to keep what it took.
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
}

struct Writer {
    directory: PathBuf,
    open: Option<(Day, LineFile)>,
    waiting: VecDeque<Vec<u8>>,
    waiting_bytes: usize,
    unsynced: Vec<Arc<File>>,
    counts: Counts,
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

        let writer = Writer {
            directory: directory.clone(),
            open: None,
            waiting: VecDeque::new(),
            waiting_bytes: 0,
            unsynced: Vec::new(),
            counts: Counts::default(),
            is_stopping: false,
        };
        let shared = Arc::new(Shared {
            settings,
            tell: Box::new(tell),
            writer: Mutex::new(writer),
            wake: Condvar::new(),
        });
        let syncing = Arc::clone(&shared);
        let syncer = thread::Builder::new()
            .name("store".to_owned())
            .spawn(move || sync_until_stopped(&syncing))
            .map_err(unusable(&directory))?;
        Ok((Store { shared, syncer: Some(syncer), _claim: claim }, found))
    }

    /// Keeps records: on return the kernel has them, or they wait in memory and the operator was told.
    pub fn keep<R: Serialize>(&self, records: &[R]) {
        if records.is_empty() {
            return;
        }
        let mut lines = Vec::with_capacity(records.len() * 4096);
        for record in records {
            let line = serde_json::to_string(record).expect("a record has string keys and writes to memory");
            lines.extend_from_slice(model::without_passwords(&line, '*').as_bytes());
            lines.push(b'\n');
        }
        let troubles = self.shared.lock().keep(lines, records.len(), &self.shared.settings);
        troubles.into_iter().for_each(|trouble| (self.shared.tell)(trouble));
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
    fn keep(&mut self, lines: Vec<u8>, records: usize, settings: &Settings) -> Vec<Trouble> {
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
        troubles
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
        while let Some(lines) = self.waiting.front() {
            let today = Day::of(SystemTime::now());
            if self.open.as_ref().is_none_or(|(day, _)| *day != today) {
                let path = self.directory.join(format!("calls-{today}.jsonl"));
                self.open = Some((today, LineFile::open(&path)?));
            }
            let Some((_, file)) = &mut self.open else { return Ok(()) };
            file.append(lines)?;
            let handle = file.handle();
            if !self.unsynced.iter().any(|known| Arc::ptr_eq(known, &handle)) {
                self.unsynced.push(handle);
            }
            self.waiting_bytes -= lines.len();
            self.waiting.pop_front();
        }
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

fn lines_in(lines: &[u8]) -> usize {
    lines.iter().filter(|byte| **byte == b'\n').count()
}

fn sync_until_stopped(shared: &Shared) {
    let mut writer = shared.lock();
    loop {
        if !writer.is_stopping {
            let waited = shared.wake.wait_timeout(writer, shared.settings.sync_every);
            writer = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        let is_last = writer.is_stopping;
        let mut trouble = writer.retry();
        let files = std::mem::take(&mut writer.unsynced);
        drop(writer);

        let synced = files.iter().try_for_each(|file| file.sync_data());
        if let Err(error) = &synced {
            (shared.tell)(Trouble::NotSynced { words: error.to_string() });
        }
        trouble.take().into_iter().for_each(|trouble| (shared.tell)(trouble));

        writer = shared.lock();
        writer.counts.syncs += u64::from(!files.is_empty());
        if synced.is_err() {
            writer.unsynced.extend(files);
        }
        if is_last {
            return;
        }
    }
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
