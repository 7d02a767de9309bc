//! One message, on its way from a user to another.

use std::sync::Arc;
use std::time::Instant;

use policy::WallTime;

/// As it was accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Letter {
    /// The later, the higher, on one shard; the lowest eight bits name the shard.
    pub number: u64,
    pub from: Arc<str>,
    pub to: Arc<str>,
    /// When the house took it.
    pub at: WallTime,
    pub until: Instant,
    /// The whole value.
    pub kind: Box<str>,
    pub body: Box<str>,
}
