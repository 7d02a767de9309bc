//! An INVITE that was sent to us (RFC 3261 17.2.1, RFC 6026).

use std::mem;
use std::time::Instant;

use crate::flow::Wire;
use crate::timing::{Carriage, Repeat, Timers, earlier};

/// What it waits for. Each state holds what it needs, and nothing else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServerInvite {
    /// Our final answer. `last` is the provisional one to repeat.
    Proceeding {
        last: Wire,
    },
    /// The ACK to a failure we sent. Timers G and H.
    Completed {
        last: Wire,
        repeat: Repeat,
        give_up_at: Instant,
    },
    /// Late copies, to swallow them. Timer I.
    Confirmed {
        until: Instant,
    },
    /// Copies of an INVITE that was accepted: the call itself repeats its 2xx. Timer L.
    Accepted {
        until: Instant,
    },
    Gone,
}

/// What can happen to it.
#[derive(Clone, Debug)]
pub enum Event {
    InviteAgain,
    Provisional(Wire),
    Success(Wire),
    Failure(Wire),
    Ack,
    Deadline,
}

/// What it wants done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    Send(Wire),
    /// The ACK is not ours: it belongs to a 2xx, and so to the dialog.
    PassAck,
    TellNoAck,
}

impl ServerInvite {
    /// Begins with the 100 that has just been sent.
    pub fn begin(trying: Wire) -> ServerInvite {
        ServerInvite::Proceeding { last: trying }
    }

    pub fn handle(
        &mut self,
        now: Instant,
        timers: &Timers,
        carriage: Carriage,
        event: Event,
        acts: &mut Vec<Act>,
    ) {
        use ServerInvite::*;
        *self = match (mem::replace(self, Gone), event) {
            (Proceeding { last }, Event::InviteAgain) => {
                acts.push(Act::Send(last.clone()));
                Proceeding { last }
            }
            (Proceeding { .. }, Event::Provisional(wire)) => {
                acts.push(Act::Send(wire.clone()));
                Proceeding { last: wire }
            }
            (Proceeding { .. }, Event::Success(wire)) => {
                acts.push(Act::Send(wire));
                Accepted { until: now + timers.patience() }
            }
            (Proceeding { .. }, Event::Failure(wire)) => {
                acts.push(Act::Send(wire.clone()));
                let repeat = Repeat::on(carriage, now, timers.t1, Some(timers.t2), &wire);
                Completed { last: wire, repeat, give_up_at: now + timers.patience() }
            }
            (Completed { last, repeat, give_up_at }, Event::InviteAgain) => {
                acts.push(Act::Send(last.clone()));
                Completed { last, repeat, give_up_at }
            }
            (Completed { .. }, Event::Ack) => match carriage {
                Carriage::Lossy => Confirmed { until: now + timers.t4 },
                Carriage::Reliable => Gone,
            },
            (state @ Accepted { .. }, Event::Ack) => {
                acts.push(Act::PassAck);
                state
            }
            (Completed { give_up_at, .. }, Event::Deadline) if give_up_at <= now => {
                acts.push(Act::TellNoAck);
                Gone
            }
            (Completed { last, mut repeat, give_up_at }, Event::Deadline) => {
                acts.extend(repeat.take(now).map(Act::Send));
                Completed { last, repeat, give_up_at }
            }
            (Confirmed { until } | Accepted { until }, Event::Deadline) if until <= now => Gone,
            // A copy, or too late: swallowed.
            (
                state @ (Proceeding { .. } | Completed { .. } | Confirmed { .. } | Accepted { .. } | Gone),
                Event::InviteAgain
                | Event::Provisional(_)
                | Event::Success(_)
                | Event::Failure(_)
                | Event::Ack
                | Event::Deadline,
            ) => state,
        };
    }

    pub fn deadline(&self) -> Option<Instant> {
        match self {
            ServerInvite::Completed { repeat, give_up_at, .. } => earlier(repeat.due(), Some(*give_up_at)),
            ServerInvite::Confirmed { until } | ServerInvite::Accepted { until } => Some(*until),
            ServerInvite::Proceeding { .. } | ServerInvite::Gone => None,
        }
    }

    /// Whether a final answer is still owed.
    pub fn is_open(&self) -> bool {
        matches!(self, ServerInvite::Proceeding { .. })
    }
}
