//! What is said in a session of messages (MSRP, RFC 4975): heads of requests and responses, where the body
//! of a chunk ends, and the addresses of both ends.
//!
//! Nothing here keeps a message: a head is borrowed from the bytes at hand, and of a body only its end is
//! looked for, so that chunks of any size stream through.
//!
//! Not here: which session a request belongs to, and what becomes of it (`chats`).
//!
//! Start with `head.rs`, then `end.rs`.

mod end;
mod head;
mod uri;
mod write;

pub use end::{End, Flag, Found};
pub use head::{Body, Fault, HEAD_MAX, Head, Reports, Start};
pub use uri::Uri;
pub use write::{write_end, write_request, write_response};
