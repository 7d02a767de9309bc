//! A call that ends: what is left to wait for, and why it ends.

use std::time::Instant;

use media::Side;
use policy::Line;
use sip_stack::{ClientId, Dialog, ServerId};

use crate::said::Said;

/// What is left to do.
#[derive(Default)]
pub(crate) struct Closing {
    pub callee: Option<Dialog>,
    /// BYEs that are answered when the record is kept.
    pub held: Vec<ServerId>,
    /// Ours, unanswered.
    pub byes: Vec<Bye>,
    /// A side that must acknowledge our 2xx before it may hear a BYE (RFC 3261 15).
    pub owed: Option<(Side, Vec<Line>)>,
    pub stage: Stage,
}

/// A BYE of ours that isn't answered.
pub(crate) struct Bye {
    pub side: Side,
    pub client: ClientId,
    pub said: Said,
    pub since: Instant,
    /// Theirs has come, too.
    pub is_crossed: bool,
}

#[derive(Default)]
pub(crate) enum Stage {
    /// The relay has not yet said what it counted.
    Counting(Instant),
    #[default]
    Kept,
}

/// Why a call ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// A BYE came.
    HungUp,
    Cancelled,
    /// No attempt was left; the caller was told this status.
    Failed(u16),
    /// A side never acknowledged our 2xx.
    NoAck(Side),
    /// The caller never acknowledged what it was told before the answer.
    NoPrack,
    /// An answer to an open offer held nothing.
    NoDescription,
    /// A side no longer knows the dialog, or doesn't answer in it.
    Lost(Side),
    /// A side gave no sign of life in time.
    Silent(Side),
    /// One party goes on in another call, and whoever transferred it was let go.
    Transferred,
    /// The phone that the house rang for its user is in the call that it rang for.
    PutThrough,
    /// It answered, and the call that it rang for came to nothing.
    NotPutThrough,
    /// Whoever transferred the call is gone, and the new party was not reached.
    NotTransferred,
    /// Two parties that were to be joined have no media in common.
    NotJoined,
    /// The caller was told where a far end sends the call, and goes there itself.
    Redirected,
    /// It was parked, and nobody took it.
    Unclaimed,
    /// The PIN of the conference was not typed.
    NoPin,
    /// It was as long as a trunk lets calls be.
    TooLong,
    /// Neither side had sent any media for too long.
    NoSound,
    /// It was made to mark another one, and has.
    Marked,
    /// It was to be recorded outside, and no recorder took it.
    Unrecorded,
    /// An operator ended it.
    Operator,
}

impl Ending {
    /// What the BYEs of the house say of it (RFC 3326), where no message before them says it.
    pub(crate) fn reason(self) -> Option<&'static str> {
        match self {
            Ending::NoSound => Some("Q.850;cause=102;text=\"TD-E210\""),
            _ => None,
        }
    }

    /// On which side it lay, if on one.
    pub(crate) fn side(self) -> Option<Side> {
        match self {
            Ending::NoAck(side) | Ending::Lost(side) | Ending::Silent(side) => Some(side),
            Ending::NoPrack => Some(Side::Caller),
            _ => None,
        }
    }
}

impl Closing {
    pub(crate) fn is_done(&self) -> bool {
        matches!(self.stage, Stage::Kept) && self.byes.is_empty() && self.owed.is_none()
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        match self.stage {
            Stage::Counting(until) => Some(until),
            Stage::Kept => None,
        }
    }

    /// It waits for that BYE of ours no more.
    pub(crate) fn bye_ended(&mut self, client: ClientId) -> Option<Bye> {
        let ours = self.byes.iter().position(|bye| bye.client == client)?;
        Some(self.byes.swap_remove(ours))
    }

    /// A BYE of a side has come while ours was not out yet, or not answered; whether it is the first.
    pub(crate) fn is_crossed_by(&mut self, side: Side) -> bool {
        if self.owed.as_ref().is_some_and(|(owed, _)| *owed == side) {
            self.owed = None;
            return true;
        }
        let ours = self.byes.iter_mut().find(|bye| bye.side == side && !bye.is_crossed);
        let Some(ours) = ours else { return false };
        ours.is_crossed = true;
        true
    }
}
