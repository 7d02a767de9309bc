//! Session descriptions, and offer and answer as plain functions (RFC 8866, 3264, 6337).
//!
//! A [`Session`] borrows the bytes it was read from and keeps every line in place, known or not.
//! [`rewrite`] makes our description for one leg from what the other leg's peer sent; [`answer_matches`]
//! judges an answer against its offer; [`media_targets`] says where a peer wants its media.
//!
//! Not here: who may use which codec (policy), where packets really come from (media).
//!
//! Start with `session.rs`, then `rewrite.rs`.

mod address;
mod answer;
mod assumed;
mod audible;
mod awake;
mod base64;
mod candidate;
mod chat;
mod codec;
mod connection;
mod crypto;
mod deaf;
mod direction;
mod fit;
mod formats;
mod handshake;
mod in_words;
mod indication;
mod leak;
mod line;
mod origin;
mod rewrite;
mod session;
mod targets;
mod way;
mod whole;

pub use answer::{Mismatch, answer_matches};
pub use assumed::assumed;
pub use audible::audible;
pub use awake::{asleep, awake};
pub use candidate::{Candidate, Component};
pub use chat::Chat;
pub use codec::{Codec, Codecs};
pub use connection::{Connection, Host, Origin};
pub use crypto::{Cover, Crypto};
pub use deaf::deaf;
pub use direction::Direction;
pub use fit::fit;
pub use formats::{Format, Formats};
pub use handshake::{Feedback, Fingerprint, Handshake, Setup};
pub use in_words::in_words;
pub use indication::{indicating, versioned};
pub use line::Line;
pub use origin::written_at;
pub use rewrite::{Face, Refusal, rewrite};
pub use session::{Error, Media, Session};
pub use targets::{MediaTarget, media_targets};
pub use way::{Agent, Checks, Credentials, OuterKind, OuterPlace, Reports, Way};
pub use whole::whole;
