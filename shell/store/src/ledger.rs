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
use switch::{Help, Kept, KeptMessage, KeptPresence, WallTime};

use crate::file::LineFile;
use crate::landing::{Landed, Mark};
use crate::phone_line;
use crate::private;
use crate::torn;
use crate::trouble::{OpenFault, Trouble};

/// Below this a file is not worth sweeping.
const SWEEP_MIN: u64 = 1024 * 1024;
/// Room that is enough for a line of a user with one phone or two.
const USUAL_LINE: usize = 1024;
/// How often what the disk refused is tried again.
const EVERY: Duration = Duration::from_secs(1);

/// Where users' phones are.
pub type Phones = Ledger<Kept>;

/// Who watches whom, and what devices publish.
pub type Watchers = Ledger<KeptPresence>;

/// Messages that wait for their receivers.
pub type Messages = Ledger<KeptMessage>;

/// Who called for help.
pub type Helps = Ledger<Help>;

/// What is kept under a key until something newer is.
pub trait Entry: Serialize + DeserializeOwned {
    /// Its file, under the data directory.
    const FILE: &str;
    /// How lines are gathered that are written, and forced to the disk, together.
    const GATHER: Gather = Gather::For(Duration::from_millis(1));
    /// Writes it as a line of JSON, without the line's end.
    fn write(&self, line: &mut Vec<u8>) {
        serde_json::to_writer(line, self).expect("entries have string keys and are written to memory");
    }
    fn key(&self) -> Arc<str>;
    /// Whether it says that there is nothing any more.
    fn is_nothing(&self) -> bool;
    /// Leaves out what has ended by now.
    fn expire(&mut self, now: WallTime);
}

/// When lines are written that were kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gather {
    /// So long after the first.
    For(Duration),
    /// When whoever keeps them says so (`Ledger::write`).
    UntilTold,
}

impl Entry for Kept {
    const FILE: &str = "phones/bindings.jsonl";
    /// Phones say where they are by the hundred: a shard knows best whether more of them are on their way.
    const GATHER: Gather = Gather::UntilTold;

    fn write(&self, line: &mut Vec<u8>) {
        phone_line::write(self, line);
    }

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

/// No window in which somebody is called back is longer (`system.callback_window`).
const DAY_MS: i64 = 86_400_000;

impl Entry for Help {
    const FILE: &str = "emergency/helps.jsonl";

    fn key(&self) -> Arc<str> {
        Arc::clone(&self.user)
    }

    fn is_nothing(&self) -> bool {
        self.at.0 == 0
    }

    fn expire(&mut self, now: WallTime) {
        if self.at.0.saturating_add(DAY_MS) < now.0 {
            self.at.0 = 0;
        }
    }
}

/// The writer of such a file; shared by all shards.
pub struct Ledger<T> {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
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
    to_work: Condvar,
    landed: OnceLock<Landed>,
}

/// What counts, and what is not on the disk yet.
struct Table {
    newest: BTreeMap<Arc<str>, Arc<[u8]>>,
    newest_bytes: u64,
    pending: Vec<u8>,
    /// The line at hand, whose room is used again and again.
    line: Vec<u8>,
    /// How many batches were given so far.
    given: u64,
    /// Where lines go that are added.
    file: Arc<File>,
    /// The kernel has all up to here, and the disk may not.
    afloat: Option<u64>,
    is_syncing: bool,
    /// Nobody is writing.
    writer: Option<Writer>,
    /// What is pending is to be written.
    is_told: bool,
    /// The disk refused lines: the file lacks what `newest` has.
    is_refused: bool,
    /// It is time to look whether the disk still refuses.
    is_tried_again: bool,
    sleepers: u8,
    /// One of those who sleep is being woken.
    is_called: bool,
    is_stopping: bool,
    /// What a disk refuses is tried once more, and no oftener, when all ends.
    is_last_try: bool,
}

/// The one who brings lines into the kernel. Shards never wait for it: a disk may stand still for seconds.
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
        let handle = file.handle();
        let writer = Writer { path: path.clone(), file, written: newest_bytes };
        let table = Table {
            newest,
            newest_bytes,
            pending: Vec::new(),
            line: Vec::new(),
            given: 0,
            file: handle,
            afloat: None,
            is_syncing: false,
            writer: Some(writer),
            is_told: false,
            is_refused: false,
            is_tried_again: false,
            sleepers: 0,
            is_called: false,
            is_stopping: false,
            is_last_try: false,
        };
        let shared = Arc::new(Shared {
            tell: Box::new(tell),
            table: Mutex::new(table),
            to_work: Condvar::new(),
            landed: OnceLock::new(),
        });
        let mut ledger = Ledger { shared, threads: Vec::new(), of: PhantomData };
        for _ in 0..2 {
            ledger.begin().map_err(unusable)?;
        }
        Ok((ledger, restored))
    }

    fn begin(&mut self) -> io::Result<()> {
        let shared = Arc::clone(&self.shared);
        let work = move || work_until_stopped(&shared, T::GATHER);
        self.threads.push(thread::Builder::new().name("ledger".to_owned()).spawn(work)?);
        Ok(())
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
        if table.is_due(T::GATHER) {
            self.shared.call(&mut table);
        }
        (!table.is_refused).then_some(Mark(table.given))
    }

    /// Has what was kept written now, where it waits for that; never waits itself.
    pub fn write(&self) {
        let mut table = self.shared.lock();
        table.is_told = true;
        if table.is_due(T::GATHER) {
            self.shared.call(&mut table);
        }
    }
}

