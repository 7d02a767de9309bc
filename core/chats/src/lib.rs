//! Sessions of messages (MSRP, RFC 4975) between the legs of calls: chats and files.
//!
//! Each leg has a session of its own with the house, at an address that only its peer was told; the house
//! passes on what comes, chunk by chunk, under the addresses of the other leg. It keeps no message, and
//! counts them. Who sends faster than the other side takes is read no more for a while.
//!
//! Not here: sockets (`chat-io`), and what is told of a session in a description (`call`, `sdp`).
//!
//! Start with `hub.rs`, then `passing.rs`.

mod ids;
mod limits;

mod hub;
mod link;
mod output;
mod passing;
mod talk;

pub use hub::{Act, Hub, Outbox};
pub use ids::LinkId;
