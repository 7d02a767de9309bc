//! How trunks serve us, in the figures of RFC 6076: what counts as what, and sums of it.
//!
//! It sees statuses, and how long something took; whoever speaks SIP says when. Ratios are made of sums where
//! somebody looks, so that sums of shards, or of a day, can be added first. Hops (RFC 6076 4.10) are not
//! counted: whoever answers says nothing of them.
//!
//! Start at `trunk.rs`; `session.rs` says what becomes of a request for a session.

mod trunk;

mod delays;
mod registering;
mod session;
mod shown;

pub use delays::{BOUNDS_MS, Delays};
pub use registering::Registering;
pub use session::{End, Leave, Outcome, Requests, says_something};
pub use trunk::{ByTrunk, Performance};
