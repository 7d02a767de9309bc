//! Keeps where users' phones are: the newest line of each user counts, older ones are swept away in time.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use switch::Kept;

use crate::file::LineFile;
use crate::store::{OpenFault, Trouble};
use crate::torn;

/// Below this a file is not worth sweeping.
const SWEEP_MIN: u64 = 1024 * 1024;
const EVERY: Duration = Duration::from_secs(1);

/// The writer of bindings; shared by all shards.
pub struct Phones {
    shared: Arc<Shared>,
    sweeper: Option<JoinHandle<()>>,
}

/// What was found when it was opened.
#[derive(Debug, Default)]
pub struct Restored {
    /// Bindings that still hold.
    pub kept: Vec<Kept>,
    /// Lines that mean nothing to this program.
    pub unreadable: usize,
    /// Bytes of a line that a crash had cut.
    pub torn: u64,
}

struct Shared {
    tell: Box<dyn Fn(Trouble) + Send + Sync>,
    writer: Mutex<Writer>,
    wake: Condvar,
}

struct Writer {
    path: PathBuf,
    file: LineFile,
    written: u64,
    newest: BTreeMap<Arc<str>, Arc<[u8]>>,
    newest_bytes: u64,
    /// What was written while a new file is made.
    meanwhile: Option<Vec<u8>>,
    /// The disk refused a line: the file lacks what `newest` has.
    is_refused: bool,
    unsynced: bool,
    is_stopping: bool,
}

impl Phones {
    /// Opens a data directory that this process has claimed, and takes up what holds.
    pub fn open(
        data: &Path,
        tell: impl Fn(Trouble) + Send + Sync + 'static,
    ) -> Result<(Phones, Restored), OpenFault> {
        let directory = data.join("phones");
        let path = directory.join("bindings.jsonl");
        let unusable = |error| OpenFault::Unusable { path: path.clone(), error };
        fs::create_dir_all(&directory).map_err(unusable)?;
        let restored = read(&path).map_err(unusable)?;
        let newest: BTreeMap<Arc<str>, Arc<[u8]>> =
            restored.kept.iter().map(|kept| (Arc::clone(&kept.user), line_of(kept))).collect();
        let file = make_anew(&path, newest.values()).and_then(|file| finish(file, &path, &[]));
        let file = file.map_err(unusable)?;
        let newest_bytes = newest.values().map(|line| line.len() as u64).sum();
        let writer = Writer {
            path: path.clone(),
            file,
            written: newest_bytes,
            newest,
            newest_bytes,
            meanwhile: None,
            is_refused: false,
            unsynced: false,
            is_stopping: false,
        };
        let shared =
            Arc::new(Shared { tell: Box::new(tell), writer: Mutex::new(writer), wake: Condvar::new() });
        let sweeping = Arc::clone(&shared);
        let sweeper = thread::Builder::new()
            .name("store-phones".to_owned())
            .spawn(move || sweep_until_stopped(&sweeping))
            .map_err(unusable)?;
        Ok((Phones { shared, sweeper: Some(sweeper) }, restored))
    }

    /// Keeps bindings: on return the kernel has them, or they wait in memory and the operator was told.
    pub fn keep(&self, kept: &[Kept]) {
        let trouble = self.shared.lock().keep(kept);
        trouble.into_iter().for_each(|trouble| (self.shared.tell)(trouble));
    }
}

