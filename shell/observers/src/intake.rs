//! Takes in what comes to one address: whose it is, and whether it may be believed.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, PoisonError, RwLock};

use hep::Packet;
use policy::Observer;
use tracing::{info, warn};

use crate::counts::{Again, Counts, Outcome};
use crate::keeping::Keeping;
use crate::memory::Memory;
use crate::observation::Noted;

/// An observer as the policy in force names it, and what it has said.
pub(crate) struct Listed {
    pub rule: Observer,
    pub memory: Arc<Memory>,
    pub counts: Arc<Counts>,
    /// On the disk, where the house has one.
    pub keeping: Option<Arc<Keeping>>,
}

/// What is heard at one address.
pub(crate) struct Intake {
    listed: RwLock<Arc<[Arc<Listed>]>>,
    strangers: Arc<AtomicU64>,
}

impl Intake {
    pub fn new(listed: Arc<[Arc<Listed>]>, strangers: Arc<AtomicU64>) -> Intake {
        Intake { listed: RwLock::new(listed), strangers }
    }

    /// These are heard from now on.
    pub fn adopt(&self, listed: Arc<[Arc<Listed>]>) {
        *self.listed.write().unwrap_or_else(PoisonError::into_inner) = listed;
    }

    /// Whether somebody sends from there.
    pub fn expects(&self, from: SocketAddr) -> bool {
        let is_expected = self.listed().iter().any(|one| one.covers(from));
        if !is_expected {
            self.note_stranger(from);
        }
        is_expected
    }

    fn note_stranger(&self, from: SocketAddr) {
        if self.strangers.fetch_add(1, Relaxed) == 0 {
            warn!(%from, "nobody is expected to send copies from there; more of it is only counted");
        }
    }

    /// Takes a packet in. It may be anything.
    pub fn take(&self, from: SocketAddr, now_us: i64, bytes: &[u8]) {
        let listed = self.listed();
        let here: Vec<&Arc<Listed>> = listed.iter().filter(|one| one.covers(from)).collect();
        let Some(first) = here.first() else { return self.note_stranger(from) };
        let packet = match hep::read(bytes) {
            Ok(packet) => packet,
            Err(hep::Fault::Compressed) => return first.note(from, Outcome::Compressed),
            Err(_) => return first.note(from, Outcome::Unreadable),
        };
        match here.iter().find(|one| one.is_agent(&packet)) {
            Some(one) => one.note(from, one.judge(&packet, now_us)),
            None => first.note(from, Outcome::WrongAgent),
        }
    }

    /// Bytes came from which no packet can be made, and no later one be found.
    pub fn lost_thread(&self, from: SocketAddr) {
        if let Some(one) = self.listed().iter().find(|one| one.covers(from)) {
            one.note(from, Outcome::Unreadable);
        }
    }

    fn listed(&self) -> Arc<[Arc<Listed>]> {
        Arc::clone(&self.listed.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Listed {
    /// Those of its messages that have one of these names, in the order in which they came.
    pub fn with_names(&self, names: &BTreeSet<&str>) -> Vec<Arc<Noted>> {
        let (before, in_memory) = self.memory.all();
        let sought: Vec<&str> = names.iter().copied().collect();
        let on_disk = self.keeping.as_ref().map(|keeping| keeping.find(&sought, before));
        let has_one = |one: &Arc<Noted>| one.names().any(|name| names.contains(name));
        on_disk.into_iter().flatten().chain(in_memory).filter(has_one).collect()
    }

    fn covers(&self, from: SocketAddr) -> bool {
        self.rule.from.iter().any(|source| source.covers(from))
    }

    fn is_agent(&self, packet: &Packet<'_>) -> bool {
        self.rule.agent.is_none_or(|agent| packet.agent == Some(agent))
    }

    fn judge(&self, packet: &Packet<'_>, now_us: i64) -> Outcome {
        if !self.rule.key.as_ref().is_none_or(|key| is_same(packet.key, key.reveal().trim_end())) {
            return Outcome::WrongKey;
        }
        if packet.captured != hep::SIP {
            return Outcome::NotSip;
        }
        let Some(noted) = Noted::of(&self.rule.name, packet, now_us) else { return Outcome::Unreadable };
        self.memory.note(noted);
        self.counts.heard(now_us);
        Outcome::Taken
    }

    fn note(&self, from: SocketAddr, outcome: Outcome) {
        let observer = &self.rule.name;
        match (self.counts.note(outcome), outcome) {
            (Again::Again, _) => {}
            (Again::First, Outcome::Taken) => info!(%observer, %from, "copies of its messages are taken"),
            (Again::First, outcome) => {
                let why = outcome.word();
                warn!(%observer, %from, why, "a copy of a message is not taken; more of it is only counted");
            }
        }
    }
}

/// Whether a key is the one agreed on; how long that takes says nothing of where they differ.
fn is_same(shown: Option<&[u8]>, key: &str) -> bool {
    let shown = shown.unwrap_or_default();
    let differ = shown.iter().zip(key.as_bytes()).fold(0, |differ, (one, other)| differ | (one ^ other));
    shown.len() == key.len() && differ == 0
}
