//! STUN messages, read in place and written into the caller's buffer (RFC 8489): Binding messages as ICE
//! uses them (RFC 8445), and what is said to a server that sees us from outside, or relays for us (TURN, RFC
//! 8656).
//!
//! A [`Message`] borrows the datagram it was read from, and says whether it was written by who knows a
//! password. [`answer`], [`refuse`], [`Check::write`] and [`Ask::write`] write a whole message; nothing is
//! allocated.
//!
//! Not here: what a check means for a call, whom to ask and when (media); servers of TURN; TCP.
//!
//! Start with `message.rs`, then `ask.rs`.

mod attribute;
mod fingerprint;
mod integrity;
mod message;
mod write;

mod ask;
mod channel;

pub use ask::{Ask, Family, Pass, keep_alive};
pub use channel::{CHANNEL_FIRST, CHANNEL_LAST, channel_head, channel_of};
pub use message::{Class, Error, Message, Method, Transaction, is_indication, is_stun};
pub use write::{Check, Choice, answer, refuse};
