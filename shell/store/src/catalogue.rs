//! Records as they are searched: a database that a thread of its own fills from the files of records, each
//! line once. The files are what is true; a database that is broken or gone is made of them anew, and no call
//! and no start ever waits for it.
//!
//! `lines` reads the files, `row` says what a line is found by, `fill` goes on from round to round, `wanted`
//! is what somebody looks for, `through` reads all of them; `engine` is what a database has to do, `sqlite`
//! and `postgres` do it; `check` looks whether it still can.

mod bell;
mod check;
mod engine;
mod examined;
mod fill;
mod lines;
mod postgres;
mod row;
mod search;
mod sqlite;
mod through;
mod walk;
mod wanted;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock, TryLockError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant, SystemTime};

use serde::Serialize;
use serde_json::Value;

use crate::briefs::Maker;
use crate::day::Day;
use crate::store::claim;
use crate::table::Span;
use crate::trouble::OpenFault;
use bell::Bell;
use check::Check;
use engine::{Engine, Fault, Hit, Line};
use fill::{Filler, Look};
use postgres::Server;
use sqlite::Sqlite;

pub use engine::{EachPart, Fault as CatalogueFault, Part};
pub use examined::Examined;
pub use postgres::{Postgres, PostgresHost};
pub use row::turned_away_id;
pub use wanted::{Cursor, NoCursor, Wanted};

/// Records that come within this time are taken in together, as long as nobody searches.
const GATHER: Duration = Duration::from_secs(1);
/// How often the newest files are looked at when nobody rings.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// A search does not wait longer until what is new is taken in.
const CATCH_UP_MAX: Duration = Duration::from_millis(100);
/// How often all files are looked at, and old ones go.
const LOOK_AT_ALL: Duration = Duration::from_secs(60);
/// How long a database that does not work is left alone: twice as long each time, up to the most.
const RETRY: Duration = Duration::from_secs(1);
const RETRY_MAX: Duration = Duration::from_secs(30);
/// No answer lists more.
const FOUND_MAX: usize = 1_000;
/// Below whatever carries calls.
const NICE: i32 = 10;

/// What an operator must hear of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// It cannot be read any more; it is made anew from the files.
    Broken { words: String },
    /// Nothing is taken in for now.
    Stopped { words: String },
    /// It goes on after that, or is whole again.
    Recovered { rows: u64 },
    /// Lines of the files of records that are none.
    Unreadable { lines: u64 },
    /// Old records were deleted.
    Deleted { rows: u64 },
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct FoundCalls {
    /// Whole records, and callers who were turned away; the newest first.
    pub records: Vec<Value>,
    /// Where the list goes on; nothing, where it has ended.
    pub next: Option<Cursor>,
    /// How many bytes of the files nobody could search yet: more than a moment's worth while it is made anew.
    pub behind_bytes: u64,
}

/// Where rows are kept.
#[derive(Clone, Debug, Default)]
pub enum Database {
    /// A file of the data folder.
    #[default]
    Sqlite,
    Postgres(Postgres),
}

/// How the database stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Health {
    /// How many bytes of the files it lacks, as far as that is known while it is not there.
    pub behind_bytes: u64,
    /// Why it takes nothing in.
    pub trouble: Option<String>,
}

type Tell = Box<dyn Fn(Note) + Send + Sync>;

/// The database of a running house, and the thread that fills it.
pub struct Catalogue {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
    /// Makes what reports read, where they read files.
    briefs: Option<JoinHandle<()>>,
}

struct Shared {
    data: PathBuf,
    engine: Box<dyn Engine>,
    /// Held by who reads through all of them.
    reading: Mutex<()>,
    /// Held by who searches, and alone by who moves a broken database away.
    in_place: RwLock<()>,
    tell: Tell,
    has_news: AtomicBool,
    bell: Bell,
    /// Whether there is a database to search.
    is_open: AtomicBool,
    is_broken: AtomicBool,
    is_stopping: Arc<AtomicBool>,
    behind: AtomicU64,
    trouble: Mutex<Option<String>>,
    /// 0: for ever.
    keep_days: AtomicU32,
}

