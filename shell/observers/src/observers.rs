//! Everybody who tells the house what he has seen, as the policy in force says.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use model::HepAddress;
use policy::Policy;
use serde::Serialize;
use telemetry::{Flight, Sighting};

use crate::counts::{Counted, Outcome};
use crate::intake::{Intake, Listed};
use crate::join::{Wanted, joined, mark_same};
use crate::listener::{Listener, Place};
use crate::observation::Observation;

/// Those who are listened to.
#[derive(Default)]
pub struct Observers {
    heard: Mutex<Heard>,
    strangers: Arc<AtomicU64>,
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
    /// When its last message was taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub heard_ms: Option<i64>,
    #[serde(skip)]
    pub counts: Counted,
}

impl Observers {
    /// Listens to whom this policy names from now on. What whoever stays has said is kept, and where he is
    /// listened to as before nothing is missed.
    pub fn adopt(&self, policy: &Policy) {
        let mut heard = self.lock();
        let rules = &policy.exports().observers;
        let listed: Vec<Arc<Listed>> = rules.iter().map(|rule| Arc::new(heard.listed_as(rule))).collect();
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

    /// What was seen of a call besides what the house saw itself, in order of time.
    pub fn of(&self, wanted: Wanted<'_>, own: &[Sighting], flight: &Flight) -> Vec<Observation> {
        let all: Vec<_> = self.lock().listed.iter().flat_map(|one| one.memory.all()).collect();
        if all.is_empty() {
            return Vec::new();
        }
        let dialogs = all.iter().map(|one| &*one.call_id);
        let others: BTreeSet<&str> =
            dialogs.filter(|id| !wanted.call_ids.iter().any(|leg| leg == id)).collect();
        let found = joined(&all, wanted, &flight.known(&others));
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
    }

    fn lock(&self) -> MutexGuard<'_, Heard> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Heard {
    /// Whoever was known by his name has said what he has said.
    fn listed_as(&self, rule: &policy::Observer) -> Listed {
        let known = self.listed.iter().find(|one| one.rule.name == rule.name);
        let (memory, counts) =
            known.map(|one| (Arc::clone(&one.memory), Arc::clone(&one.counts))).unwrap_or_default();
        memory.resize(rule.keep_bytes);
        Listed { rule: rule.clone(), memory, counts }
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
        heard_ms: one.counts.heard_ms(),
        counts,
    }
}
