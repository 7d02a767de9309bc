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
    writer: Option<JoinHandle<()>>,
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
    table: Mutex<Table>,
    wake: Condvar,
    landed: OnceLock<Landed>,
}

/// What counts, and what is not on the disk yet.
struct Table {
    newest: BTreeMap<Arc<str>, Arc<[u8]>>,
    newest_bytes: u64,
    pending: Vec<u8>,
    /// How many batches were given so far.
    given: u64,
    /// The disk refused lines: the file lacks what `newest` has.
    is_refused: bool,
    /// Whether the thread sleeps until somebody wakes it.
    is_asleep: bool,
    is_stopping: bool,
}

/// The one who writes. Shards never wait for it: a disk may stand still for seconds.
struct Writer {
    path: PathBuf,
    file: LineFile,
    written: u64,
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
        let file = make_anew(&path, newest.values()).and_then(|()| finish(&path));
        let file = file.map_err(unusable)?;
        let newest_bytes = newest.values().map(|line| line.len() as u64).sum();
        let writer = Writer { path: path.clone(), file, written: newest_bytes };
        let table = Table {
            newest,
            newest_bytes,
            pending: Vec::new(),
            given: 0,
            is_refused: false,
            is_asleep: false,
            is_stopping: false,
        };
        let shared = Arc::new(Shared {
            tell: Box::new(tell),
            table: Mutex::new(table),
            wake: Condvar::new(),
            landed: OnceLock::new(),
        });
        let writing = Arc::clone(&shared);
        let thread = thread::Builder::new()
            .name("store-ledger".to_owned())
            .spawn(move || write_until_stopped(&writing, writer))
            .map_err(unusable)?;
        Ok((Ledger { shared, writer: Some(thread), of: PhantomData }, restored))
    }

    /// Calls `landed` whenever something is on the disk, with the newest mark. It must not wait.
    pub fn on_landing(&self, landed: impl Fn(Mark) + Send + Sync + 'static) {
        // There is one who listens.
        let _ = self.shared.landed.set(Box::new(landed));
    }

    /// Takes them in, and never waits. The mark says by when they are on the disk; nothing, where that would
    /// be waited for in vain, as the disk refuses: they are known in memory, and the operator was told.
    pub fn keep(&self, kept: &[T]) -> Option<Mark> {
        let mut table = self.shared.lock();
        table.put(kept);
        if std::mem::take(&mut table.is_asleep) {
            self.shared.wake.notify_all();
        }
        (!table.is_refused).then_some(Mark(table.given))
    }
}

impl<T> Drop for Ledger<T> {
    fn drop(&mut self) {
        self.shared.lock().is_stopping = true;
        self.shared.wake.notify_all();
        if let Some(writer) = self.writer.take() {
            // A panic in it was already printed; there is nothing left to save.
            let _ = writer.join();
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    fn put<T: Entry>(&mut self, kept: &[T]) {
        self.given += 1;
        for kept in kept {
            let line = line_of(kept);
            if !self.is_refused {
                self.pending.extend_from_slice(&line);
            }
            self.newest_bytes += line.len() as u64;
            let before = match kept.is_nothing() {
                true => self.newest.remove(&kept.key()),
                false => self.newest.insert(kept.key(), Arc::clone(&line)),
            };
            let gone = if kept.is_nothing() { line.len() as u64 } else { 0 };
            self.newest_bytes -= gone + before.map_or(0, |line| line.len() as u64);
        }
    }
}

/// What is to be written next.
enum Work {
    /// These lines, behind the others.
    Append(Vec<u8>),
    /// Everything that counts, in the place of what is there.
    Anew(Vec<Arc<[u8]>>),
}

fn write_until_stopped(shared: &Shared, mut writer: Writer) {
    loop {
        let is_last = wait(shared);
        let (work, given) = {
            let mut table = shared.lock();
            let lines = std::mem::take(&mut table.pending);
            let length = writer.written + lines.len() as u64;
            let work = match table.is_refused || length > SWEEP_MIN.max(2 * table.newest_bytes) {
                true => Work::Anew(table.newest.values().cloned().collect()),
                false => Work::Append(lines),
            };
            (work, table.given)
        };
        note(shared, writer.write(&work), given);
        if is_last {
            return;
        }
    }
}

/// Until there is something to write, or to try again; whether it is the last time.
fn wait(shared: &Shared) -> bool {
    let mut table = shared.lock();
    while !table.is_stopping && table.pending.is_empty() {
        // Whoever keeps something while the disk refuses wakes nobody.
        table.is_asleep = !table.is_refused;
        let waited = shared.wake.wait_timeout(table, EVERY);
        let (woken, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
        table = woken;
        if table.is_refused && timeout.timed_out() {
            break;
        }
    }
    table.is_asleep = false;
    let is_last = table.is_stopping;
    drop(table);
    if !is_last {
        thread::sleep(GATHER);
    }
    is_last
}

impl Writer {
    /// On return it is on the disk. To sync once more what failed would say that all is well, as the kernel
    /// forgets what it could not write: whatever fails is mended by writing all of it anew.
    fn write(&mut self, work: &Work) -> Result<(), Trouble> {
        let refused = |error: io::Error| Trouble::Refused { words: error.to_string(), waiting: 0 };
        match work {
            Work::Append(lines) if lines.is_empty() => Ok(()),
            Work::Append(lines) => {
                self.file.append(lines).map_err(refused)?;
                self.written += lines.len() as u64;
                let synced = self.file.handle().sync_data();
                synced.map_err(|error| Trouble::NotSynced { words: error.to_string() })
            }
            Work::Anew(lines) => {
                make_anew(&self.path, lines.iter()).map_err(refused)?;
                self.file = finish(&self.path).map_err(refused)?;
                self.written = lines.iter().map(|line| line.len() as u64).sum();
                Ok(())
            }
        }
    }
}

/// Tells what became of it, and those who wait for it.
fn note(shared: &Shared, done: Result<(), Trouble>, given: u64) {
    let mut table = shared.lock();
    let was_refused = std::mem::replace(&mut table.is_refused, done.is_err());
    let known = table.newest.len();
    // While the disk refuses nobody waits in vain.
    let mark = Mark(if done.is_err() { table.given } else { given });
    drop(table);
    if let Some(landed) = shared.landed.get() {
        landed(mark);
    }
    match done {
        Ok(()) if was_refused => (shared.tell)(Trouble::Recovered { records: known as u64 }),
        Err(Trouble::Refused { words, .. }) if !was_refused => {
            (shared.tell)(Trouble::Refused { words, waiting: known });
        }
        Err(trouble) if !was_refused => (shared.tell)(trouble),
        _ => {}
    }
}

fn aside(path: &Path) -> PathBuf {
    path.with_extension("new")
}

fn make_anew<'a>(path: &Path, lines: impl Iterator<Item = &'a Arc<[u8]>>) -> io::Result<()> {
    let mut file =
        io::BufWriter::new(private::options().create(true).truncate(true).write(true).open(aside(path))?);
    lines.into_iter().try_for_each(|line| file.write_all(line))?;
    let file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
    file.sync_all()
}

fn finish(path: &Path) -> io::Result<LineFile> {
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
