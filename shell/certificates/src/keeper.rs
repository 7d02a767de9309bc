//! Who keeps certificates: a thread that asks for each when its turn has come.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::Serialize;
use tokio::runtime::Builder;
use tokio::time::timeout;
use tracing::warn;

use crate::attempt::{self, Asking, NotGiven};
use crate::files::{Fault, Folder, Kept, Notes};
use crate::schedule::{Life, Past, next_ms};
use crate::shown::whole;

/// Whatever an authority does, a try is over then.
const TRY_MAX: Duration = Duration::from_secs(300);
/// Clocks are set: what is due is looked at this often.
const LOOK_EVERY: Duration = Duration::from_secs(30);
const DAY_MS: i64 = 24 * 3_600 * 1_000;

/// All certificates that are got from an authority.
pub struct Keeper {
    source: Option<(Asking, Folder)>,
    all: Vec<Kept>,
    /// Of each, what its thread knows of the tries, whether the disk takes that or not.
    notes: Mutex<Vec<Notes>>,
    standings: Mutex<Vec<Standing>>,
    wishes: Sender<Wish>,
    heard: Mutex<Option<Receiver<Wish>>>,
}

/// Somebody wants one tried for now, and to hear how it stands then.
struct Wish {
    at: usize,
    tell: Sender<Standing>,
}

/// How one certificate stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Standing {
    pub names: Vec<String>,
    pub authority: String,
    pub file: PathBuf,
    pub state: State,
    /// Until when the one that is shown holds.
    pub until_ms: Option<i64>,
    /// Tries that failed since the last one that went well.
    pub failures: u32,
    pub tried_ms: Option<i64>,
    pub next_ms: i64,
    /// Why the last try failed, in the words of whoever refused it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// What who connects is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// One that we signed: the authority has given none yet.
    StandIn,
    Current,
    /// One that holds no more.
    Expired,
}

/// Why nothing can be said of a try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoTry {
    /// There is no such certificate.
    Unknown,
    /// It goes on still, or its turn has not come.
    Busy,
}

