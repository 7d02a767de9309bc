//! Answers what the core asks the outside: names, by DNS; how ports of ours are seen from there, by STUN.
//!
//! Questions come from any thread and never wait there; answers go back through the closure given at the
//! start, with the shard and the name under which it asked. It keeps what it learned as long as DNS allows.
//!
//! Not here: which question comes next (RFC 3263 is `sip_stack::locate`).

mod hosts;
mod lookup;
mod resolve;
mod scouting;

pub use lookup::{Full, Lookup, Settings};
