//! Everybody who tells the house what he has seen, as the policy in force says.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, SystemTime};

use model::HepAddress;
use policy::Policy;
use serde::Serialize;
use telemetry::Sighting;

use crate::counts::{Counted, Outcome};
use crate::intake::{Intake, Listed};
use crate::join::{Wanted, doubtful, joined, mark_same};
use crate::keeping::{Keeping, forget_others};
use crate::listener::{Listener, Place};
use crate::observation::{Noted, Observation};

/// What comes within this time is written together.
const TURN: Duration = Duration::from_millis(250);
/// Calls come first.
const NICE: i32 = 10;
/// So many dialogs are looked for among the house's own; of more none joins anything.
const DOUBTFUL_MAX: usize = 500;

/// Those who are listened to.
#[derive(Default)]
pub struct Observers {
    heard: Arc<Mutex<Heard>>,
    strangers: Arc<AtomicU64>,
    disk: Option<Disk>,
}

/// Where what they tell is kept, and by whom.
struct Disk {
    folder: PathBuf,
    writer: Mutex<Option<(Sender<()>, JoinHandle<()>)>>,
}

#[derive(Default)]
struct Heard {
    listed: Vec<Arc<Listed>>,
    listeners: Vec<Listener>,
}

/// How an observer stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Standing {
    pub name: String,
    pub listen: String,
    /// Why nobody can listen there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trouble: Option<String>,
    pub taken: u64,
    pub refused: u64,
    /// Of its messages, on the disk.
    pub disk_bytes: u64,
    /// Why none of them is written there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disk_trouble: Option<String>,
    /// When its last message was taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub heard_ms: Option<i64>,
    #[serde(skip)]
    pub counts: Counted,
}

impl Observers {
    /// What they tell is kept below this folder, too.
    pub fn keeping(folder: &Path) -> io::Result<Observers> {
        let heard = Arc::<Mutex<Heard>>::default();
        let (go_on, ended) = mpsc::channel();
        let all = Arc::clone(&heard);
        let writer = thread::Builder::new().name("observed".to_owned()).spawn(move || write(&all, &ended))?;
        let disk = Disk { folder: folder.to_owned(), writer: Mutex::new(Some((go_on, writer))) };
        Ok(Observers { heard, strangers: Arc::default(), disk: Some(disk) })
    }

    /// Listens to whom this policy names from now on. What whoever stays has said is kept, and where he is
    /// listened to as before nothing is missed.
    pub fn adopt(&self, policy: &Policy) {
        let mut heard = self.lock();
        let rules = &policy.exports().observers;
        let folder = self.disk.as_ref().map(|disk| &*disk.folder);
        let listed: Vec<Arc<Listed>> =
            rules.iter().map(|rule| Arc::new(heard.listed_as(rule, folder))).collect();
        if let Some(folder) = folder {
            heard.forget_others(&listed, folder);
        }
        let mut gone: Vec<Listener> = heard.listeners.drain(..).collect();
        let mut listeners: Vec<Listener> = Vec::new();
        for place in listed.iter().map(|one| place_of(one)) {
            if listeners.iter().any(|known| known.place == place) {
                continue;
            }
            let here = listed.iter().filter(|one| place_of(one) == place).cloned().collect();
            match gone.iter().position(|known| known.place == place) {
                Some(at) => {
                    let known = gone.swap_remove(at);
                    known.intake.adopt(here);
                    listeners.push(known);
                }
                None => {
                    let intake = Intake::new(here, Arc::clone(&self.strangers));
                    listeners.push(Listener::start(place, intake));
                }
            }
        }
        // They read what has arrived until now.
        gone.iter().for_each(Listener::stop);
        *heard = Heard { listed, listeners };
    }

    /// What was seen of a call besides what the house saw itself, in order of time. `known` says which
    /// dialogs the house itself has seen.
    pub fn of(
        &self,
        wanted: Wanted<'_>,
        own: &[Sighting],
        known: impl Fn(&BTreeSet<&str>) -> BTreeSet<String>,
    ) -> Vec<Observation> {
        let listed = self.lock().listed.clone();
        let with_names = |names: &BTreeSet<&str>| -> Vec<Arc<Noted>> {
            listed.iter().flat_map(|one| one.with_names(names)).collect()
        };
        // Those that name the call, and those that have a name of one of them: no other can belong to it.
        let near = with_names(&wanted.names().collect());
        let all = with_names(&near.iter().flat_map(|one| one.names()).collect());
        if all.is_empty() {
            return Vec::new();
        }
        let doubtful = doubtful(&all, wanted);
        let mut others = known(&doubtful.iter().copied().take(DOUBTFUL_MAX).collect());
        others.extend(doubtful.into_iter().skip(DOUBTFUL_MAX).map(str::to_owned));
        let found = joined(&all, wanted, &others);
        let mut observed: Vec<Observation> = found.iter().map(|one| one.seen.clone()).collect();
        observed.sort_by_key(|one| one.at_us);
        mark_same(&mut observed, own);
        observed
    }

