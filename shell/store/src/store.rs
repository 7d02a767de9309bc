//! Keeps records: in the kernel at once, on the disk with those that come at the same time, in memory while
//! the disk refuses. Whoever hands one over never waits; when it is on the disk is told by its mark.

use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use serde::Serialize;

use crate::landing::Mark;
use crate::queue::{Counts, Settings, Shared};
use crate::trouble::{Found, OpenFault, Trouble};
use crate::writer::Writer;
use crate::{private, reader, syncer, torn};

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
        let found = repair(&directory).map_err(unusable(&directory))?;

        let writer = Writer::new(&directory).map_err(unusable(&directory))?;
        let shared = Arc::new(Shared::new(settings, Box::new(tell)));
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
            let line = serde_json::to_string(record).expect("a record has string keys and writes to memory");
            assert!(line.ends_with('}'), "a record is an object");
            lines.extend_from_slice(model::without_passwords(&line, '*').as_bytes());
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
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        self.end();
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
