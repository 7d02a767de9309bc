//! That a stream is copied to another one, whose peers only listen.

use std::sync::Arc;

use crate::side::SessionKey;

/// Payload types that are copied, and what they are called at the listener.
pub type Types = Arc<[(u8, u8)]>;

/// Who listens, and to what of each side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copying {
    pub session: SessionKey,
    pub stream: u8,
    pub types: [Types; 2],
}

impl Copying {
    /// Whether another one is for the same listener.
    pub(crate) fn is_for_same(&self, other: &Copying) -> bool {
        (self.session, self.stream) == (other.session, other.stream)
    }
}