impl Catalogue {
    /// Begins to fill. Of whatever is wrong with the database, it is `tell` that hears.
    pub fn start(data: &Path, tell: impl Fn(Note) + Send + Sync + 'static) -> Result<Catalogue, OpenFault> {
        Catalogue::start_on(&Database::Sqlite, data, tell)
    }

    /// The same where records are searched elsewhere.
    pub fn start_on(
        database: &Database,
        data: &Path,
        tell: impl Fn(Note) + Send + Sync + 'static,
    ) -> Result<Catalogue, OpenFault> {
        let shared = Arc::new(Shared::new(data, database, Box::new(tell)));
        let filling = Arc::clone(&shared);
        let unusable = |error| OpenFault::Unusable { path: data.to_owned(), error };
        let thread = thread::Builder::new().name("catalogue".to_owned()).spawn(move || run(&filling));
        // From here on it ends the threads that it has.
        let mut catalogue = Catalogue { shared, thread: Some(thread.map_err(unusable)?), briefs: None };
        if matches!(database, Database::Sqlite) {
            let (maker, shared) = (Maker::new(data), Arc::clone(&catalogue.shared));
            let making = thread::Builder::new().name("briefs".to_owned());
            let making = making.spawn(move || {
                be_nice();
                maker.run(&shared.is_stopping);
            });
            catalogue.briefs = Some(making.map_err(unusable)?);
        }
        Ok(catalogue)
    }

    /// Says that there is something new in the files. Never waits.
    pub fn ring(&self) {
        let is_known = self.shared.has_news.swap(true, Ordering::AcqRel);
        if let (false, Some(thread)) = (is_known, &self.thread) {
            thread.thread().unpark();
        }
    }

    /// How long records are kept; 0 is for ever.
    pub fn keep_days(&self, days: u32) {
        self.shared.keep_days.store(days, Ordering::Relaxed);
    }

    /// What there is of it by now. May wait for a moment, until what is new was taken in.
    pub fn find(&self, wanted: &Wanted) -> Result<FoundCalls, Fault> {
        if let Some(thread) = &self.thread {
            let turn = self.shared.bell.ask();
            thread.thread().unpark();
            self.shared.bell.wait(turn, CATCH_UP_MAX);
        }
        self.shared.find(wanted)
    }

    /// Hands over what there is of all calls that began in a span, and perhaps others. It takes seconds where
    /// they are many: one asks at a time.
    pub fn each_part(&self, span: Span, each: &mut EachPart<'_>) -> Result<(), Fault> {
        self.shared.each_part(span, each)
    }

    pub fn health(&self) -> Health {
        let trouble = self.shared.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Health { behind_bytes: self.shared.behind.load(Ordering::Relaxed), trouble }
    }
}

impl Drop for Catalogue {
    fn drop(&mut self) {
        self.shared.is_stopping.store(true, Ordering::Release);
        for thread in [self.thread.take(), self.briefs.take()].into_iter().flatten() {
            thread.thread().unpark();
            // A panic there was printed already.
            let _ = thread.join();
        }
    }
}

/// The database of a data folder on which no house runs; `lock` is free as long as nobody has this.
pub struct Alone {
    shared: Shared,
    _claim: File,
}

impl Alone {
    /// Takes in what is missing, as long as that takes. `None`: a house runs there, and is to be asked.
    pub fn open(
        data: &Path,
        tell: impl Fn(Note) + Send + Sync + 'static,
    ) -> Result<Option<Alone>, OpenFault> {
        Alone::open_on(&Database::Sqlite, data, tell)
    }

