//! Which of a call's requests a transaction carries.

use sip_stack::{Owner, Token};

/// The room number of calls among the owners of transactions.
pub const ROOM: u8 = 1;

/// The INVITE that reaches a callee, or came from the caller.
pub(crate) const INVITE: u16 = 1;
/// A re-INVITE or UPDATE that is carried across.
pub(crate) const EXCHANGE: u16 = 2;
/// Another request that is carried across.
pub(crate) const PASSING: u16 = 3;
/// A BYE of ours.
pub(crate) const BYE: u16 = 4;
/// A PRACK of ours.
pub(crate) const PRACK: u16 = 5;

/// A question whether a far end is there.
pub(crate) const REFRESH: u16 = 6;
/// A NOTIFY of how a transfer goes.
pub(crate) const NOTICE: u16 = 7;
/// A re-INVITE that joins parties of two calls.
pub(crate) const JOIN: u16 = 8;
/// An INFO of ours that tells a key press.
pub(crate) const PRESS: u16 = 9;

/// A request of ours to a recorder outside.
pub(crate) const RECORDER: u16 = 10;

pub(crate) fn owner(key: Token, part: u16) -> Owner {
    Owner { room: ROOM, key: key.bits(), part }
}

/// For a request whose answer interests nobody.
pub(crate) fn nobody() -> Owner {
    Owner { room: 0, key: 0, part: 0 }
}
