//! Why a SUBSCRIBE or PUBLISH is not done.

use crate::document::{LISTS, PACKAGES};
use crate::limits::{LEAST, RETRY_AFTER};

/// The house declines, or the peer erred.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum No {
    Bad(&'static str),
    /// The watched is private, or the published somebody else's.
    NotTheirs(&'static str),
    Nobody,
    /// Its body is of another type than this one.
    WrongType(&'static str),
    NotAcceptable(&'static str),
    TooLarge,
    TooBrief,
    /// It requires what nobody here knows.
    Unknown(String),
    /// Several people are watched by whoever knows documents about several alone.
    OneByOne,
    /// No such subscription.
    Gone,
    /// Its CSeq did not rise.
    OutOfOrder,
    UnknownEvent(&'static str),
    StaleTag,
    /// Filters that cannot be kept to (RFC 4660).
    Unfit(&'static str),
    TooMany(&'static str),
    /// The house has other things to do.
    Full,
}

impl No {
    /// The status, and the header that says more.
    pub fn answer(&self) -> (u16, &'static str, String) {
        let warning = |words: &str| format!("399 tandem \"{words}\"");
        match self {
            No::Bad(words) => (400, "Warning", warning(words)),
            No::NotTheirs(words) | No::TooMany(words) => (403, "Warning", warning(words)),
            No::Nobody => (404, "Warning", warning("nobody here has this name or number")),
            No::NotAcceptable(kind) => (406, "Accept", (*kind).to_owned()),
            No::StaleTag => (412, "Warning", warning("no publication has this entity tag")),
            No::TooLarge => {
                let most =
                    "a presence document has 25 kB at most, a message summary or a set of filters 4 kB";
                (413, "Warning", warning(most))
            }
            No::WrongType(wanted) => (415, "Accept", (*wanted).to_owned()),
            No::Unknown(tags) => (420, "Unsupported", tags.clone()),
            No::OneByOne => (421, "Require", LISTS.to_owned()),
            No::TooBrief => (423, "Min-Expires", LEAST.as_secs().to_string()),
            No::Gone => (481, "Allow-Events", PACKAGES.to_owned()),
            No::Unfit(words) => (488, "Warning", warning(words)),
            No::UnknownEvent(known) => (489, "Allow-Events", (*known).to_owned()),
            No::OutOfOrder => (500, "Warning", warning("a later SUBSCRIBE was done already")),
            No::Full => (503, "Retry-After", RETRY_AFTER.to_owned()),
        }
    }
}
