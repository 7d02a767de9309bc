//! What one call wants of another, carried out by whoever holds both.

use media::Side;
use sip_stack::Token;

use crate::closing::Ending;
use crate::moving::Begin;
use crate::parked::Parked;

/// One thing to do, after the event that made it necessary.
pub(crate) enum Errand {
    /// A call of its own reaches for the new party of a transfer.
    Place { of: Token, begin: Box<Begin> },
    /// A side of the call `of` has parked the other one.
    Park { of: Token, parked: Box<Parked> },
    /// The call `target` gives up whoever is on this side, for what is left of the call `of`.
    Join { of: Token, target: Token, side: Side },
    /// How far the call has come that a transfer began.
    Report { to: Token, status: u16 },
    /// The call `by` takes over what is left of the call `of`.
    HandOver { of: Token, by: Token },
    /// The party has taken to the call `by`: what is left of the call `of` ends.
    Settle { of: Token, by: Token },
    /// The parties of the call `by` were not joined, and one of them came out of the call `of`.
    Return { of: Token, by: Token, status: u16, ending: Ending },
    /// The call that wanted a transfer is over.
    Abandon { call: Token },
}
