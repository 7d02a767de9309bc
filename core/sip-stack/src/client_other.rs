//! Any request of ours but INVITE and ACK (RFC 3261 17.1.2).

use std::mem;
use std::time::Instant;

use crate::flow::Wire;
use crate::timing::{Carriage, Repeat, Timers, earlier};

/// What our request waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientOther {
    /// Any answer. Timers E and F.
    Trying {
        repeat: Repeat,
        give_up_at: Instant,
    },
    /// A final answer; copies go out at the longest pause.
    Proceeding {
        repeat: Repeat,
        give_up_at: Instant,
    },
    /// Copies of the answer, to swallow them. Timer K.
    Completed {
        until: Instant,
    },
    Gone,
}

/// What can happen to it.
#[derive(Clone, Copy, Debug)]
pub enum Event {
    Provisional,
    Final,
    FlowFailed,
    Deadline,
}

/// What it wants done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    Send(Wire),
    /// Show the answer to the owner.
    Pass,
    TellTimeout,
    TellFlowFailed,
}

impl ClientOther {
    pub fn begin(now: Instant, timers: &Timers, carriage: Carriage, wire: &Wire) -> ClientOther {
        let repeat = Repeat::on(carriage, now, timers.t1, Some(timers.t2), wire);
        ClientOther::Trying { repeat, give_up_at: now + timers.patience() }
    }

    pub fn handle(
        &mut self,
        now: Instant,
        timers: &Timers,
        carriage: Carriage,
        event: Event,
        acts: &mut Vec<Act>,
    ) {
        use ClientOther::*;
        *self = match (mem::replace(self, Gone), event) {
            (Trying { mut repeat, give_up_at }, Event::Provisional) => {
                acts.push(Act::Pass);
                repeat.slow_down(now, timers.t2);
                Proceeding { repeat, give_up_at }
            }
            (state @ Proceeding { .. }, Event::Provisional) => {
                acts.push(Act::Pass);
                state
            }
            (Trying { .. } | Proceeding { .. }, Event::Final) => {
                acts.push(Act::Pass);
                match carriage {
                    Carriage::Lossy => Completed { until: now + timers.t4 },
                    Carriage::Reliable => Gone,
                }
            }
            (Trying { .. } | Proceeding { .. }, Event::FlowFailed) => {
                acts.push(Act::TellFlowFailed);
                Gone
            }
            (Trying { give_up_at, .. } | Proceeding { give_up_at, .. }, Event::Deadline)
                if give_up_at <= now =>
            {
                acts.push(Act::TellTimeout);
                Gone
            }
            (Completed { until }, Event::Deadline) if until <= now => Gone,
            (Trying { mut repeat, give_up_at }, Event::Deadline) => {
                acts.extend(repeat.take(now).map(Act::Send));
                Trying { repeat, give_up_at }
            }
            (Proceeding { mut repeat, give_up_at }, Event::Deadline) => {
                acts.extend(repeat.take(now).map(Act::Send));
                Proceeding { repeat, give_up_at }
            }
            // Too early, too late, or twice: swallowed.
            (
                state @ (Completed { .. } | Gone),
                Event::Provisional | Event::Final | Event::FlowFailed | Event::Deadline,
            ) => state,
        };
    }

    /// Sends no more copies; an answer that is on its way is still swallowed.
    pub fn hush(&mut self) {
        if let ClientOther::Trying { repeat, .. } | ClientOther::Proceeding { repeat, .. } = self {
            *repeat = Repeat::Never;
        }
    }

    pub fn deadline(&self) -> Option<Instant> {
        match self {
            ClientOther::Trying { repeat, give_up_at } | ClientOther::Proceeding { repeat, give_up_at } => {
                earlier(repeat.due(), Some(*give_up_at))
            }
            ClientOther::Completed { until } => Some(*until),
            ClientOther::Gone => None,
        }
    }
}
