//! Keeps what is true of each of many: where a user's phones are, who watches whom, which messages wait. The
//! newest line of a key counts, older ones are swept away in time.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Write};
use std::marker::PhantomData;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::Serialize;
use serde::de::DeserializeOwned;
use switch::{Kept, KeptMessage, KeptPresence, WallTime};

use crate::file::LineFile;
use crate::landing::{Landed, Mark};
use crate::private;
use crate::store::{OpenFault, Trouble};
use crate::torn;

/// Below this a file is not worth sweeping.
const SWEEP_MIN: u64 = 1024 * 1024;
/// How often what the disk refused is tried again.
const EVERY: Duration = Duration::from_secs(1);
/// How long lines are gathered that are forced to the disk together.
const GATHER: Duration = Duration::from_millis(1);

/// Where users' phones are.
pub type Phones = Ledger<Kept>;

/// Who watches whom, and what devices publish.
pub type Watchers = Ledger<KeptPresence>;

/// Messages that wait for their receivers.
pub type Messages = Ledger<KeptMessage>;

/// What is kept under a key until something newer is.
pub trait Entry: Serialize + DeserializeOwned {
    /// Its file, under the data directory.
    const FILE: &str;
    fn key(&self) -> Arc<str>;
    /// Whether it says that there is nothing any more.
    fn is_nothing(&self) -> bool;
    /// Leaves out what has ended by now.
    fn expire(&mut self, now: WallTime);
}

impl Entry for Kept {
    const FILE: &str = "phones/bindings.jsonl";

    fn key(&self) -> Arc<str> {
        Arc::clone(&self.user)
    }

    fn is_nothing(&self) -> bool {
        self.bindings.is_empty()
    }

    fn expire(&mut self, now: WallTime) {
        self.bindings.retain(|binding| binding.until > now);
    }
}

impl Entry for KeptPresence {
    const FILE: &str = "presence/kept.jsonl";

    fn key(&self) -> Arc<str> {
        KeptPresence::key(self)
    }

    fn is_nothing(&self) -> bool {
        KeptPresence::is_nothing(self)
    }

    fn expire(&mut self, now: WallTime) {
        KeptPresence::expire(self, now);
    }
}

impl Entry for KeptMessage {
    const FILE: &str = "messages/waiting.jsonl";

    fn key(&self) -> Arc<str> {
        KeptMessage::key(self)
    }

    fn is_nothing(&self) -> bool {
        KeptMessage::is_nothing(self)
    }

    fn expire(&mut self, now: WallTime) {
        KeptMessage::expire(self, now);
    }
}

/// The writer of such a file; shared by all shards.
pub struct Ledger<T> {
    shared: Arc<Shared>,
    sweeper: Option<JoinHandle<()>>,
    of: PhantomData<fn(&T)>,
}

/// What was found when it was opened.
#[derive(Debug)]
pub struct Restored<T> {
    /// What still holds, by its keys.
    pub kept: Vec<T>,
    /// Lines that mean nothing to this program.
    pub unreadable: usize,
    /// Bytes of a line that a crash had cut.
    pub torn: u64,
}

struct Shared {
    tell: Box<dyn Fn(Trouble) + Send + Sync>,
    writer: Mutex<Writer>,
    wake: Condvar,
    landed: OnceLock<Landed>,
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
    /// How many batches were written, and how many of these are on the disk.
    batches: u64,
    synced: u64,
    /// Whether the thread sleeps until somebody wakes it.
    is_asleep: bool,
    is_stopping: bool,
}

