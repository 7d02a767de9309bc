//! Whom a leg is connected with, and what its far end is told of that, as plain values.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// A header line: its name and its value.
pub type Line = (Arc<str>, String);

/// A party of a call, as far as anybody vouches for it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Connected {
    /// In E.164.
    pub number: Option<Arc<str>>,
    /// What people inside know them by: an extension, or a name.
    pub inside: Option<Arc<str>>,
    pub display: Option<Arc<str>>,
    /// Whether they don't want to be shown.
    pub is_hidden: bool,
}

/// What the far end of a leg is told of the party that it is connected with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Introduction {
    /// For From, without tag, where the far end takes another one there than in the beginning.
    pub from: Option<String>,
    pub headers: Vec<Line>,
}

/// The part that somebody plays who is told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    Calling,
    Called,
}

/// What a message of a far end says of who is there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Saying {
    /// The values of P-Asserted-Identity.
    pub asserted: Vec<String>,
    /// The value of From, where it is another than before.
    pub from: Option<String>,
    pub privacy: Option<String>,
}
