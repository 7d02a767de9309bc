//! One user's box: what waits, and what became of the message in front.

use std::collections::VecDeque;
use std::time::Instant;

use sip_stack::ClientId;

use crate::letter::Letter;
use crate::limits::{REST, RESTS_MAX};

/// Never empty: a box without a message is none.
#[derive(Debug)]
pub(crate) struct Mailbox {
    pub letters: VecDeque<Letter>,
    pub front: Front,
    /// When it was to be looked at last.
    pub look: Option<Instant>,
}

/// What becomes of the message in front.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Front {
    /// It may leave from a moment on.
    Ready { from: Instant, failures: u32 },
    /// Nobody is there: it leaves when a phone registers.
    Away,
    /// These devices have not answered yet.
    Leaving { waits: Vec<ClientId>, failures: u32, is_wanted: bool },
}

/// What a device made of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reply {
    Taken,
    /// Perhaps another time.
    Later,
    /// Never.
    Refused,
}

/// What follows from it for the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Open,
    Taken,
    /// No device will ever take it.
    Refused,
}

impl Mailbox {
    pub fn new(letter: Letter, now: Instant) -> Mailbox {
        let front = Front::Ready { from: now, failures: 0 };
        Mailbox { letters: VecDeque::from([letter]), front, look: None }
    }

    /// When something of it is due.
    pub fn deadline(&self) -> Option<Instant> {
        let end = self.letters.iter().map(|letter| letter.until).min();
        match &self.front {
            Front::Ready { from, .. } => end.map(|end| end.min(*from)),
            Front::Away => end,
            Front::Leaving { .. } => None,
        }
    }

    /// A device has answered, or has not.
    pub fn replied(&mut self, now: Instant, client: ClientId, reply: Reply) -> Outcome {
        let Front::Leaving { waits, failures, is_wanted } = &mut self.front else { return Outcome::Open };
        let Some(place) = waits.iter().position(|wait| *wait == client) else { return Outcome::Open };
        waits.swap_remove(place);
        *is_wanted |= reply == Reply::Later;
        match (reply, waits.is_empty(), *is_wanted) {
            (Reply::Taken, ..) => Outcome::Taken,
            (_, false, _) => Outcome::Open,
            (_, true, false) => Outcome::Refused,
            (_, true, true) => {
                let failures = failures.saturating_add(1);
                let rest = REST * 2u32.pow(failures.min(RESTS_MAX) - 1);
                self.front = Front::Ready { from: now + rest, failures };
                Outcome::Open
            }
        }
    }

    /// A phone of the user may be there again.
    pub fn wakes(&mut self, now: Instant) {
        match &mut self.front {
            Front::Ready { from, .. } => *from = now.min(*from),
            Front::Away => self.front = Front::Ready { from: now, failures: 0 },
            Front::Leaving { .. } => {}
        }
    }
}