impl Drop for Phones {
    fn drop(&mut self) {
        self.shared.lock().is_stopping = true;
        self.shared.wake.notify_all();
        if let Some(sweeper) = self.sweeper.take() {
            // A panic in it was already printed; there is nothing left to save.
            let _ = sweeper.join();
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Writer> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Writer {
    fn keep(&mut self, kept: &[Kept]) -> Option<Trouble> {
        let mut lines = Vec::with_capacity(kept.len() * 512);
        for kept in kept {
            let line = line_of(kept);
            lines.extend_from_slice(&line);
            self.newest_bytes += line.len() as u64;
            let before = match kept.bindings.is_empty() {
                true => self.newest.remove(&kept.user),
                false => self.newest.insert(Arc::clone(&kept.user), Arc::clone(&line)),
            };
            let gone = if kept.bindings.is_empty() { line.len() as u64 } else { 0 };
            self.newest_bytes -= gone + before.map_or(0, |line| line.len() as u64);
        }
        if let Some(meanwhile) = &mut self.meanwhile {
            meanwhile.extend_from_slice(&lines);
        }
        if self.is_refused {
            return None;
        }
        match self.file.append(&lines) {
            Ok(()) => {
                self.written += lines.len() as u64;
                self.unsynced = true;
                None
            }
            Err(error) => {
                self.is_refused = true;
                Some(Trouble::Refused { words: error.to_string(), waiting: self.newest.len() })
            }
        }
    }

    fn wants_sweeping(&self) -> bool {
        self.is_refused || self.written > SWEEP_MIN.max(2 * self.newest_bytes)
    }
}

fn sweep_until_stopped(shared: &Shared) {
    let mut writer = shared.lock();
    loop {
        if !writer.is_stopping {
            let waited = shared.wake.wait_timeout(writer, EVERY);
            writer = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        let is_last = writer.is_stopping;
        if writer.wants_sweeping() {
            drop(writer);
            sweep(shared).into_iter().for_each(|trouble| (shared.tell)(trouble));
            writer = shared.lock();
        }
        if std::mem::take(&mut writer.unsynced) {
            let file = writer.file.handle();
            drop(writer);
            if let Err(error) = file.sync_data() {
                (shared.tell)(Trouble::NotSynced { words: error.to_string() });
            }
            writer = shared.lock();
        }
        if is_last {
            return;
        }
    }
}

/// Writes what counts into a new file that takes the place of the old one. Nobody waits for it.
fn sweep(shared: &Shared) -> Option<Trouble> {
    let (path, lines) = {
        let mut writer = shared.lock();
        writer.meanwhile = Some(Vec::new());
        (writer.path.clone(), writer.newest.values().cloned().collect::<Vec<_>>())
    };
    let made = make_anew(&path, lines.iter());
    let mut writer = shared.lock();
    let meanwhile = writer.meanwhile.take().unwrap_or_default();
    let done = made.and_then(|file| finish(file, &path, &meanwhile)).ok()?;
    let was_refused = std::mem::take(&mut writer.is_refused);
    writer.file = done;
    writer.written = lines.iter().map(|line| line.len() as u64).sum::<u64>() + meanwhile.len() as u64;
    was_refused.then_some(Trouble::Recovered { records: writer.newest.len() as u64 })
}

fn aside(path: &Path) -> PathBuf {
    path.with_extension("new")
}

fn make_anew<'a>(path: &Path, lines: impl Iterator<Item = &'a Arc<[u8]>>) -> io::Result<File> {
    let mut file = io::BufWriter::new(File::create(aside(path))?);
    lines.into_iter().try_for_each(|line| file.write_all(line))?;
    let file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
    file.sync_all()?;
    Ok(file)
}

fn finish(mut file: File, path: &Path, meanwhile: &[u8]) -> io::Result<LineFile> {
    file.write_all(meanwhile)?;
    fs::rename(aside(path), path)?;
    if let Some(directory) = path.parent() {
        File::open(directory)?.sync_all()?;
    }
    LineFile::open(path)
}

fn line_of(kept: &Kept) -> Arc<[u8]> {
    let mut line = serde_json::to_vec(kept).expect("bindings have string keys and are written to memory");
    line.push(b'\n');
    line.into()
}

fn read(path: &Path) -> io::Result<Restored> {
    let mut restored = Restored::default();
    if !path.exists() {
        return Ok(restored);
    }
    restored.torn = torn::set_aside(path)?.unwrap_or(0);
    let mut newest: BTreeMap<Arc<str>, Kept> = BTreeMap::new();
    for line in BufReader::new(File::open(path)?).split(b'\n') {
        match serde_json::from_slice::<Kept>(&line?) {
            Ok(kept) => drop(newest.insert(Arc::clone(&kept.user), kept)),
            Err(_) => restored.unreadable += 1,
        }
    }
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let now_ms = i64::try_from(since.as_millis()).unwrap_or(i64::MAX);
    for mut kept in newest.into_values() {
        kept.bindings.retain(|binding| binding.until.0 > now_ms);
        if !kept.bindings.is_empty() {
            restored.kept.push(kept);
        }
    }
    Ok(restored)
}
