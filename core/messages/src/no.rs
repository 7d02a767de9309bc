//! Why a MESSAGE is not taken.

use crate::limits::RETRY_AFTER;

/// The house declines, or the peer erred.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum No {
    Bad(&'static str),
    Nobody,
    TooLarge,
    NotText,
    /// It requires what nobody here knows.
    Unknown(String),
    /// It is worth nothing later, and nobody is there now.
    Away,
    /// The receiver's box is full.
    BoxFull,
    /// The house has other things to do.
    Full,
}

impl No {
    /// The status, and the header that says more.
    pub fn answer(&self) -> (u16, &'static str, String) {
        let warning = |words: &str| format!("399 tandem \"{words}\"");
        match self {
            No::Bad(words) => (400, "Warning", warning(words)),
            No::Nobody => (404, "Warning", warning("nobody here has this name or number")),
            No::TooLarge => (413, "Warning", warning("a message has 16 kB at most")),
            No::NotText => (415, "Warning", warning("a message is text in UTF-8")),
            No::Unknown(tags) => (420, "Unsupported", tags.clone()),
            No::Away => (480, "Warning", warning("no device of the user is there")),
            No::BoxFull => (480, "Warning", warning("too many messages wait for the user")),
            No::Full => (503, "Retry-After", RETRY_AFTER.to_owned()),
        }
    }
}
