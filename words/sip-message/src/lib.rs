//! Bytes ↔ SIP messages: start lines, headers, addresses, bodies.
//!
//! [`Message::parse`] indexes one datagram (or one message framed out of a stream) without allocating and
//! checks what every receiver relies on; the rest is read on demand from the borrowed bytes. [`Writer`]
//! prints a new message into a reused buffer. A message nobody touched is printed by its [`Message::bytes`].
//!
//! Not here: transactions, dialogs, authentication, framing of streams (`sip-stack`), the meaning of
//! bodies (`sdp`), and every decision: this crate says what stands there, not what to do about it.
//!
//! Start at `message.rs`; then `header.rs` (the names), `uri.rs` and `name_addr.rs` (the addresses).

mod digits;
mod error;
mod fields;
mod header;
pub mod limits;
mod lines;
mod message;
pub mod multipart;
mod name_addr;
mod params;
mod read;
mod reason;
mod salvage;
mod scan;
mod session_id;
mod start;
mod uri;
mod via;
mod writer;

pub use digits::{Digits, push_address};
pub use error::{Fault, ParseError};
pub use fields::{CSeq, MediaType, RAck};
pub use header::Header;
pub use lines::{Line, Values};
pub use message::Message;
pub use name_addr::NameAddr;
pub use params::{Param, Params, unquote};
pub use reason::reason_phrase;
pub use salvage::{Salvaged, salvage};
pub use session_id::{Remote, SessionId, SessionText, Uuid};
pub use start::{Method, Start};
pub use uri::{Host, Scheme, Uri, unescaped};
pub use via::Via;
pub use writer::Writer;
