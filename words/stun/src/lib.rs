//! STUN Binding messages as ICE uses them, read in place and written into the caller's buffer (RFC 8489,
//! 8445).
//!
//! A [`Message`] borrows the datagram it was read from, and says whether it was written by who knows a
//! password. [`answer`], [`refuse`] and [`Check::write`] write a whole message with its proof; nothing is
//! allocated.
//!
//! Not here: what a check means for a call (media), other uses of STUN and TURN.
//!
//! Start with `message.rs`.

mod attribute;
mod fingerprint;
mod integrity;
mod message;
mod write;

pub use message::{Class, Error, Message, Transaction, is_indication, is_stun};
pub use write::{Check, Choice, answer, refuse};
