//! What a phone keeps registered, whom it watches, what its devices publish, and when it says so again.

use std::time::Instant;

use crate::patching::Held;

/// What a phone keeps registered.
#[derive(Clone, Debug, Default)]
pub(crate) struct Registering {
    /// The whole Contact value; its own address where it is empty. None asks what is registered.
    pub contact: Option<String>,
    pub headers: Vec<(String, String)>,
    pub call_id: String,
    pub cseq: u32,
    pub is_proven: bool,
    pub again_at: Option<Instant>,
}

impl Registering {
    pub fn deadline(&self) -> Option<Instant> {
        self.again_at
    }
}

/// One subscription of a phone.
#[derive(Clone, Debug)]
pub(crate) struct Watching {
    pub uri: String,
    pub package: &'static str,
    pub seconds: u32,
    pub call_id: String,
    pub tag: String,
    pub remote_tag: Option<String>,
    /// The Contact of the house.
    pub target: Option<String>,
    pub cseq: u32,
    pub is_proven: bool,
    pub again_at: Option<Instant>,
    /// The CSeq of the last NOTIFY, and the version that it showed.
    pub heard: Option<u32>,
    pub version: Option<u32>,
    pub wanted: Wanted,
    /// What it holds, where it is told of changes.
    pub held: Option<Held>,
    pub is_over: bool,
}

/// How a phone wants to be told.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wanted {
    pub is_of_changes: bool,
    /// Filters that each SUBSCRIBE brings along.
    pub filters: Option<String>,
}

impl Watching {
    pub fn deadline(&self) -> Option<Instant> {
        self.again_at.filter(|_| !self.is_over)
    }
}

/// What one device says.
#[derive(Clone, Debug)]
pub(crate) struct Publishing {
    pub device: &'static str,
    pub body: String,
    pub tag: Option<String>,
    pub call_id: String,
    pub cseq: u32,
    pub is_proven: bool,
    /// One is on its way; whether there is something newer to be said.
    pub is_asking: bool,
    pub is_stale: bool,
}
