//! A re-INVITE or UPDATE, or another request, on its way from one leg to the other.

use media::Side;
use policy::HeaderPlace;
use sip_message::{Message, Method};
use sip_stack::{ClientId, ServerId};

use crate::bridge::Described;
use crate::said::Said;
use crate::timer::Agreement;

/// One negotiation under way.
pub(crate) struct Exchange {
    pub from: Side,
    pub verb: Verb,
    pub server: ServerId,
    /// CSeq of the request that asked.
    pub cseq: u32,
    pub client: ClientId,
    /// The Contact that counts once the request is accepted (RFC 6141).
    pub target: Option<Box<str>>,
    /// Who it says to be, which counts then too (RFC 4916, 4.4.2).
    pub named: Option<Box<str>>,
    pub stage: Stage,
    /// What its answer says of the session timer.
    pub session: Option<Agreement>,
    /// What both sides had been told before, for the case of a refusal (RFC 6141).
    pub before: Described,
    /// What the other side was asked.
    pub said: Said,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verb {
    Invite,
    Update,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// The offer, if there is one, is with the other side.
    Asked(Offer),
    /// The other side made the offer in its 2xx, and waits for the answer in an ACK.
    OwesAck,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Offer {
    Made,
    /// Left to the other side, or no matter of this request.
    LeftOpen,
}

/// A request without offer or answer on its way across.
pub(crate) struct Passing {
    pub to: Side,
    pub server: ServerId,
    pub client: ClientId,
    pub said: Said,
}

impl Exchange {
    /// Whether a side waits for the ACK that brings it an answer.
    pub(crate) fn owes_ack_to(&self, side: Side) -> bool {
        self.stage == Stage::OwesAck && self.from.other() == side
    }
}

impl Verb {
    pub(crate) fn of(message: &Message<'_>) -> Verb {
        if message.method() == Some(Method::Update) { Verb::Update } else { Verb::Invite }
    }

    pub(crate) fn method(self) -> Method<'static> {
        match self {
            Verb::Invite => Method::Invite,
            Verb::Update => Method::Update,
        }
    }

    pub(crate) fn place(self) -> HeaderPlace {
        match self {
            Verb::Invite => HeaderPlace::Reinvite,
            Verb::Update => HeaderPlace::Update,
        }
    }
}
