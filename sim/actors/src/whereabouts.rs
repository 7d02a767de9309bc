//! What a phone keeps registered, whom it watches, and when it says so again.

use std::time::Instant;

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
    pub is_over: bool,
}

impl Watching {
    pub fn deadline(&self) -> Option<Instant> {
        self.again_at.filter(|_| !self.is_over)
    }
}