    /// The same where records are searched elsewhere.
    pub fn open_on(
        database: &Database,
        data: &Path,
        tell: impl Fn(Note) + Send + Sync + 'static,
    ) -> Result<Option<Alone>, OpenFault> {
        let unusable = |fault: Fault| OpenFault::Unusable {
            path: place_of(data, database),
            error: std::io::Error::other(fault.to_string()),
        };
        let claim = match claim(&data.join("records")) {
            Ok(claim) => claim,
            Err(OpenFault::InUse(_)) => return Ok(None),
            Err(fault) => return Err(fault),
        };
        let shared = Shared::new(data, database, Box::new(tell));
        let mut filler = match shared.filler() {
            Err(Fault::Broken(words)) => {
                (shared.tell)(Note::Broken { words });
                shared.set_aside().and_then(|()| shared.filler())
            }
            opened => opened,
        }
        .map_err(unusable)?;
        loop {
            let round = filler.round(Look::All).map_err(unusable)?;
            if !round.has_more {
                break;
            }
        }
        drop(filler);
        Ok(Some(Alone { shared, _claim: claim }))
    }

    pub fn find(&self, wanted: &Wanted) -> Result<FoundCalls, Fault> {
        self.shared.find(wanted)
    }

    /// Hands over what there is of all calls that began in a span, and perhaps others.
    pub fn each_part(&self, span: Span, each: &mut EachPart<'_>) -> Result<(), Fault> {
        self.shared.each_part(span, each)
    }
}

/// Hands over what there is of all calls that began in a span, and perhaps others, out of a data folder's own
/// files. Also while a house runs on it.
pub fn each_part(data: &Path, span: Span, each: &mut EachPart<'_>) -> Result<(), Fault> {
    Sqlite::at(place_of(data, &Database::Sqlite)).each_part(span, each)
}

/// Compares the database of a data folder with its files, line by line. Also while a house runs on it.
pub fn examine(data: &Path) -> Result<Examined, Fault> {
    examine_on(&Database::Sqlite, data)
}

/// The same where records are searched elsewhere.
pub fn examine_on(database: &Database, data: &Path) -> Result<Examined, Fault> {
    examined::examine(data, &*engine_of(data, database, Arc::default()))
}

fn engine_of(data: &Path, database: &Database, is_stopping: Arc<AtomicBool>) -> Box<dyn Engine> {
    match database {
        Database::Sqlite => Box::new(Sqlite::at(place_of(data, database))),
        Database::Postgres(to) => Box::new(Server::new(to.clone(), data, is_stopping)),
    }
}

/// What is named where something is wrong with it.
fn place_of(data: &Path, database: &Database) -> PathBuf {
    match database {
        Database::Sqlite => data.join("records.sqlite"),
        Database::Postgres(to) => PathBuf::from(format!("database {} of PostgreSQL", to.database)),
    }
}

impl Shared {
    fn new(data: &Path, database: &Database, tell: Tell) -> Shared {
        let is_stopping = Arc::new(AtomicBool::new(false));
        Shared {
            data: data.to_owned(),
            engine: engine_of(data, database, Arc::clone(&is_stopping)),
            reading: Mutex::default(),
            in_place: RwLock::new(()),
            tell,
            has_news: AtomicBool::new(false),
            bell: Bell::default(),
            is_open: AtomicBool::new(false),
            is_broken: AtomicBool::new(false),
            is_stopping,
            behind: AtomicU64::new(0),
            trouble: Mutex::default(),
            keep_days: AtomicU32::new(0),
        }
    }

    fn filler(&self) -> Result<Filler, Fault> {
        let filler = Filler::new(&self.data, self.engine.open()?)?;
        self.is_open.store(true, Ordering::Release);
        Ok(filler)
    }

    fn set_aside(&self) -> Result<(), Fault> {
        let _alone = self.in_place.write().unwrap_or_else(PoisonError::into_inner);
        self.is_open.store(false, Ordering::Release);
        self.engine.set_aside()
    }

