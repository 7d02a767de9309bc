//! Directories are read time and again, by a thread of their own; what they hold is handed to the owner of
//! the house. Whatever is wrong with one of them, its users stay as they are known.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use cli::Exit;
use people::LeftOut;
use policy::PeopleSource;
use serde::Serialize;
use tracing::{error, info, warn};

use crate::control::Board;
use crate::desk::Order;
use crate::directory::BY_DIRECTORY;
use crate::revisions::{Job, Leavers, No, People, PeopleOutcome, Settled, Told, Trial, now_ms};

const LOOK_EVERY: Duration = Duration::from_secs(1);
/// After a failure a directory is asked again this soon.
const AGAIN_AFTER: Duration = Duration::from_secs(60);
/// How long the owner may take.
const PATIENCE: Duration = Duration::from_secs(50);
/// Entries that are left out and told one by one.
const TOLD_MAX: usize = 20;

/// All directories, and how each stands.
pub struct Directories {
    order: Order,
    board: Arc<Board>,
    base: PathBuf,
    standings: Mutex<BTreeMap<String, Standing>>,
    /// Held by whoever reads one: they are read one after another.
    turn: Mutex<()>,
}

/// A directory when it was read last.
struct Seen {
    source: PeopleSource,
    users: usize,
    due: Instant,
}

/// How a directory stands.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Standing {
    pub name: String,
    pub url: String,
    pub state: State,
    /// Why it is held, or was not read.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub why: Vec<String>,
    /// Users who come from it.
    pub users: usize,
    /// When it was read last, and when its users were last as it says.
    pub asked_ms: Option<i64>,
    pub current_ms: Option<i64>,
    pub left_out: Vec<LeftOut>,
}

/// What became of it when it was read last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    #[default]
    NotReadYet,
    Current,
    /// Its users would change in a way that somebody has to look at.
    Held,
    /// It could not be read.
    Unread,
    /// It was read, and could not be put in force now.
    Waiting,
}

impl Directories {
    pub fn new(order: Order, board: Arc<Board>, base: &Path) -> Directories {
        let (standings, turn) = (Mutex::default(), Mutex::default());
        Directories { order, board, base: base.to_owned(), standings, turn }
    }

    /// Reads each as often as its document says, until the process ends.
    pub fn follow(self: &Arc<Self>) -> std::io::Result<()> {
        self.alarm();
        let all = Arc::clone(self);
        let mut known = BTreeMap::new();
        let turn = move || {
            loop {
                thread::sleep(LOOK_EVERY);
                all.look(&mut known);
            }
        };
        thread::Builder::new().name("directories".to_owned()).spawn(turn).map(drop)
    }

    fn look(&self, known: &mut BTreeMap<Arc<str>, Seen>) {
        let Some(policy) = self.board.policy() else { return };
        let sources = policy.directories().to_vec();
        drop(policy);
        known.retain(|name, _| sources.iter().any(|source| source.name == *name));
        self.forget_others(&sources);
        for source in sources {
            // Somebody may have put documents in force that know nothing of these users.
            let users = self.users_of(&source);
            let is_due =
                |seen: &Seen| seen.source != source || seen.users != users || seen.due <= Instant::now();
            if !known.get(&source.name).is_none_or(is_due) {
                continue;
            }
            let read =
                self.take(&source, Trial::Real, Leavers::Guarded, format!("directory {}", source.name));
            let interval = source.directory.interval();
            let wait = if read.is_ok() { interval } else { interval.min(AGAIN_AFTER) };
            let (users, due) = (self.users_of(&source), Instant::now() + wait);
            known.insert(source.name.clone(), Seen { source, users, due });
        }
    }

    /// Reads one because somebody says so.
    pub fn sync(&self, name: &str, trial: Trial, leavers: Leavers, who: &str) -> Result<Settled, No> {
        let policy = self.board.policy();
        let source = policy.iter().flat_map(|policy| policy.directories()).find(|one| *one.name == *name);
        let missing = || No { exit: Exit::Bad, words: format!("there is no [directory.{name}]") };
        let source = source.cloned().ok_or_else(missing)?;
        drop(policy);
        self.take(&source, trial, leavers, format!("{who} from directory {name}"))
    }

    /// How each stands, in order of the names.
    pub fn standings(&self) -> Vec<Standing> {
        let policy = self.board.policy();
        let known = self.standings.lock().unwrap_or_else(PoisonError::into_inner);
        let sources = policy.iter().flat_map(|policy| policy.directories());
        let of = |source: &PeopleSource| {
            let users = self.users_of(source);
            let (name, url) = (source.name.to_string(), source.directory.url.to_string());
            let before = known.get(&*source.name).cloned().unwrap_or_default();
            Standing { name, url, users, ..before }
        };
        sources.map(of).collect()
    }

    /// Users who stand in the document of a directory.
    fn users_of(&self, source: &PeopleSource) -> usize {
        let file = format!("{BY_DIRECTORY}/{}.toml", source.name);
        let in_force = self.board.documents();
        let text = in_force.iter().flat_map(|one| &one.files).find(|one| *one.name == *file);
        text.map_or(0, |file| file.text.lines().filter(|line| line.starts_with("[user.")).count())
    }

