//! What attempts that ring at the same time are made of, and which of their failures counts.

use policy::{Cause, Rang, Unreached};

use crate::attempt::Attempt;
use crate::bridge::Bridge;
use crate::draft::Row;
use crate::held::Held;

/// What those are told who ring on elsewhere when somebody has answered (RFC 3326 2).
pub(crate) const ELSEWHERE: &str = "SIP;cause=200;text=\"Call completed elsewhere\"";

/// An attempt that is not in hand, with its media.
pub(crate) struct Beside {
    pub attempt: Box<Attempt>,
    pub bridge: Bridge,
    pub permits: Vec<Held>,
}

/// The attempts of one ring, as far as they have come.
#[derive(Default)]
pub(crate) struct Ring {
    /// The first of them in the plan.
    pub first: usize,
    /// What the attempt in hand holds of limits, beside what the whole call holds.
    pub permits: Vec<Held>,
    pub beside: Vec<Beside>,
    /// What says best why nobody was reached.
    pub failure: Option<Failure>,
}

/// What became of one attempt.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Failure {
    pub index: usize,
    pub row: Row,
    pub cause: Cause,
    pub rang: Rang,
}

impl Ring {
    /// Whether more than the attempt in hand ring.
    pub(crate) fn is_shared(&self) -> bool {
        !self.beside.is_empty()
    }

    /// The better of two failures stays (RFC 3261 16.7): who declines for everybody, then who heard the call
    /// and let it ring, then who is busy, then other words of a callee, then whoever was not there.
    pub(crate) fn note(&mut self, new: Failure) {
        if self.failure.is_none_or(|known| weight(&new) < weight(&known)) {
            self.failure = Some(new);
        }
    }
}

fn weight(failure: &Failure) -> (u8, u16) {
    let status = if let Cause::Status(status) = failure.cause { status } else { 0 };
    let class = match (failure.cause, Unreached::of(failure.cause, failure.rang)) {
        (Cause::Status(600..), _) => 0,
        (_, Some(Unreached::NoAnswer)) => 1,
        (_, Some(Unreached::Busy)) => 2,
        (Cause::Status(_), None) => 3,
        (Cause::Status(_), _) => 4,
        (Cause::Timeout | Cause::Dns | Cause::Transport | Cause::NoAnswer, _) => 5,
        (Cause::Media | Cause::Limit, _) => 6,
    };
    (class, status)
}