impl<T: Entry> Ledger<T> {
    /// Opens a data directory that this process has claimed, and takes up what holds.
    pub fn open(
        data: &Path,
        tell: impl Fn(Trouble) + Send + Sync + 'static,
    ) -> Result<(Ledger<T>, Restored<T>), OpenFault> {
        let path = data.join(T::FILE);
        let unusable = |error| OpenFault::Unusable { path: path.clone(), error };
        path.parent().map_or(Ok(()), private::make_folder).map_err(unusable)?;
        let restored: Restored<T> = read(&path).map_err(unusable)?;
        let newest: BTreeMap<Arc<str>, Arc<[u8]>> =
            restored.kept.iter().map(|kept| (kept.key(), line_of(kept))).collect();
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
            batches: 0,
            synced: 0,
            is_asleep: false,
            is_stopping: false,
        };
        let shared = Arc::new(Shared {
            tell: Box::new(tell),
            writer: Mutex::new(writer),
            wake: Condvar::new(),
            landed: OnceLock::new(),
        });
        let sweeping = Arc::clone(&shared);
        let sweeper = thread::Builder::new()
            .name("store-ledger".to_owned())
            .spawn(move || sweep_until_stopped(&sweeping))
            .map_err(unusable)?;
        Ok((Ledger { shared, sweeper: Some(sweeper), of: PhantomData }, restored))
    }

    /// Calls `landed` whenever something is on the disk, with the newest mark. It must not wait.
    pub fn on_landing(&self, landed: impl Fn(Mark) + Send + Sync + 'static) {
        // There is one who listens.
        let _ = self.shared.landed.set(Box::new(landed));
    }

    /// Keeps them: on return the kernel has them, or they wait in memory and the operator was told. The mark
    /// says by when they are on the disk; nothing, where that would be waited for in vain.
    pub fn keep(&self, kept: &[T]) -> Option<Mark> {
        let mut writer = self.shared.lock();
        let trouble = writer.keep(kept);
        let mark = (!writer.is_refused).then_some(Mark(writer.batches));
        if mark.is_some() && std::mem::take(&mut writer.is_asleep) {
            self.shared.wake.notify_all();
        }
        drop(writer);
        trouble.into_iter().for_each(|trouble| (self.shared.tell)(trouble));
        mark
    }
}

impl<T> Drop for Ledger<T> {
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
    fn keep<T: Entry>(&mut self, kept: &[T]) -> Option<Trouble> {
        let mut lines = Vec::with_capacity(kept.len() * 512);
        for kept in kept {
            let line = line_of(kept);
            lines.extend_from_slice(&line);
            self.newest_bytes += line.len() as u64;
            let before = match kept.is_nothing() {
                true => self.newest.remove(&kept.key()),
                false => self.newest.insert(kept.key(), Arc::clone(&line)),
            };
            let gone = if kept.is_nothing() { line.len() as u64 } else { 0 };
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
                self.batches += 1;
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
        if !writer.is_stopping && writer.synced == writer.batches {
            writer.is_asleep = true;
            let waited = shared.wake.wait_timeout(writer, EVERY);
            writer = waited.unwrap_or_else(PoisonError::into_inner).0;
            writer.is_asleep = false;
        }
        let is_last = writer.is_stopping;
        if !is_last && writer.synced < writer.batches {
            drop(writer);
            thread::sleep(GATHER);
            writer = shared.lock();
        }
        if writer.wants_sweeping() {
            drop(writer);
            sweep(shared).into_iter().for_each(|trouble| (shared.tell)(trouble));
            writer = shared.lock();
        }
        if writer.synced < writer.batches {
            drop(writer);
            sync(shared);
            writer = shared.lock();
        }
        if is_last {
            return;
        }
    }
}

/// Forces to the disk what was written until now, and tells those who wait for it.
fn sync(shared: &Shared) {
    let (file, batches) = {
        let writer = shared.lock();
        (writer.file.handle(), writer.batches)
    };
    let synced = file.sync_data();
    let mut writer = shared.lock();
    if let Err(error) = synced {
        // To sync once more would say that all is well, as the kernel forgets what it could not write: all of
        // it is written anew.
        writer.is_refused = true;
        (shared.tell)(Trouble::NotSynced { words: error.to_string() });
    }
    writer.synced = batches;
    drop(writer);
    if let Some(landed) = shared.landed.get() {
        landed(Mark(batches));
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
    let mut file =
        io::BufWriter::new(private::options().create(true).truncate(true).write(true).open(aside(path))?);
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

fn line_of<T: Entry>(kept: &T) -> Arc<[u8]> {
    let mut line = serde_json::to_vec(kept).expect("entries have string keys and are written to memory");
    line.push(b'\n');
    line.into()
}

fn read<T: Entry>(path: &Path) -> io::Result<Restored<T>> {
    let mut restored = Restored { kept: Vec::new(), unreadable: 0, torn: 0 };
    if !path.exists() {
        return Ok(restored);
    }
    restored.torn = torn::set_aside(path)?.unwrap_or(0);
    let mut newest: BTreeMap<Arc<str>, T> = BTreeMap::new();
    for line in BufReader::new(File::open(path)?).split(b'\n') {
        match serde_json::from_slice::<T>(&line?) {
            Ok(kept) => drop(newest.insert(kept.key(), kept)),
            Err(_) => restored.unreadable += 1,
        }
    }
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let now = WallTime(i64::try_from(since.as_millis()).unwrap_or(i64::MAX));
    for mut kept in newest.into_values() {
        kept.expire(now);
        if !kept.is_nothing() {
            restored.kept.push(kept);
        }
    }
    Ok(restored)
}
