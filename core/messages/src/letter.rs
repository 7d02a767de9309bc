//! One message, on its way from a user to another.

use std::sync::Arc;
use std::time::Instant;

use policy::WallTime;

/// Whose box a letter waits in: a user's, or that of one device of theirs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Addressee {
    pub user: Arc<str>,
    pub device: Option<Arc<str>>,
}

/// As it was accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Letter {
    /// The later, the higher, on one shard; the lowest eight bits name the shard.
    pub number: u64,
    pub from: Arc<str>,
    pub to: Arc<str>,
    /// The one device of theirs that it is for, where it was sent to that (RFC 5627).
    pub device: Option<Arc<str>>,
    /// When the house took it.
    pub at: WallTime,
    pub until: Instant,
    /// The whole value.
    pub kind: Box<str>,
    pub body: Box<str>,
}

impl Letter {
    pub fn addressee(&self) -> Addressee {
        Addressee { user: Arc::clone(&self.to), device: self.device.clone() }
    }
}