    fn find(&self, wanted: &Wanted) -> Result<FoundCalls, Fault> {
        let _shared = self.in_place.read().unwrap_or_else(PoisonError::into_inner);
        if !self.is_open.load(Ordering::Acquire) {
            let trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone();
            let begins = || "what searches records is not there yet; look again in a moment".to_owned();
            return Err(Fault::NotNow(trouble.unwrap_or_else(begins)));
        }
        let wanted = Wanted { most: wanted.most.clamp(1, FOUND_MAX), ..wanted.clone() };
        let hits = self.engine.find(&wanted).inspect_err(|fault| {
            if matches!(fault, Fault::Broken(_)) {
                self.is_broken.store(true, Ordering::Release);
            }
        })?;
        let next = if hits.len() < wanted.most { None } else { hits.last().map(|last| last.cursor) };
        let mut records = Vec::with_capacity(hits.len());
        for hit in hits {
            records.extend(self.body(&hit)?);
        }
        Ok(FoundCalls { records, next, behind_bytes: self.behind.load(Ordering::Relaxed) })
    }

    fn each_part(&self, span: Span, each: &mut EachPart<'_>) -> Result<(), Fault> {
        let busy = || Fault::NotNow("somebody reads all records already; ask again in a moment".to_owned());
        let _alone = match self.reading.try_lock() {
            Ok(alone) => alone,
            Err(TryLockError::Poisoned(alone)) => alone.into_inner(),
            Err(TryLockError::WouldBlock) => return Err(busy()),
        };
        self.engine.each_part(span, each)
    }

    fn stands(&self, trouble: Option<&str>) {
        let words = trouble.map(str::to_owned);
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = words;
    }

    /// The whole of it; nothing, where its file has gone meanwhile.
    fn body(&self, hit: &Hit) -> Result<Option<Value>, Fault> {
        if let Some(line) = &hit.line {
            return Ok(body_of(&hit.id, line));
        }
        let path = lines::path_of(&self.data, &hit.file);
        let line = match lines::line_at(&path, hit.at, hit.length) {
            Ok(line) => line,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Fault::NotNow(format!("{}: {error}", path.display()))),
        };
        let value = serde_json::from_slice::<Value>(&line).ok();
        let value = value.map(|mut value| {
            if lines::is_of_events(&hit.file) {
                value["id"] = hit.id.clone().into();
            }
            value
        });
        let meant = value.filter(|value| value["id"] == hit.id);
        let other = || Fault::Broken(format!("{}: {} is not where it was", path.display(), hit.id));
        meant.map(Some).ok_or_else(|| {
            self.is_broken.store(true, Ordering::Release);
            other()
        })
    }
}

/// What a database has itself, and which node's it is.
fn body_of(id: &str, line: &Line) -> Option<Value> {
    let mut value = serde_json::from_str::<Value>(&line.text).ok().filter(Value::is_object)?;
    if value.get("id").is_none() {
        value["id"] = id.into();
    }
    if let Some(node) = &line.node {
        value["node"] = node.as_str().into();
    }
    Some(value)
}

fn be_nice() {
    // Without leave to be nice it is as good as it can be.
    let _ = rustix::process::setpriority_process(Some(rustix::thread::gettid()), NICE);
}