impl<T> Drop for Ledger<T> {
    fn drop(&mut self) {
        let mut table = self.shared.lock();
        table.is_stopping = true;
        drop(table);
        self.shared.to_work.notify_all();
        for thread in self.threads.drain(..) {
            // A panic in it was already printed; there is nothing left to save.
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes one of those who sleep. Whoever is writing looks for more by itself.
    fn call(&self, table: &mut Table) {
        if table.writer.is_some() && table.sleepers > 0 && !table.is_called {
            table.is_called = true;
            self.to_work.notify_one();
        }
    }

    fn tell(&self, landed: Option<u64>, told: Option<Trouble>) {
        if let (Some(mark), Some(landed)) = (landed, self.landed.get()) {
            landed(Mark(mark));
        }
        told.into_iter().for_each(|trouble| (self.tell)(trouble));
    }
}

impl Table {
    /// Whether something is to be written now.
    fn is_due(&self, gather: Gather) -> bool {
        match (self.is_refused, self.is_stopping) {
            (true, true) => !self.is_last_try,
            (true, false) => self.is_tried_again,
            (false, true) => !self.pending.is_empty(),
            (false, false) => !self.pending.is_empty() && (self.is_told || gather != Gather::UntilTold),
        }
    }

    fn put<T: Entry>(&mut self, kept: &[T]) {
        self.given += 1;
        for kept in kept {
            self.line.clear();
            write_line(kept, &mut self.line);
            if !self.is_refused {
                self.pending.extend_from_slice(&self.line);
            }
            let before = match kept.is_nothing() {
                true => self.newest.remove(&kept.key()).map_or(0, |line| line.len()),
                false => self.remember(kept.key()),
            };
            self.newest_bytes -= before as u64;
        }
    }

    /// The line at hand is the newest of a key, in the room of the one before where that is as long. How long
    /// the one before was.
    fn remember(&mut self, key: Arc<str>) -> usize {
        let line = &*self.line;
        self.newest_bytes += line.len() as u64;
        let Some(known) = self.newest.get_mut(&key) else {
            self.newest.insert(key, Arc::from(line));
            return 0;
        };
        let before = known.len();
        match Arc::get_mut(known).filter(|room| room.len() == line.len()) {
            Some(room) => room.copy_from_slice(line),
            None => *known = Arc::from(line),
        }
        before
    }
}

/// What a thread of a ledger does next. There are two, so that lines come into the kernel while the disk
/// takes its time; where it is quick, one of them does both, and the other one sleeps.
enum Task {
    Write(Writer),
    /// Has the disk take what the kernel has up to here.
    Sync(Arc<File>, u64),
    Stop,
}

/// What is to be written next.
enum Work {
    /// These lines, behind the others.
    Append(Vec<u8>),
    /// Everything that counts, in the place of what is there.
    Anew(Vec<Arc<[u8]>>),
}

fn work_until_stopped(shared: &Shared, gather: Gather) {
    loop {
        match next_task(shared, gather) {
            Task::Write(writer) => write(shared, writer, gather),
            Task::Sync(file, up_to) => sync(shared, &file, up_to),
            Task::Stop => return,
        }
    }
}

fn next_task(shared: &Shared, gather: Gather) -> Task {
    let mut table = shared.lock();
    loop {
        table.is_called = false;
        let is_due = table.is_due(gather);
        if !table.is_syncing
            && let Some(up_to) = table.afloat
        {
            table.is_syncing = true;
            if is_due {
                shared.call(&mut table);
            }
            return Task::Sync(Arc::clone(&table.file), up_to);
        }
        if is_due && let Some(writer) = table.writer.take() {
            return Task::Write(writer);
        }
        // Whoever is at work looks for more when that is done.
        if table.is_stopping {
            return Task::Stop;
        }
        table.sleepers += 1;
        table = match table.is_refused {
            true => {
                let waited = shared.to_work.wait_timeout(table, EVERY);
                let (mut table, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
                table.is_tried_again |= timeout.timed_out();
                table
            }
            false => shared.to_work.wait(table).unwrap_or_else(PoisonError::into_inner),
        };
        table.sleepers -= 1;
    }
}

fn write(shared: &Shared, mut writer: Writer, gather: Gather) {
    if let Gather::For(time) = gather
        && !shared.lock().is_stopping
    {
        thread::sleep(time);
    }
    let (work, given) = {
        let mut table = shared.lock();
        (table.is_told, table.is_tried_again) = (false, false);
        table.is_last_try = table.is_stopping;
        let lines = std::mem::take(&mut table.pending);
        let length = writer.written + lines.len() as u64;
        let work = match table.is_refused || length > SWEEP_MIN.max(2 * table.newest_bytes) {
            true => Work::Anew(table.newest.values().cloned().collect()),
            false => Work::Append(lines),
        };
        (work, table.given)
    };
    let done = writer.write(&work);
    note(shared, writer, &work, done, given);
}

impl Writer {
    /// Lines that are added are in the kernel then, and what is made anew is on the disk.
    fn write(&mut self, work: &Work) -> io::Result<()> {
        match work {
            Work::Append(lines) if lines.is_empty() => Ok(()),
            Work::Append(lines) => {
                self.file.append(lines)?;
                self.written += lines.len() as u64;
                Ok(())
            }
            Work::Anew(lines) => {
                make_anew(&self.path, lines.iter())?;
                self.file = finish(&self.path)?;
                self.written = lines.iter().map(|line| line.len() as u64).sum();
                Ok(())
            }
        }
    }
}

/// Tells what became of it, and those who wait for it.
fn note(shared: &Shared, writer: Writer, work: &Work, done: io::Result<()>, given: u64) {
    let mut table = shared.lock();
    let was_refused = table.is_refused;
    let (known, all) = (table.newest.len(), table.given);
    let mut landed = None;
    let told = match (done, work) {
        (Ok(()), Work::Append(lines)) if lines.is_empty() => None,
        (Ok(()), Work::Append(_)) => {
            table.afloat = Some(given);
            None
        }
        (Ok(()), Work::Anew(_)) => {
            table.file = writer.file.handle();
            (table.afloat, table.is_refused) = (None, false);
            landed = Some(given);
            was_refused.then_some(Trouble::Recovered { records: known as u64 })
        }
        (Err(error), _) => {
            table.is_refused = true;
            // While the disk refuses nobody waits in vain.
            landed = Some(all);
            (!was_refused).then(|| Trouble::Refused { words: error.to_string(), waiting: known })
        }
    };
    table.writer = Some(writer);
    drop(table);
    shared.tell(landed, told);
}

/// Has the disk take what the kernel has. To sync once more what failed would say that all is well, as the
/// kernel forgets what it could not write: whatever fails is mended by writing all of it anew.
fn sync(shared: &Shared, file: &Arc<File>, up_to: u64) {
    let done = file.sync_data();
    let mut table = shared.lock();
    table.is_syncing = false;
    // Of a file that was made anew meanwhile nobody needs to know.
    let is_current = Arc::ptr_eq(&table.file, file);
    let was_refused = table.is_refused;
    let (landed, told) = match done {
        Ok(()) => {
            table.afloat.take_if(|newest| is_current && *newest == up_to);
            (Some(up_to), None)
        }
        Err(_) if !is_current => (None, None),
        Err(error) => {
            (table.afloat, table.is_refused) = (None, true);
            (Some(table.given), (!was_refused).then(|| Trouble::NotSynced { words: error.to_string() }))
        }
    };
    drop(table);
    shared.tell(landed, told);
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
    let mut line = Vec::with_capacity(USUAL_LINE);
    write_line(kept, &mut line);
    line.into()
}

fn write_line<T: Entry>(kept: &T, line: &mut Vec<u8>) {
    kept.write(line);
    line.push(b'\n');
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
