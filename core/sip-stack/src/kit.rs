//! What both tables of transactions work with.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::chance::Chance;
use crate::flow::{Flow, Listener, Send, Wire};
use crate::timing::{Carriage, Timers};

/// How a stack is set up.
#[derive(Clone, Debug)]
pub struct Settings {
    pub shard: u8,
    pub listeners: Arc<[Listener]>,
    /// The value of our Server header.
    pub server_header: Arc<str>,
    pub t1: Duration,
    pub t2: Duration,
    pub t4: Duration,
}

impl Settings {
    /// With the timers of RFC 3261.
    pub fn new(shard: u8, listeners: Arc<[Listener]>, server_header: Arc<str>) -> Settings {
        let Timers { t1, t2, t4 } = Timers::default();
        Settings { shard, listeners, server_header, t1, t2, t4 }
    }
}

/// How much a stack takes on. What belongs to a call in progress has four times the room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Server transactions, past which a request outside of a dialog gets a 503.
    pub servers_max: usize,
    /// Server transactions, past which anything new is dropped: a claim to be in a dialog may be forged.
    pub servers_ceiling: usize,
    /// What the Retry-After of that 503 says.
    pub retry_after_seconds: u32,
}

impl Default for Limits {
    /// Transactions linger for 32 s: enough for 3,000 calls/s, with room left for emergencies in `Switch`.
    fn default() -> Limits {
        Limits { servers_max: 200_000, servers_ceiling: 800_000, retry_after_seconds: 5 }
    }
}

/// How much a new request matters when there is no room left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    Usual,
    /// It is taken past `Limits::servers_max`: a call for help.
    Urgent,
}

/// What a stack has seen since it began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    pub requests_received: u64,
    pub responses_received: u64,
    pub requests_sent: u64,
    pub responses_sent: u64,
    /// Not to be parsed.
    pub malformed: u64,
    /// Responses to nothing that we asked, or with a Via that is not ours.
    pub strays: u64,
    /// Copies that we sent.
    pub retransmissions_sent: u64,
    /// Copies that we swallowed or answered again.
    pub retransmissions_received: u64,
    /// The same request by two ways (482).
    pub merged: u64,
    /// Refused for want of room (503).
    pub refused: u64,
    /// Dropped for want of any room.
    pub dropped: u64,
    pub timeouts: u64,
    pub keepalives: u64,
}

/// Something that has a deadline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    Server { slot: u32, nonce: u32 },
    Client { slot: u32, nonce: u32 },
}

/// Remembers when to look at what; whether it is due is asked there.
#[derive(Debug, Default)]
pub struct Agenda(BinaryHeap<Reverse<(Instant, Place)>>);

impl Agenda {
    /// Makes sure that `place` is looked at by `deadline`; `look` is when it will be looked at anyway.
    pub fn note(&mut self, place: Place, look: &mut Option<Instant>, deadline: Option<Instant>) {
        let Some(deadline) = deadline else { return };
        if look.is_none_or(|look| deadline < look) {
            self.0.push(Reverse((deadline, place)));
            *look = Some(deadline);
        }
    }

    pub fn next(&self) -> Option<Instant> {
        self.0.peek().map(|Reverse((at, _))| *at)
    }

    pub fn take_due(&mut self, now: Instant) -> Option<(Instant, Place)> {
        if self.next()? > now {
            return None;
        }
        self.0.pop().map(|Reverse(entry)| entry)
    }
}

/// Settings, chance, agenda, counters, and a page to write on.
#[derive(Debug)]
pub struct Kit {
    pub settings: Settings,
    pub limits: Limits,
    pub timers: Timers,
    pub chance: Chance,
    pub agenda: Agenda,
    pub counters: Counters,
    pub page: Vec<u8>,
    /// Another one, for text.
    pub lines: String,
}

impl Kit {
    /// What stands in our Via on this flow.
    pub fn sent_by(&self, flow: Flow) -> Arc<str> {
        let own = self.settings.listeners.iter().find(|listener| listener.id == flow.listener);
        match own {
            Some(listener) => listener.sent_by.clone(),
            None => panic!("a flow names a listener of the settings: {flow:?}"),
        }
    }

    /// What has been written on the page, to be sent and perhaps repeated.
    pub fn wire(&self) -> Wire {
        Wire::new(&self.page)
    }
}

/// Whether the flow loses messages.
pub fn carriage(flow: Flow) -> Carriage {
    match flow.transport.is_reliable() {
        true => Carriage::Reliable,
        false => Carriage::Lossy,
    }
}

/// Sends on a flow that is there already.
pub fn send(out: &mut Vec<Send>, flow: Flow, wire: Wire) {
    out.push(Send { flow, server_name: None, wire });
}
