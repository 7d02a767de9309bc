//! The server's side of a WebSocket (RFC 6455) that carries SIP (RFC 7118): bytes in, messages and answers
//! out.
//!
//! [`Server`] reads one connection, from the HTTP request that opens it to the frame that closes it. It knows
//! no socket and no clock, and reads no SIP. Whoever asks it for a page instead is given one of [`Pages`],
//! where there are any: what browsers need to open a WebSocket with, and no web server. Not here: the
//! client's side, extensions and compression, none of which the house needs.
//!
//! Start at `server.rs`; `handshake.rs` decides who is let in, `frame.rs` has the heads of frames.

mod frame;
mod handshake;
mod origin;
mod pages;
mod proof;
mod server;

pub use frame::{CLOSED_BY_US, put_close, put_message, put_ping};
pub use handshake::Refusal;
pub use origin::Origins;
pub use pages::{Page, Pages};
pub use server::{Came, End, Server};
