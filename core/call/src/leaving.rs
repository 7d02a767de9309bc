//! What a call remembers of where its media went.

use std::time::Instant;

#[derive(Debug, Default)]
pub(crate) struct Release {
    /// When media may leave the relay, if nothing needs it by then.
    pub due: Option<Instant>,
    /// How often it has left.
    pub times: u8,
    pub refused_by: Option<String>,
    /// Media could not be brought back, and is not asked for again.
    pub is_stuck: bool,
    /// Somebody left while the two were told of each other.
    pub is_torn: bool,
}