    pub fn standings(&self) -> Vec<Standing> {
        let heard = self.lock();
        let trouble_at =
            |place: Place| heard.listeners.iter().find(|one| one.place == place).and_then(Listener::trouble);
        heard.listed.iter().map(|one| standing(one, trouble_at(place_of(one)))).collect()
    }

    /// How many packets and connections came from addresses that nobody named.
    pub fn strangers(&self) -> u64 {
        self.strangers.load(Relaxed)
    }

    /// Takes what has arrived, and ends.
    pub fn stop(&self) {
        let heard = std::mem::take(&mut *self.lock());
        heard.listeners.iter().for_each(Listener::stop);
        heard.listeners.into_iter().for_each(Listener::join);
        let Some(disk) = &self.disk else { return };
        *self.lock() = Heard { listed: heard.listed, listeners: Vec::new() };
        let writer = disk.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some((go_on, writer)) = writer {
            drop(go_on);
            // A panic there was printed already.
            let _ = writer.join();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Heard> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Heard {
    /// Whoever was known by his name has said what he has said.
    fn listed_as(&self, rule: &policy::Observer, folder: Option<&Path>) -> Listed {
        let known = self.listed.iter().find(|one| one.rule.name == rule.name);
        let (memory, counts) =
            known.map(|one| (Arc::clone(&one.memory), Arc::clone(&one.counts))).unwrap_or_default();
        memory.resize(rule.keep_bytes);
        let keeping = known.and_then(|one| one.keeping.clone());
        let keeping = keeping.or_else(|| Some(Arc::new(Keeping::open(&folder?.join(&*rule.name), rule))));
        keeping.iter().for_each(|keeping| keeping.adopt(rule));
        Listed { rule: rule.clone(), memory, counts, keeping }
    }

    /// Deletes what those have said who are listed no more.
    fn forget_others(&self, listed: &[Arc<Listed>], folder: &Path) {
        let is_listed = |name: &str| listed.iter().any(|one| *one.rule.name == *name);
        for one in self.listed.iter().filter(|one| !is_listed(&one.rule.name)) {
            one.keeping.iter().for_each(|keeping| keeping.forget(&folder.join(&*one.rule.name)));
        }
        forget_others(folder, is_listed);
    }
}

/// Writes what they tell, until nobody wants it any more.
fn write(heard: &Mutex<Heard>, ended: &Receiver<()>) {
    // Where that is refused it runs like everything else.
    let _ = rustix::process::setpriority_process(Some(rustix::thread::gettid()), NICE);
    loop {
        let is_last = ended.recv_timeout(TURN) == Err(RecvTimeoutError::Disconnected);
        let listed = heard.lock().unwrap_or_else(PoisonError::into_inner).listed.clone();
        for one in &listed {
            let Some(keeping) = &one.keeping else { continue };
            keeping.write(&one.rule.name, &one.memory, SystemTime::now());
            if is_last {
                keeping.close();
            }
        }
        if is_last {
            return;
        }
    }
}

fn place_of(one: &Listed) -> Place {
    Place { transport: one.rule.transport, address: one.rule.listen }
}

fn standing(one: &Listed, trouble: Option<String>) -> Standing {
    let counts = one.counts.read();
    let of = |is_meant: fn(Outcome) -> bool| {
        counts.iter().filter(|(outcome, _)| is_meant(*outcome)).map(|(_, count)| count).sum()
    };
    let Place { transport, address } = place_of(one);
    let listen = HepAddress { transport, host: address.ip().to_string().into(), port: address.port() };
    Standing {
        name: one.rule.name.to_string(),
        listen: listen.to_string(),
        trouble,
        taken: of(|outcome| outcome == Outcome::Taken),
        refused: of(|outcome| outcome != Outcome::Taken),
        disk_bytes: one.keeping.as_ref().map_or(0, |keeping| keeping.sizes().bytes),
        disk_trouble: one.keeping.as_ref().and_then(|keeping| keeping.trouble()),
        heard_ms: one.counts.heard_ms(),
        counts,
    }
}
