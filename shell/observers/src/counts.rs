//! What became of what observers sent.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering::Relaxed};

/// What became of one packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Taken,
    /// It showed another key than the one agreed on, or none.
    WrongKey,
    /// It is of a capture agent that nobody named.
    WrongAgent,
    Compressed,
    /// It is a copy of something else than SIP.
    NotSip,
    Unreadable,
}

impl Outcome {
    pub const ALL: [Outcome; 6] = [
        Outcome::Taken,
        Outcome::WrongKey,
        Outcome::WrongAgent,
        Outcome::Compressed,
        Outcome::NotSip,
        Outcome::Unreadable,
    ];

    /// As figures name it.
    pub fn word(self) -> &'static str {
        match self {
            Outcome::Taken => "taken",
            Outcome::WrongKey => "wrong_key",
            Outcome::WrongAgent => "wrong_agent",
            Outcome::Compressed => "compressed",
            Outcome::NotSip => "not_sip",
            Outcome::Unreadable => "unreadable",
        }
    }
}

/// How many packets became what.
pub type Counted = [(Outcome, u64); Outcome::ALL.len()];

#[derive(Debug, Default)]
pub(crate) struct Counts {
    outcomes: [AtomicU64; Outcome::ALL.len()],
    heard_us: AtomicI64,
}

/// Whether something happens for the first time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Again {
    First,
    Again,
}

impl Counts {
    pub fn note(&self, outcome: Outcome) -> Again {
        match self.outcomes[outcome as usize].fetch_add(1, Relaxed) {
            0 => Again::First,
            _ => Again::Again,
        }
    }

    pub fn heard(&self, at_us: i64) {
        self.heard_us.store(at_us, Relaxed);
    }

    /// When the last message was taken, in milliseconds since 1970.
    pub fn heard_ms(&self) -> Option<i64> {
        Some(self.heard_us.load(Relaxed) / 1_000).filter(|ms| *ms > 0)
    }

    pub fn read(&self) -> Counted {
        Outcome::ALL.map(|outcome| (outcome, self.outcomes[outcome as usize].load(Relaxed)))
    }
}