/// What became of a try.
pub enum Turn<'t> {
    Given(&'t Standing),
    Failed(&'t Standing),
}

impl Keeper {
    /// Finds out what is there. On return each certificate has a file that can be shown.
    pub fn open(asking: Option<Asking>, data: &Path, wanted: &[Vec<String>]) -> Result<Keeper, Fault> {
        let (wishes, heard) = mpsc::channel();
        let mut all: Vec<Kept> = Vec::new();
        let source = match asking.filter(|_| !wanted.is_empty()) {
            Some(asking) => {
                let folder = Folder::open(data, &asking.directory)?;
                for names in wanted.iter().map(|names| in_small(names)) {
                    if !all.iter().any(|kept| kept.names == names) {
                        all.push(folder.keep(&names, asking.key)?);
                    }
                }
                Some((asking, folder))
            }
            None => None,
        };
        let directory = source.as_ref().map_or("", |(asking, _)| &*asking.directory);
        let notes: Vec<Notes> = all.iter().map(begun).collect();
        let standings = all.iter().zip(&notes).map(|(kept, notes)| standing(kept, notes, directory));
        let standings = Mutex::new(standings.collect());
        let (notes, heard) = (Mutex::new(notes), Mutex::new(Some(heard)));
        Ok(Keeper { source, all, notes, standings, wishes, heard })
    }

    /// The file of the certificate with these names: its key, and the chain.
    pub fn file(&self, names: &[impl AsRef<str>]) -> Option<&Path> {
        let names = in_small(names);
        self.all.iter().find(|kept| kept.names == names).map(|kept| &*kept.file)
    }

    /// How each stands, in the order in which they were wished for.
    pub fn standings(&self) -> Vec<Standing> {
        self.lock().clone()
    }

    /// Asks for each when its turn comes, until the process ends. Whoever listens is told of every try.
    pub fn follow(self: &Arc<Keeper>, tell: impl Fn(Turn<'_>) + Send + 'static) -> std::io::Result<()> {
        let heard = lock(&self.heard).take();
        let Some(heard) = heard.filter(|_| !self.all.is_empty()) else { return Ok(()) };
        let keeper = Arc::clone(self);
        let attend = move || {
            loop {
                match heard.recv_timeout(keeper.until_due()) {
                    Ok(Wish { at, tell: whoever }) => {
                        keeper.attempt(at, &tell);
                        // Whoever asked has gone.
                        let _ = whoever.send(keeper.lock()[at].clone());
                    }
                    Err(RecvTimeoutError::Timeout) => {}
                    Err(RecvTimeoutError::Disconnected) => return,
                }
                if let Some(at) = keeper.due() {
                    keeper.attempt(at, &tell);
                }
            }
        };
        thread::Builder::new().name("certificates".to_owned()).spawn(attend).map(drop)
    }

    /// Tries for one now, and says how it stands then.
    pub fn renew(&self, name: &str, patience: Duration) -> Result<Standing, NoTry> {
        let at = self.all.iter().position(|kept| kept.names.iter().any(|one| one == name));
        let at = at.ok_or(NoTry::Unknown)?;
        let (tell, told) = mpsc::channel();
        self.wishes.send(Wish { at, tell }).map_err(|_| NoTry::Busy)?;
        told.recv_timeout(patience).map_err(|_| NoTry::Busy)
    }

    fn due(&self) -> Option<usize> {
        let now = now_ms();
        self.lock().iter().position(|one| one.next_ms <= now)
    }

    fn until_due(&self) -> Duration {
        let next = self.lock().iter().map(|one| one.next_ms).min().unwrap_or(i64::MAX);
        let wait = u64::try_from(next.saturating_sub(now_ms())).unwrap_or(0);
        Duration::from_millis(wait).min(LOOK_EVERY)
    }

    fn attempt(&self, at: usize, tell: &impl Fn(Turn<'_>)) {
        let Some((asking, folder)) = &self.source else { return };
        let kept = &self.all[at];
        let mut notes = lock(&self.notes)[at].clone();
        let asked = ask(asking, folder, kept, &mut notes);
        let outcome = asked.and_then(|text| take(kept, &mut notes, &text));
        notes.tried_ms = Some(now_ms());
        match &outcome {
            Ok(()) => {
                notes = Notes { given_ms: notes.tried_ms, tried_ms: notes.tried_ms, ..Notes::default() }
            }
            Err(NotGiven { words, wait }) => {
                notes.failures = notes.failures.saturating_add(1);
                let wait = wait.and_then(|wait| i64::try_from(wait.as_millis()).ok());
                notes.wait_until_ms = wait.map(|wait| now_ms().saturating_add(wait));
                notes.words = Some(words.clone());
            }
        }
        if let Err(fault) = kept.write(&notes) {
            warn!("what became of a try for a certificate cannot be kept: {fault}");
        }
        let standing = standing(kept, &notes, &asking.directory);
        lock(&self.notes)[at] = notes;
        self.lock()[at] = standing.clone();
        tell(match outcome {
            Ok(()) => Turn::Given(&standing),
            Err(_) => Turn::Failed(&standing),
        });
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Standing>> {
        lock(&self.standings)
    }
}

impl Standing {
    /// What somebody has to look at, if anything.
    pub fn alarm(&self, now_ms: i64) -> Option<String> {
        let name = self.names.first().map_or("", String::as_str);
        let why = self.why.as_deref().filter(|_| self.failures > 0);
        let held = match (self.state, self.until_ms) {
            (State::StandIn, _) => {
                "there is none yet, and a stand-in is shown that nobody believes".to_owned()
            }
            (State::Current, Some(until)) => {
                format!(
                    "not renewed; the one in use holds for {} days more",
                    (until - now_ms).max(0) / DAY_MS
                )
            }
            (State::Current, None) => "not renewed".to_owned(),
            (State::Expired, _) => "the one in use holds no more".to_owned(),
        };
        why.map(|why| format!("certificate {name}: {held}: {why}"))
    }
}

/// What is known of the tries before this process began: whoever starts the house anew has perhaps mended
/// what was wrong, and does not wait for a day.
fn begun(kept: &Kept) -> Notes {
    let notes = kept.notes();
    Notes { failures: notes.failures.min(1), ..notes }
}

fn standing(kept: &Kept, notes: &Notes, authority: &str) -> Standing {
    let shown = kept.shown();
    // Authorities let a certificate begin before they give it.
    let life = shown.zip(notes.given_ms);
    let life =
        life.map(|(shown, given)| Life { from_ms: shown.from_ms.max(given), until_ms: shown.until_ms });
    let past =
        Past { failures: notes.failures, tried_ms: notes.tried_ms, wait_until_ms: notes.wait_until_ms };
    let state = match shown {
        Some(shown) if shown.is_own && notes.given_ms.is_none() => State::StandIn,
        Some(shown) if shown.until_ms > now_ms() => State::Current,
        _ => State::Expired,
    };
    Standing {
        names: kept.names.clone(),
        authority: authority.to_owned(),
        file: kept.file.clone(),
        state,
        until_ms: shown.map(|shown| shown.until_ms),
        failures: notes.failures,
        tried_ms: notes.tried_ms,
        next_ms: next_ms(life, past, chance()),
        why: notes.words.clone(),
    }
}

fn ask(asking: &Asking, folder: &Folder, kept: &Kept, notes: &mut Notes) -> Result<String, NotGiven> {
    let here = |words: String| NotGiven { words, wait: None };
    let runtime = Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|fault| here(fault.to_string()))?;
    let asked = runtime.block_on(async {
        let asked = timeout(TRY_MAX, attempt::ask(asking, folder, kept, notes)).await;
        asked.unwrap_or_else(|_| Err(here("it takes too long".to_owned())))
    });
    // A name that is being looked up is nothing to wait for.
    runtime.shutdown_background();
    asked
}

/// Shows what was given, if it can be shown: the one before stays otherwise.
fn take(kept: &Kept, notes: &mut Notes, text: &str) -> Result<(), NotGiven> {
    let here = |words: String| NotGiven { words, wait: None };
    let shown = whole(text).and_then(|shown| match shown.until_ms > now_ms() {
        true => Ok(shown),
        false => Err("it holds no more; is the clock right?".to_owned()),
    });
    if let Err(words) = shown {
        // The same order would come to the same.
        notes.order = None;
        return Err(here(format!("what was given cannot be used: {words}")));
    }
    kept.show(text).map_err(|fault| here(format!("what was given cannot be kept: {fault}")))
}

/// DNS does not tell letters apart by their size, and authorities want small ones.
fn in_small(names: &[impl AsRef<str>]) -> Vec<String> {
    names.iter().map(|name| name.as_ref().to_ascii_lowercase()).collect()
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

fn chance() -> u32 {
    let mut bytes = [0; 4];
    // Without it houses come together, and come all the same.
    let _ = rustix::rand::getrandom(&mut bytes, rustix::rand::GetRandomFlags::empty());
    u32::from_ne_bytes(bytes)
}

fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
