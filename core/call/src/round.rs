//! How far a call has come with all its attempts together.

use targets::Place;

#[derive(Default)]
pub(crate) struct Rounds {
    pub now: Round,
    /// Addresses that have failed.
    pub asked: Vec<Place>,
    /// Attempts that have failed or were passed over: others lead where the call never had to go.
    pub had_turn: Vec<usize>,
    /// How often a far end has sent the call elsewhere.
    pub redirections: u8,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Round {
    #[default]
    First,
    /// Addresses that were left out because they count as down, or because time was short.
    LeftOut,
    /// Everything again, so many times.
    Again(u8),
}

/// Whether an attempt has its turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Due {
    Now,
    /// Nothing is left of it for this round.
    Not,
    /// What is not down of its server has asked for it since the call was planned, and another is there.
    LeftAlone,
}

/// Where a call goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Onward {
    To(usize),
    /// No attempt is left in this round.
    RoundEnded,
    /// What was said is said to the caller.
    Fail,
}
