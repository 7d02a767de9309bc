//! What a transfer is made of: who asked, which call takes over, what it begins with.

use std::sync::Arc;

use media::Side;
use policy::{CallPlan, Facts, Trail};
use sip_stack::{Dialog, Token};

use crate::held::Held;
use crate::talker::Talker;

/// A transfer that a side has asked for.
pub(crate) struct Transfer {
    pub by: Side,
    /// The call that will take the other side.
    pub target: Option<Token>,
    /// Whether that call is answered, and waits.
    pub stage: Stage,
    /// The new party, for people.
    pub words: Box<str>,
    /// Whether its phone rings.
    pub rings: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    Reaching,
    Ready,
    /// It has the party, which has not taken to it yet.
    Handed,
}

/// The call that a party comes out of, which waits until the party has taken to this one.
pub(crate) struct Lender {
    pub of: Token,
    /// The side on which the party stands here.
    pub side: Side,
    /// What its old call held of limits.
    pub permits: Vec<Held>,
    /// The side of its old call that stays behind there.
    pub left: Side,
}

/// That a call takes over a party of another one.
pub(crate) struct Origin {
    pub of: Token,
    /// The side on which that party will stand.
    pub side: Side,
    pub media: Media,
    pub stage: Stage,
}

/// What the other side of this call was told of media.
pub(crate) enum Media {
    /// It was offered what the newcomer can hear; this is its answer, once there is one.
    OfNewcomer(Option<Box<[u8]>>),
    /// It speaks with somebody else, or has been offered somebody else's media.
    OfAnother,
}

/// Whether the far end of a leg belongs to this call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Presence {
    Here,
    /// Another call has it, or it hung up and the call goes on without it.
    Away,
}

/// What a call begins with that nobody sent an INVITE for.
pub(crate) struct Begin {
    pub plan: CallPlan,
    pub facts: Facts,
    pub trail: Trail,
    /// What the party can hear that the new one will speak with.
    pub offer: Box<[u8]>,
    pub newcomer: Newcomer,
    /// The record of the call that it comes out of.
    pub parent: String,
}

/// What a call has to know beforehand of a party that it will take over.
pub(crate) struct Newcomer {
    pub dialog: Dialog,
    pub rules: Arc<policy::LegRules>,
    pub session: Talker,
}
