//! Peers probed with OPTIONS, marked down, brought back; OPTIONS of others answered.
//!
//! It knows nothing of trunks or routes: it says which peers answer, and policy makes of that what it likes.
//!
//! Start at `Health`.

mod answer;
mod peer;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sip_stack::locate::{DnsAnswer, DnsQuestion};
use sip_stack::{ClientId, Late, Listener, Owner, Send, Stack, Transport};

pub use answer::{ALLOW, answer_options};
pub use peer::Change;
use peer::Peer;

/// The room number of health among the owners of transactions.
pub const ROOM: u8 = 2;

/// One far end to watch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Watch {
    /// The same across revisions of the configuration.
    pub key: Arc<str>,
    /// Its SIP URI.
    pub target: Arc<str>,
    pub interface: Option<u16>,
    /// `None`: it isn't probed, and counts as up.
    pub every: Option<Duration>,
    pub fail_after: u32,
    pub recover_after: u32,
}

/// What health may use while it handles one event.
pub struct Surroundings<'a> {
    pub now: Instant,
    pub stack: &'a mut Stack,
    pub listeners: &'a [Listener],
    pub sends: &'a mut Vec<Send>,
    /// Questions to the DNS, by the index of the peer that asks.
    pub asks: &'a mut Vec<(usize, DnsQuestion)>,
}

impl Surroundings<'_> {
    fn toward(&self, transport: Transport, remote: IpAddr, interface: Option<u16>) -> Option<&Listener> {
        Listener::toward(self.listeners, transport, remote, interface)
    }
}

/// All peers, and how they stand.
#[derive(Default)]
pub struct Health {
    peers: Vec<Peer>,
}

impl Health {
    /// Watches these; what is known of a peer that was watched before stays known.
    pub fn watch(&mut self, now: Instant, watches: Vec<Watch>) {
        let mut known = std::mem::take(&mut self.peers);
        let spread = u32::try_from(watches.len()).unwrap_or(u32::MAX).max(1);
        for (index, watch) in (0u32..).zip(watches) {
            let before = known.iter().position(|peer| peer.watch.key == watch.key);
            let first = now + watch.every.unwrap_or_default().min(FIRST_PROBES) * index / spread;
            self.peers.push(match before {
                Some(at) => known.swap_remove(at).with(watch),
                None => Peer::new(watch, first),
            });
        }
    }

    /// Whether a peer, by its index in what is watched, is to be used.
    pub fn is_up(&self, index: usize) -> bool {
        self.peers.get(index).is_none_or(Peer::is_up)
    }

    /// When some peer is due.
    pub fn deadline(&self) -> Option<Instant> {
        self.peers.iter().filter_map(Peer::deadline).min()
    }

    /// Probes whoever is due.
    pub fn expire(&mut self, around: &mut Surroundings<'_>, changes: &mut Vec<Change>) {
        for (index, peer) in self.peers.iter_mut().enumerate() {
            if peer.deadline().is_some_and(|at| at <= around.now) {
                peer.probe(index, around, changes);
            }
        }
    }

    /// The answer to a peer's question to the DNS.
    pub fn located(
        &mut self,
        around: &mut Surroundings<'_>,
        index: usize,
        answer: DnsAnswer,
        changes: &mut Vec<Change>,
    ) {
        if let Some(peer) = self.peers.get_mut(index) {
            peer.located(index, around, Some(answer), changes);
        }
    }

    /// A response to a probe: whatever it says, somebody is there.
    pub fn answered(&mut self, owner: Owner, client: ClientId, status: u16, changes: &mut Vec<Change>) {
        if status >= 200
            && let Some(peer) = self.peer_of(owner)
        {
            peer.answered(client, changes);
        }
    }

    /// No response to a probe.
    pub fn late(&mut self, late: &Late, changes: &mut Vec<Change>) {
        let (client, owner, cause) = match late {
            Late::Timeout { client, owner } => (*client, *owner, "no answer to OPTIONS"),
            Late::FlowFailed { client, owner } => (*client, *owner, "no connection"),
            Late::NoAck { .. } => return,
        };
        if let Some(peer) = self.peer_of(owner) {
            peer.unanswered(client, cause, changes);
        }
    }

    /// Another shard found out how a peer stands.
    pub fn learn(&mut self, key: &str, standing: Standing) {
        if let Some(peer) = self.peers.iter_mut().find(|peer| &*peer.watch.key == key) {
            peer.learn(standing);
        }
    }

    fn peer_of(&mut self, owner: Owner) -> Option<&mut Peer> {
        self.peers.get_mut(usize::try_from(owner.key).ok()?)
    }
}

/// How a peer stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    Up,
    Down,
}

/// Within this time after the start every peer has been probed once.
const FIRST_PROBES: Duration = Duration::from_secs(5);
