//! Our INVITE, until it is answered and a little longer (RFC 3261 17.1.1, RFC 6026).

use std::mem;
use std::time::Instant;

use crate::flow::Wire;
use crate::timing::{Carriage, Repeat, Timers, earlier};

/// What our INVITE waits for. Each state holds what it needs, and nothing else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientInvite {
    /// A first sign of life. Timers A and B.
    Calling {
        invite: Wire,
        repeat: Repeat,
        give_up_at: Instant,
        wish: Wish,
    },
    /// A final answer; for ever, unless we cancelled. The INVITE stays for its ACK and CANCEL.
    Proceeding {
        invite: Wire,
        give_up_at: Option<Instant>,
    },
    /// Nothing: Timer B has gone off. Who answers all the same is cancelled, or acknowledged and hung up.
    Forsaken {
        invite: Wire,
        until: Instant,
        cancel: Cancel,
    },
    /// Copies of a failure, each of which gets its ACK again. Timer D. Proxies send a 2xx on even after one
    /// (RFC 3261 16.7, 5): its owner ends what it opened.
    Completed {
        ack: Option<Wire>,
        until: Instant,
    },
    /// Copies of a 2xx and answers of other forks, which the owner acknowledges. Timer M.
    Accepted {
        until: Instant,
    },
    Gone,
}

/// Whether somebody wants the call taken back before anybody answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wish {
    GoOn,
    /// With the value of a Reason header.
    Cancel(Option<Box<str>>),
}

/// Whether who answered too late was told so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cancel {
    Unsent,
    Sent,
}

/// What can happen to it.
#[derive(Clone, Debug)]
pub enum Event {
    Provisional,
    Success,
    /// With the ACK that answers it, if our INVITE could be read back to make one.
    Failure(Option<Wire>),
    Cancel(Option<Box<str>>),
    FlowFailed,
    Deadline,
}

/// What it wants done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    Send(Wire),
    /// Send a CANCEL for this INVITE, with this Reason.
    SendCancel(Wire, Option<Box<str>>),
    /// Show the answer to the owner.
    Pass,
    TellTimeout,
    TellFlowFailed,
}

impl ClientInvite {
    pub fn begin(now: Instant, timers: &Timers, carriage: Carriage, invite: Wire) -> ClientInvite {
        let repeat = Repeat::on(carriage, now, timers.t1, None, &invite);
        ClientInvite::Calling { invite, repeat, give_up_at: now + timers.patience(), wish: Wish::GoOn }
    }

    pub fn handle(
        &mut self,
        now: Instant,
        timers: &Timers,
        carriage: Carriage,
        event: Event,
        acts: &mut Vec<Act>,
    ) {
        use ClientInvite::*;
        *self = match (mem::replace(self, Gone), event) {
            (Calling { invite, wish, .. }, Event::Provisional) => {
                acts.push(Act::Pass);
                match wish {
                    Wish::GoOn => Proceeding { invite, give_up_at: None },
                    Wish::Cancel(reason) => cancelled(now, timers, invite, reason, acts),
                }
            }
            (state @ Proceeding { .. }, Event::Provisional)
            | (state @ (Accepted { .. } | Completed { .. }), Event::Success) => {
                acts.push(Act::Pass);
                state
            }
            (Calling { .. } | Proceeding { .. } | Forsaken { .. }, Event::Success) => {
                acts.push(Act::Pass);
                Accepted { until: now + timers.patience() }
            }
            (Calling { .. } | Proceeding { .. } | Forsaken { .. }, Event::Failure(ack)) => {
                acts.extend(ack.clone().map(Act::Send));
                acts.push(Act::Pass);
                match carriage {
                    Carriage::Lossy => Completed { ack, until: now + timers.patience() },
                    Carriage::Reliable => Gone,
                }
            }
            (Completed { ack, until }, Event::Failure(_)) => {
                acts.extend(ack.clone().map(Act::Send));
                Completed { ack, until }
            }
            (Calling { invite, repeat, give_up_at, wish: Wish::GoOn }, Event::Cancel(reason)) => {
                Calling { invite, repeat, give_up_at, wish: Wish::Cancel(reason) }
            }
            (Proceeding { invite, give_up_at: None }, Event::Cancel(reason)) => {
                cancelled(now, timers, invite, reason, acts)
            }
            (Calling { .. } | Proceeding { .. }, Event::FlowFailed) => {
                acts.push(Act::TellFlowFailed);
                Gone
            }
            (Forsaken { invite, cancel: Cancel::Unsent, .. }, Event::Provisional) => {
                acts.extend([Act::Pass, Act::SendCancel(invite.clone(), None)]);
                Forsaken { invite, until: now + timers.patience(), cancel: Cancel::Sent }
            }
            (Forsaken { .. }, Event::FlowFailed) => Gone,
            (state, Event::Deadline) => state.at_deadline(now, timers, acts),
            // Too early, too late, or twice: swallowed.
            (
                state @ (Calling { .. }
                | Proceeding { .. }
                | Forsaken { .. }
                | Completed { .. }
                | Accepted { .. }
                | Gone),
                Event::Provisional
                | Event::Success
                | Event::Failure(_)
                | Event::Cancel(_)
                | Event::FlowFailed,
            ) => state,
        };
    }

    fn at_deadline(self, now: Instant, timers: &Timers, acts: &mut Vec<Act>) -> ClientInvite {
        use ClientInvite::*;
        match self {
            Calling { invite, give_up_at, .. } if give_up_at <= now => {
                acts.push(Act::TellTimeout);
                Forsaken { invite, until: now + timers.patience(), cancel: Cancel::Unsent }
            }
            Calling { invite, mut repeat, give_up_at, wish } => {
                acts.extend(repeat.take(now).map(Act::Send));
                Calling { invite, repeat, give_up_at, wish }
            }
            Proceeding { give_up_at: Some(at), .. } if at <= now => {
                acts.push(Act::TellTimeout);
                Gone
            }
            Forsaken { until, .. } | Completed { until, .. } | Accepted { until } if until <= now => Gone,
            state @ (Proceeding { .. } | Forsaken { .. } | Completed { .. } | Accepted { .. } | Gone) => {
                state
            }
        }
    }

    pub fn deadline(&self) -> Option<Instant> {
        match self {
            ClientInvite::Calling { repeat, give_up_at, .. } => earlier(repeat.due(), Some(*give_up_at)),
            ClientInvite::Proceeding { give_up_at, .. } => *give_up_at,
            ClientInvite::Forsaken { until, .. }
            | ClientInvite::Completed { until, .. }
            | ClientInvite::Accepted { until } => Some(*until),
            ClientInvite::Gone => None,
        }
    }

    /// The INVITE as it was sent, while an ACK or a CANCEL may have to be made of it.
    pub fn invite(&self) -> Option<&Wire> {
        match self {
            ClientInvite::Calling { invite, .. }
            | ClientInvite::Proceeding { invite, .. }
            | ClientInvite::Forsaken { invite, .. } => Some(invite),
            ClientInvite::Completed { .. } | ClientInvite::Accepted { .. } | ClientInvite::Gone => None,
        }
    }
}

/// After a CANCEL nobody waits longer than the patience of a transaction (RFC 3261 9.1).
fn cancelled(
    now: Instant,
    timers: &Timers,
    invite: Wire,
    reason: Option<Box<str>>,
    acts: &mut Vec<Act>,
) -> ClientInvite {
    acts.push(Act::SendCancel(invite.clone(), reason));
    ClientInvite::Proceeding { invite, give_up_at: Some(now + timers.patience()) }
}
