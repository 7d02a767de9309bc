//! What knocks at a side's ports besides media: checks of ICE, answered as a lite agent does (RFC 8445,
//! 2.5, 7.3).

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use stun::{Class, Message, Transaction};

use crate::order::Checks;
use crate::packet::Packet;
use crate::verdict::Reason;

/// Who has not checked its chosen pair for so long has left it: peers renew theirs every 5 s (RFC 7675, 5.1).
const LEFT_AFTER: Duration = Duration::from_secs(8);

/// As many as a peer sends in minutes, once it has found us.
const HEARD_MAX: usize = 64;

/// What is kept of a side's checks.
#[derive(Debug)]
pub(crate) struct Checking {
    terms: Checks,
    chosen: Option<Chosen>,
    /// The latest checks: each speaks once, from wherever it comes again.
    heard: VecDeque<Transaction>,
    /// When the terms came, or the peer has spoken for its place after that.
    renewed: Instant,
}

#[derive(Clone, Copy, Debug)]
struct Chosen {
    place: SocketAddr,
    standing: Standing,
    checked: Instant,
}

/// What speaks for a pair: one that the peer nominates outweighs one that it only tries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Standing {
    Tried,
    Nominated { priority: u32 },
}

/// What follows from a check for where its peer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Choice {
    /// Media goes there from now on.
    Moved,
    Same,
}

impl Checking {
    pub fn new(now: Instant, terms: &Checks) -> Checking {
        Checking { terms: terms.clone(), chosen: None, heard: VecDeque::new(), renewed: now }
    }

    /// When its peer spoke last for the place where it is, as far as checks tell.
    pub fn renewed(&self) -> Instant {
        self.renewed
    }

    /// Who concluded long ago without further checks says by indications that it is there (RFC 5245, 10).
    pub fn keeps_alive(&mut self, now: Instant) {
        self.renewed = now;
    }

    /// Whether the peer has shown where it is.
    pub fn has_chosen(&self) -> bool {
        self.chosen.is_some()
    }

    /// Whether these are the terms of a restart (RFC 8445, 2.4).
    pub fn is_by(&self, terms: &Checks) -> bool {
        self.terms == *terms
    }

    /// Answers a check of who knows our password; nobody else is answered. The answer lies where the check
    /// lay; what is refused, or came before, speaks for nothing.
    pub fn take(&mut self, from: SocketAddr, packet: &mut Packet<'_>) -> Result<Option<Standing>, Reason> {
        let message = Message::parse(packet.bytes()).map_err(|_| Reason::Malformed)?;
        if message.class != Class::Request {
            return Err(Reason::Malformed);
        }
        let is_ours = message.username() == Some(&*self.terms.username);
        if !is_ours || !message.is_proven(&self.terms.password) {
            return Err(Reason::Unproven);
        }
        let (transaction, password) = (message.transaction, &*self.terms.password);
        let mut unknown = [0; UNKNOWN_MAX];
        let count = message.unknown().zip(&mut unknown).map(|(kind, place)| *place = kind).count();
        let refusal = match count {
            0 if message.is_of_controlled() => Some((487, "Role Conflict")),
            0 => None,
            _ => Some((420, "Unknown Attribute")),
        };
        let standing = match (message.nominates(), message.priority()) {
            (true, priority) => Standing::Nominated { priority: priority.unwrap_or(0) },
            (false, _) => Standing::Tried,
        };
        let length = match refusal {
            Some(refusal) => {
                stun::refuse(transaction, refusal, &unknown[..count], password, packet.buffer_mut())
            }
            None => stun::answer(transaction, from, password, packet.buffer_mut()),
        };
        packet.resize(length.ok_or(Reason::Undeliverable)?);
        Ok((refusal.is_none() && self.is_fresh(transaction)).then_some(standing))
    }

    fn is_fresh(&mut self, transaction: Transaction) -> bool {
        if self.heard.contains(&transaction) {
            return false;
        }
        if self.heard.len() == HEARD_MAX {
            self.heard.pop_front();
        }
        self.heard.push_back(transaction);
        true
    }

    /// A pair is left for one that its peer thinks better of, or when the peer has left it.
    pub fn weigh(&mut self, now: Instant, place: SocketAddr, standing: Standing) -> Choice {
        let tried = Chosen { place, standing, checked: now };
        match &mut self.chosen {
            Some(chosen) if chosen.place == place => {
                self.renewed = now;
                *chosen = Chosen { standing: chosen.standing.max(standing), ..tried };
                Choice::Same
            }
            Some(chosen) if !chosen.is_left(now) && standing <= chosen.standing => Choice::Same,
            chosen => {
                self.renewed = now;
                *chosen = Some(tried);
                Choice::Moved
            }
        }
    }
}

impl Chosen {
    fn is_left(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.checked) > LEFT_AFTER
    }
}

/// As many types as a refusal has room to name.
const UNKNOWN_MAX: usize = 2;