/// Fills until it is told to stop; what is broken is made anew.
fn run(shared: &Shared) {
    be_nice();
    let (mut trouble, mut marks, mut retry) = (None, BTreeMap::new(), RETRY);
    while !shared.is_stopping.load(Ordering::Acquire) {
        let ended = shared.filler().and_then(|mut filler| {
            let begun = Instant::now();
            let ended = fill(shared, &mut filler, &mut trouble);
            if begun.elapsed() > RETRY_MAX {
                retry = RETRY;
            }
            marks = filler.into_marks();
            ended
        });
        shared.is_broken.store(false, Ordering::Release);
        match ended {
            Ok(()) => return,
            Err(Fault::Broken(words)) => {
                trouble = Some(words.clone());
                (shared.tell)(Note::Broken { words });
                if let Err(fault) = shared.set_aside() {
                    (shared.tell)(Note::Stopped { words: fault.to_string() });
                    rest_for(shared, &mut retry);
                }
            }
            Err(fault) => {
                let words = fault.to_string();
                // A server that comes and goes says something else each time.
                let is_known = matches!(fault, Fault::Away(_)) && trouble.is_some();
                if !is_known && trouble.as_ref() != Some(&words) {
                    (shared.tell)(Note::Stopped { words: words.clone() });
                }
                shared.stands(Some(&words));
                shared.behind.store(fill::behind(&shared.data, &marks).unwrap_or(0), Ordering::Relaxed);
                trouble = Some(words);
                rest_for(shared, &mut retry);
            }
        }
    }
}

/// Round after round, until the house stops or the database does not go on.
fn fill(shared: &Shared, filler: &mut Filler, trouble: &mut Option<String>) -> Result<(), Fault> {
    let mut looked_at_all: Option<Instant> = None;
    let mut kept = None;
    let mut rows = 0;
    let mut check = Check::default();
    loop {
        let is_last = shared.is_stopping.load(Ordering::Acquire);
        shared.has_news.store(false, Ordering::Release);
        if shared.is_broken.swap(false, Ordering::AcqRel) {
            return Err(Fault::Broken("a search could not read it".to_owned()));
        }
        let look = match looked_at_all {
            Some(at) if at.elapsed() < LOOK_AT_ALL => Look::Newest,
            _ => Look::All,
        };
        let turn = shared.bell.newest();
        let round = filler.round(look)?;
        shared.bell.answer(turn);
        rows += round.rows;
        if round.unreadable > 0 {
            (shared.tell)(Note::Unreadable { lines: round.unreadable });
        }
        if round.has_more {
            shared.behind.store(filler.behind().unwrap_or(0), Ordering::Relaxed);
        } else {
            shared.behind.store(0, Ordering::Relaxed);
            if trouble.take().is_some() {
                shared.stands(None);
                (shared.tell)(Note::Recovered { rows });
            }
        }
        if look == Look::All && !round.has_more {
            looked_at_all = Some(Instant::now());
            let due = (Day::of(SystemTime::now()), shared.keep_days.load(Ordering::Relaxed));
            // Once a day: it looks at everything.
            if kept != Some(due) && due.1 > 0 {
                let gone = filler.keep_days(due.1)?;
                (gone > 0).then(|| (shared.tell)(Note::Deleted { rows: gone }));
            }
            kept = Some(due);
        }
        if is_last {
            return Ok(());
        }
        if !round.has_more {
            filler.look_at(&mut check)?;
        }
        if !round.has_more {
            rest_until_news(shared, &check);
        }
    }
}

/// Until something came, and more with it, or somebody searches, or there is more to look at.
fn rest_until_news(shared: &Shared, check: &Check) {
    let begun = Instant::now();
    while !shared.bell.is_asked() && !shared.is_stopping.load(Ordering::Acquire) {
        let is_idle = !shared.has_news.load(Ordering::Acquire) && check.rests();
        let least = if is_idle { LOOK_EVERY } else { GATHER };
        let left = least.saturating_sub(begun.elapsed());
        if left.is_zero() {
            return;
        }
        thread::park_timeout(left);
    }
}

/// For a while that grows, whatever the news are.
fn rest_for(shared: &Shared, retry: &mut Duration) {
    let until = Instant::now() + *retry;
    *retry = (*retry * 2).min(RETRY_MAX);
    while let Some(left) = until.checked_duration_since(Instant::now()).filter(|left| !left.is_zero()) {
        if shared.is_stopping.load(Ordering::Acquire) {
            return;
        }
        thread::park_timeout(left);
    }
}
