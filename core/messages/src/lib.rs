//! Messages between users (RFC 3428): written down, then handed to every device of the receiver.
//!
//! A MESSAGE that its sender has proven is put into the receiver's box, is on the disk before it is answered
//! with 202, and leaves the box when a device has taken it. Who is away gets it when a phone registers. One
//! message of a box at most is on its way, so that they arrive in their order. What says that somebody is
//! typing is worth nothing later: it is handed on at once or not at all.
//!
//! Not here: messages within a call (`call`), what stands in a message (its body is nobody's business), and
//! where phones are (`registrar`).
//!
//! Start at `post.rs`, where everything comes in; `mailbox.rs` is one user's box.

mod kept;
mod limits;

mod letter;
mod mailbox;

mod no;
mod reading;

mod post;
mod sending;

pub use kept::{Kept, KeptLetter};
pub use post::{Counters, Post, ROOM, Surroundings, Waiting};
