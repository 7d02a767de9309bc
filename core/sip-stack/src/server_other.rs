//! Any other request that was sent to us (RFC 3261 17.2.2, RFC 4320).

use std::mem;
use std::time::Instant;

use crate::flow::Wire;
use crate::timing::{Carriage, Timers};

/// What it waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServerOther {
    /// Our answer. At `speak_at` a 100 may say that we are at work, not earlier.
    Trying {
        speak_at: Instant,
        give_up_at: Instant,
    },
    /// Our answer, still; `last` is repeated.
    Proceeding {
        last: Wire,
        give_up_at: Instant,
    },
    /// Copies of the request, each of which gets the answer again. Timer J.
    Completed {
        last: Wire,
        until: Instant,
    },
    Gone,
}

/// What can happen to it.
#[derive(Clone, Debug)]
pub enum Event {
    RequestAgain,
    Provisional(Wire),
    Final(Wire),
    Deadline,
}

/// What it wants done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    Send(Wire),
    /// Write a 100 and hand it back as a provisional answer.
    SayTrying,
}

impl ServerOther {
    pub fn begin(now: Instant, timers: &Timers) -> ServerOther {
        ServerOther::Trying { speak_at: now + timers.first_word(), give_up_at: now + timers.patience() }
    }

    pub fn handle(
        &mut self,
        now: Instant,
        timers: &Timers,
        carriage: Carriage,
        event: Event,
        acts: &mut Vec<Act>,
    ) {
        use ServerOther::*;
        *self = match (mem::replace(self, Gone), event) {
            (Trying { speak_at, give_up_at }, Event::Provisional(wire)) if speak_at <= now => {
                acts.push(Act::Send(wire.clone()));
                Proceeding { last: wire, give_up_at }
            }
            (Proceeding { give_up_at, .. }, Event::Provisional(wire)) => {
                acts.push(Act::Send(wire.clone()));
                Proceeding { last: wire, give_up_at }
            }
            (Proceeding { last, give_up_at }, Event::RequestAgain) => {
                acts.push(Act::Send(last.clone()));
                Proceeding { last, give_up_at }
            }
            (Trying { .. } | Proceeding { .. }, Event::Final(wire)) => {
                acts.push(Act::Send(wire.clone()));
                match carriage {
                    Carriage::Lossy => Completed { last: wire, until: now + timers.patience() },
                    Carriage::Reliable => Gone,
                }
            }
            (Completed { last, until }, Event::RequestAgain) => {
                acts.push(Act::Send(last.clone()));
                Completed { last, until }
            }
            (Trying { give_up_at, .. } | Proceeding { give_up_at, .. }, Event::Deadline)
                if give_up_at <= now =>
            {
                Gone
            }
            (Trying { speak_at, give_up_at }, Event::Deadline) if speak_at <= now => {
                acts.push(Act::SayTrying);
                Trying { speak_at, give_up_at }
            }
            (Completed { until, .. }, Event::Deadline) if until <= now => Gone,
            // A copy, too early, or too late: swallowed.
            (
                state @ (Trying { .. } | Proceeding { .. } | Completed { .. } | Gone),
                Event::RequestAgain | Event::Provisional(_) | Event::Final(_) | Event::Deadline,
            ) => state,
        };
    }

    pub fn deadline(&self) -> Option<Instant> {
        match self {
            ServerOther::Trying { speak_at, give_up_at } => Some(*speak_at.min(give_up_at)),
            ServerOther::Proceeding { give_up_at, .. } => Some(*give_up_at),
            ServerOther::Completed { until, .. } => Some(*until),
            ServerOther::Gone => None,
        }
    }

    /// Whether RFC 4320 lets this answer go out: no 408 at all, nothing provisional early.
    pub fn admits(&self, now: Instant, status: u16) -> bool {
        match (self, status) {
            (_, 408) => false,
            (ServerOther::Trying { speak_at, .. }, 0..200) => *speak_at <= now,
            _ => true,
        }
    }

    /// Whether a final answer is still owed.
    pub fn is_open(&self) -> bool {
        matches!(self, ServerOther::Trying { .. } | ServerOther::Proceeding { .. })
    }
}
