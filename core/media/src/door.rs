//! What knocks at a side's ports besides media: checks of ICE. They are answered (RFC 8445, 7.3); a lite
//! agent takes their word for where its peer is (2.5), a full one asks there first.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use stun::{Class, Message, Transaction};

use crate::checklist::{Checklist, Contest, Gate, Sent};
use crate::order::Checks;
use crate::packet::Packet;
use crate::search::Candidate;
use crate::standing::Standing;
use crate::verdict::{Half, Reason};

/// Who has not checked its chosen pair for so long has left it: peers renew theirs every 5 s (RFC 7675, 5.1).
const LEFT_AFTER: Duration = Duration::from_secs(8);

/// As many as a peer sends in minutes, once it has found us.
const HEARD_MAX: usize = 64;

/// What is kept of a side's checks.
#[derive(Debug)]
pub(crate) struct Checking {
    terms: Checks,
    /// Of each half.
    chosen: [Option<Chosen>; 2],
    /// Ours, where the house is a full agent.
    ours: Option<Checklist>,
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

/// What follows from a check for where its peer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Choice {
    /// Media goes there from now on.
    Moved,
    Same,
}

impl Checking {
    pub fn new(now: Instant, terms: &Checks) -> Checking {
        let ours = terms.search.as_ref().map(|search| {
            let mut ours = Checklist::new(now, search);
            ours.add(now, &search.candidates);
            ours
        });
        let terms = Checks { search: None, ..terms.clone() };
        Checking { terms, chosen: [None; 2], ours, heard: VecDeque::new(), renewed: now }
    }

    /// The same terms are said again, and perhaps further places.
    pub fn goes_on(&mut self, now: Instant, terms: &Checks) {
        if let (Some(ours), Some(search)) = (&mut self.ours, &terms.search) {
            ours.add(now, &search.candidates);
        }
    }

    /// Further places have come to be reached.
    pub fn may_ask(&mut self, now: Instant, places: &[Candidate]) {
        if let Some(ours) = &mut self.ours {
            ours.add(now, places);
        }
    }

    /// Whether we ask where the peer is, and believe nothing else.
    pub fn searches(&self) -> bool {
        self.ours.is_some()
    }

    /// When a check of ours is due.
    pub fn due(&self) -> Option<Instant> {
        self.ours.as_ref()?.due()
    }

    /// The next check of ours that is due by now.
    pub fn next(&mut self, now: Instant, gate: &mut Gate, out: &mut [u8]) -> Option<Sent> {
        self.ours.as_mut()?.next(now, gate, out)
    }

    /// Where a half of the stream goes, as far as checks have shown.
    pub fn place_of(&self, half: Half) -> Option<SocketAddr> {
        self.chosen[half as usize].map(|chosen| chosen.place)
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
        self.chosen[Half::Rtp as usize].is_some()
    }

    /// Whether these are the terms of before, and not of a restart (RFC 8445, 2.4).
    pub fn is_by(&self, terms: &Checks) -> bool {
        let are_same = match (&self.ours, &terms.search) {
            (Some(ours), Some(search)) => ours.is_by(search),
            (None, None) => true,
            (Some(_), None) | (None, Some(_)) => false,
        };
        are_same && self.terms.username == terms.username && self.terms.password == terms.password
    }

