//! What a call remembers of where its parties are, and of where their media is to lie.

use std::time::Instant;

/// What is yet to be done about where media of both legs lies.
#[derive(Debug, Default)]
pub(crate) struct Homing {
    /// What the far end of each side has said last.
    pub said: [Option<Box<Said>>; 2],
    /// Nothing is done about it before that moment.
    pub due: Option<Instant>,
    /// How often a re-INVITE has gone out for it.
    pub tries: u8,
}

/// Where a party is, by what its far end says.
#[derive(Debug)]
pub(crate) struct Said {
    pub party: model::Side,
    /// What follows from it, for people.
    pub words: String,
}
