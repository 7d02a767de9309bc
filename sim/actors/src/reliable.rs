//! What a leg knows of provisional answers that are acknowledged (RFC 3262).

use std::time::Instant;

use crate::exchange::{ActorOut, Parcel};
use crate::repeat::{Growth, Repeat};

/// What a leg knows of reliable answers.
#[derive(Debug, Default)]
pub(crate) struct Reliable {
    /// Ours that waits for its PRACK.
    pub sent: Option<Sent>,
    pub last: u32,
    /// Theirs that have their PRACK: To tag and RSeq.
    pub acknowledged: Vec<(String, u32)>,
    /// Offer and answer are done before the answer.
    pub is_settled: bool,
    /// PRACKs that it still keeps to itself.
    pub kept: u8,
}

#[derive(Debug)]
pub(crate) struct Sent {
    pub rseq: u32,
    holding: Holding,
    repeat: Repeat,
}

impl Reliable {
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.sent.as_ref().map(|sent| sent.repeat.deadline())
    }

    pub(crate) fn expire(&mut self, now: Instant, out: &mut ActorOut) {
        let Some(sent) = &mut self.sent else { return };
        if sent.repeat.is_given_up(now) {
            self.sent = None;
        } else {
            sent.repeat.expire(now, out);
        }
    }

    pub(crate) fn stop(&mut self) {
        self.sent = None;
    }

    /// Whether the PRACK of a session is still out.
    pub(crate) fn holds_session(&self) -> bool {
        self.sent.as_ref().is_some_and(|sent| sent.holding == Holding::Session)
    }

    pub(crate) fn send(&mut self, now: Instant, rseq: u32, parcel: &Parcel, holding: Holding) {
        let repeat = Repeat::on_any_transport(now, parcel.clone(), Growth::Doubles);
        self.sent = Some(Sent { rseq, holding, repeat });
    }
}

/// What an answer holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Holding {
    Session,
    Nothing,
}