    /// Takes a check, or what is said to be an answer to one of ours. Who knows our password is answered, and
    /// nobody else: the answer lies where the check lay. What is refused, or came before, speaks for nothing.
    pub fn take(
        &mut self,
        now: Instant,
        (half, from): (Half, SocketAddr),
        packet: &mut Packet<'_>,
    ) -> Result<(Reason, Choice), Reason> {
        let message = Message::parse(packet.bytes()).map_err(|_| Reason::Malformed)?;
        match message.class {
            Class::Request => {}
            Class::Indication => return Err(Reason::Malformed),
            Class::Answer | Class::Refusal => {
                return Ok((Reason::Checked, self.hears(now, (half, from), &message)?));
            }
        }
        let is_ours = message.username() == Some(&*self.terms.username);
        if !is_ours || !message.is_proven(&self.terms.password) {
            return Err(Reason::Unproven);
        }
        let transaction = message.transaction;
        let is_fresh = self.is_fresh(transaction);
        let mut unknown = [0; UNKNOWN_MAX];
        let count = message.unknown().zip(&mut unknown).map(|(kind, place)| *place = kind).count();
        let refusal = match count {
            0 => match self.contest(&message) {
                Contest::TheyChange => Some((487, "Role Conflict")),
                Contest::WeChange if is_fresh => {
                    self.ours.iter_mut().for_each(Checklist::change_part);
                    None
                }
                Contest::WeChange | Contest::None => None,
            },
            _ => Some((420, "Unknown Attribute")),
        };
        let priority = message.priority().unwrap_or(0);
        let standing = if message.nominates() { Standing::Nominated { priority } } else { Standing::Tried };
        let (password, buffer) = (&*self.terms.password, packet.buffer_mut());
        let length = match refusal {
            Some(refusal) => stun::refuse(transaction, refusal, &unknown[..count], password, buffer),
            None => stun::answer(transaction, from, password, buffer),
        };
        packet.resize(length.ok_or(Reason::Undeliverable)?);
        if refusal.is_some() || !is_fresh {
            return Ok((Reason::Answered, Choice::Same));
        }
        Ok((Reason::Answered, self.follows(now, (half, from), priority, standing)))
    }

    /// What follows from a check of the peer's for where it is.
    fn follows(
        &mut self,
        now: Instant,
        (half, from): (Half, SocketAddr),
        priority: u32,
        standing: Standing,
    ) -> Choice {
        if let Some(ours) = &mut self.ours {
            let standing = ours.is_asked(now, (half, from), priority, standing);
            return standing.map_or(Choice::Same, |standing| self.weigh(now, half, from, standing));
        }
        match half {
            Half::Rtcp => Choice::Moved,
            Half::Rtp => {
                let choice = self.weigh(now, half, from, standing);
                self.is_renewed(now, from);
                choice
            }
        }
    }

    /// What follows from an answer to a check of ours.
    fn hears(
        &mut self,
        now: Instant,
        (half, from): (Half, SocketAddr),
        message: &Message<'_>,
    ) -> Result<Choice, Reason> {
        let ours = self.ours.as_mut().ok_or(Reason::Malformed)?;
        let Some(standing) = ours.hears(now, (half, from), message)? else { return Ok(Choice::Same) };
        let choice = self.weigh(now, half, from, standing);
        if half == Half::Rtp {
            self.is_renewed(now, from);
        }
        Ok(choice)
    }

    /// Who is lite never chooses.
    fn contest(&self, message: &Message<'_>) -> Contest {
        match &self.ours {
            Some(ours) => ours.contest(message),
            None if message.is_of_controlled() => Contest::TheyChange,
            None => Contest::None,
        }
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
    fn weigh(&mut self, now: Instant, half: Half, place: SocketAddr, standing: Standing) -> Choice {
        let tried = Chosen { place, standing, checked: now };
        match &mut self.chosen[half as usize] {
            Some(chosen) if chosen.place == place => {
                *chosen = Chosen { standing: chosen.standing.max(standing), ..tried };
                Choice::Same
            }
            Some(chosen) if !chosen.is_left(now) && standing <= chosen.standing => Choice::Same,
            chosen => {
                *chosen = Some(tried);
                self.ours.iter_mut().for_each(|ours| ours.keep(now, half, place));
                Choice::Moved
            }
        }
    }

    fn is_renewed(&mut self, now: Instant, place: SocketAddr) {
        if self.place_of(Half::Rtp) == Some(place) {
            self.renewed = now;
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
