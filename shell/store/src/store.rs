//! Keeps records: in the kernel at once, on the disk with those that come at the same time, in memory while
//! the disk refuses. Whoever hands one over never waits; when it is on the disk is told by its mark.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use serde::Serialize;

use crate::landing::Mark;
use crate::queue::{Counts, Settings, Shared, lines_in};
use crate::spool::Spool;
use crate::trouble::{Found, OpenFault, Trouble};
use crate::writer::Writer;
use crate::{chain, private, reader, syncer, torn};

/// What is read of the newest files at least, to know what they have.
const NEWEST_MIN: u64 = 1024 * 1024;

/// The writer of records; shared by all shards.
pub struct Store {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
    /// Locked as long as this process writes here.
    _claim: File,
}

impl Store {
    /// Opens a data directory, repairs what a crash has cut, and begins to write and to sync.
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
        let mut found = repair(&directory).map_err(unusable(&directory))?;

        let writer = Writer::new(&directory).map_err(unusable(&directory))?;
        let shared = Arc::new(Shared::new(settings, Box::new(tell)));
        found.extend(take_up_left(&shared, &directory).map_err(unusable(&directory))?);
        let mut store = Store { shared, threads: Vec::new(), _claim: claim };
        let (writing, syncing) = (Arc::clone(&store.shared), Arc::clone(&store.shared));
        let of_syncer = directory.clone();
        store.begin("store-sync", move || syncer::run(&syncing, &of_syncer)).map_err(unusable(&directory))?;
        store.begin("store", move || writer.run(&writing)).map_err(unusable(&directory))?;
        Ok((store, found))
    }

    fn begin(&mut self, name: &str, run: impl FnOnce() + Send + 'static) -> io::Result<()> {
        self.threads.push(thread::Builder::new().name(name.to_owned()).spawn(run)?);
        Ok(())
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
            let begins = lines.len();
            serde_json::to_writer(&mut lines, record).expect("a record has string keys and writes to memory");
            assert!(lines.ends_with(b"}"), "a record is an object");
            let line = str::from_utf8(&lines[begins..]).expect("JSON is text");
            if let Cow::Owned(blotted) = model::without_passwords(line, '*') {
                lines.truncate(begins);
                lines.extend_from_slice(blotted.as_bytes());
            }
            lines.push(b'\n');
        }
        let mut queue = self.shared.lock();
        let (mark, trouble) = queue.put(lines, records.len(), &self.shared.settings);
        let wakes = std::mem::take(&mut queue.writer_sleeps);
        drop(queue);
        if wakes {
            self.shared.to_writer.notify_all();
        }
        self.shared.tell_all(trouble);
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
        let mut queue = self.shared.lock();
        queue.is_stopping = true;
        // Where there is no writer, as it could not begin, nobody else says so.
        queue.is_written_out |= self.threads.len() < 2;
        drop(queue);
        self.shared.to_writer.notify_all();
        self.shared.to_syncer.notify_all();
        for thread in self.threads.drain(..) {
            // A panic in it was already printed; there is nothing left to save.
            let _ = thread.join();
        }
        // What a disk did not take until the end is taken up at the next start.
        let mut queue = self.shared.lock();
        if queue.counts.waiting == 0
            && let Some(spool) = queue.spool.take()
        {
            spool.remove();
        }
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        self.end();
    }
}

/// Writes what a process has left in its spool, and no file has. Where nobody may keep one it goes without.
fn take_up_left(shared: &Shared, directory: &Path) -> io::Result<Option<Found>> {
    let Settings { spool: folder, data, .. } = &shared.settings;
    let Some(Ok((spool, left))) = folder.as_deref().map(|folder| Spool::open(folder, data)) else {
        return Ok(None);
    };
    let mut missing = Vec::new();
    if !left.is_empty() {
        let mut known = newest_records(directory, left.len())?;
        for line in left.split_inclusive(|byte| *byte == b'\n') {
            // What a sync has failed on was spooled a second time.
            if known.insert(line.strip_suffix(b"\n").unwrap_or(line).to_vec()) {
                missing.extend_from_slice(line);
            }
        }
    }
    let records = lines_in(&missing) as u64;
    let mut queue = shared.lock();
    queue.spool = Some(spool);
    if records > 0 {
        queue.put_left(missing);
    } else if let Some(spool) = &mut queue.spool {
        spool.clear();
    }
    Ok((records > 0).then_some(Found::Left { records }))
}

/// The newest records of the files, as they were handed over: as many as may stand in so many bytes.
fn newest_records(directory: &Path, bytes: usize) -> io::Result<HashSet<Vec<u8>>> {
    let mut files: Vec<PathBuf> = Vec::new();
    for entry in fs::read_dir(directory)? {
        files.extend(Some(entry?.path()).filter(|path| reader::is_record_file(path)));
    }
    files.sort_unstable();
    // A link of the chain is shorter than any record.
    let mut most = 2 * bytes as u64 + NEWEST_MIN;
    let mut known = HashSet::new();
    for path in files.iter().rev() {
        let mut file = File::open(path)?;
        let length = file.metadata()?.len();
        let from = length.saturating_sub(most);
        file.seek(SeekFrom::Start(from))?;
        let mut tail = Vec::new();
        file.read_to_end(&mut tail)?;
        known.extend(tail.split(|byte| *byte == b'\n').map(chain::without_link));
        most = most.saturating_sub(length);
        if most == 0 {
            break;
        }
    }
    Ok(known)
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