    fn take(
        &self,
        source: &PeopleSource,
        trial: Trial,
        leavers: Leavers,
        author: String,
    ) -> Result<Settled, No> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let read = people::fetch(source, &self.base);
        let read = read.map_err(|fault| {
            let words = format!("{}: {fault}", source.directory.url.value);
            (State::Unread, No { exit: Exit::Unreachable, words })
        });
        let settled = read.and_then(|entries| {
            let found = People { source: source.clone(), entries, trial, leavers, author };
            self.ask(found).map_err(|no| (State::Waiting, no))
        });
        if trial == Trial::Real {
            self.note(source, &settled);
        }
        settled.map_err(|(_, no)| no)
    }

    /// Has the owner put them in force.
    fn ask(&self, found: People) -> Result<Settled, No> {
        let (tell, told) = mpsc::channel();
        let job: Job = Box::new(move |owner, edge| {
            let done = owner.take_people(edge, found);
            let tells: Told = Box::new(move || {
                // Whoever asked has gone; what was done is in the revisions.
                let _ = tell.send(done);
            });
            tells
        });
        let stops = || No { exit: Exit::Unreachable, words: "the house is about to stop".to_owned() };
        if !(self.order)(job) {
            return Err(stops());
        }
        told.recv_timeout(PATIENCE).map_err(|_| stops())?
    }

    fn note(&self, source: &PeopleSource, settled: &Result<Settled, (State, No)>) {
        let mut all = self.standings.lock().unwrap_or_else(PoisonError::into_inner);
        let before = all.get(&*source.name).cloned().unwrap_or_default();
        let now = Some(now_ms());
        let standing = match settled {
            Ok(settled) if settled.what == PeopleOutcome::Held => Standing {
                state: State::Held,
                why: settled.why.clone(),
                asked_ms: now,
                left_out: settled.left_out.clone(),
                ..before.clone()
            },
            Ok(settled) => Standing {
                state: State::Current,
                why: Vec::new(),
                asked_ms: now,
                current_ms: now,
                left_out: settled.left_out.clone(),
                ..before.clone()
            },
            Err((state, no)) => {
                Standing { state: *state, why: vec![no.words.clone()], asked_ms: now, ..before.clone() }
            }
        };
        tell(source, &before, &standing, settled.as_ref().ok());
        all.insert(source.name.to_string(), standing);
        drop(all);
        self.alarm();
    }

    fn forget_others(&self, sources: &[PeopleSource]) {
        let mut all = self.standings.lock().unwrap_or_else(PoisonError::into_inner);
        let count = all.len();
        all.retain(|name, _| sources.iter().any(|source| *source.name == **name));
        let has_forgotten = all.len() < count;
        drop(all);
        if has_forgotten {
            self.alarm();
        }
    }

    /// Users whom nobody can prove to be before a directory has been read.
    fn passwords_awaited(&self) -> Option<String> {
        let policy = self.board.policy()?;
        let mut users = policy.awaiting_passwords();
        let first = users.next()?;
        let who = match users.count() {
            0 => format!("{first} has"),
            more => format!("{first} and {more} more users have"),
        };
        Some(format!(
            "{who} no password until their directory is read, and cannot register: see tandem directory \
             show, then tandem directory sync NAME"
        ))
    }

    /// Says on the board what somebody has to look at.
    fn alarm(&self) {
        let all = self.standings.lock().unwrap_or_else(PoisonError::into_inner);
        let is_bad = |standing: &Standing| !matches!(standing.state, State::Current | State::NotReadYet);
        let words = all.iter().filter(|(_, standing)| is_bad(standing));
        let words = words.map(|(name, standing)| format!("directory {name}: {}", standing.why.join("; ")));
        let mut alarms: Vec<String> = words.collect();
        drop(all);
        alarms.extend(self.passwords_awaited());
        self.board.alarm("directories", alarms);
    }
}

/// Says in the log what is new; what goes on is said once.
fn tell(source: &PeopleSource, before: &Standing, now: &Standing, settled: Option<&Settled>) {
    let name = &*source.name;
    if let Some(settled) = settled.filter(|one| one.what == PeopleOutcome::Applied) {
        let (came, changed, left) = (settled.came.len(), settled.changed.len(), settled.left.len());
        info!(
            directory = name,
            came,
            changed,
            left,
            users = settled.users,
            "users are as the directory says"
        );
    }
    let is_new = before.state != now.state || before.why != now.why;
    match now.state {
        State::Held if is_new => {
            error!(
                directory = name,
                "its users stay as they are until somebody has looked: {}",
                now.why.join("; ")
            );
        }
        State::Unread | State::Waiting if is_new => {
            error!(directory = name, "its users stay as they are known: {}", now.why.join("; "));
        }
        State::Current if !matches!(before.state, State::Current | State::NotReadYet) => {
            info!(directory = name, "it is read again");
        }
        _ => {}
    }
    let known: BTreeSet<&LeftOut> = before.left_out.iter().collect();
    let fresh: Vec<&LeftOut> = now.left_out.iter().filter(|one| !known.contains(one)).collect();
    for LeftOut { entry, code, words } in fresh.iter().take(TOLD_MAX) {
        warn!(directory = name, %code, entry, "an entry is left out: {words}");
    }
    if fresh.len() > TOLD_MAX {
        warn!(directory = name, "{} more entries are left out", fresh.len() - TOLD_MAX);
    }
}
