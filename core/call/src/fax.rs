//! What a call knows of a fax or a modem in it.

use std::time::Instant;

/// From the first signal of one on.
#[derive(Debug)]
pub(crate) struct Fax {
    pub stage: Stage,
    /// How often a side was asked for another codec.
    pub tries: u8,
}

/// How far its sound has come to cross untouched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// It is to, and not before that moment.
    Wanted(Option<Instant>),
    Kept,
    /// It does not, and nothing more is tried.
    Spoilt,
}

impl Fax {
    pub(crate) fn new() -> Fax {
        Fax { stage: Stage::Wanted(None), tries: 0 }
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        if let Stage::Wanted(due) = self.stage { due } else { None }
    }
}
