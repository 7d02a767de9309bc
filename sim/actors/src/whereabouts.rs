//! What a phone keeps registered, and when it says so again.

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
