//! SRTP and SRTCP: packets sealed and opened where they lie (RFC 3711, 6188, 7714).
//!
//! A [`Sealer`] protects what goes out under one master key, an [`Opener`] what comes in under the far end's.
//! Both work out the session keys once, and allocate nothing for a packet. What cannot be proven genuine is
//! refused with a [`Refused`], and leaves no trace.
//!
//! Start with `context.rs`; `lock.rs` holds the ciphers, `index.rs` the counting of packets.

mod bare;
mod context;
mod counter;
mod derive;
mod index;
mod key;
mod lock;
mod suite;

pub use bare::{BareKeys, KeyStream, Reached};
pub use context::{Opener, Refused, Sealer};
pub use key::MasterKey;
pub use suite::Suite;
