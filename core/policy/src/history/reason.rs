//! Why a call was diverted: the words of Diversion, and the causes of RFC 4458.

use std::fmt;

/// Why somebody sent a call on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    Unknown,
    UserBusy,
    NoAnswer,
    Unavailable,
    Unconditional,
    TimeOfDay,
    DoNotDisturb,
    Deflection,
    FollowMe,
    OutOfService,
    Away,
    /// A word that is not known here; it survives.
    Other(String),
}

/// RFC 5806 4, and what RFC 7544 makes of each.
const WORDS: [(&str, Reason, u16); 11] = [
    ("unknown", Reason::Unknown, 404),
    ("user-busy", Reason::UserBusy, 486),
    ("no-answer", Reason::NoAnswer, 408),
    ("unavailable", Reason::Unavailable, 503),
    ("unconditional", Reason::Unconditional, 302),
    ("time-of-day", Reason::TimeOfDay, 404),
    ("do-not-disturb", Reason::DoNotDisturb, 404),
    ("deflection", Reason::Deflection, 480),
    ("follow-me", Reason::FollowMe, 404),
    ("out-of-service", Reason::OutOfService, 404),
    ("away", Reason::Away, 404),
];

/// A deflection while it rings has a cause of its own (RFC 4458 2).
const DEFLECTION_WHILE_RINGING: u16 = 487;

impl Reason {
    /// The reason that a word of Diversion means.
    pub fn of_word(word: &str) -> Reason {
        let known = WORDS.iter().find(|(name, ..)| name.eq_ignore_ascii_case(word));
        known.map_or_else(|| Reason::Other(word.to_owned()), |(_, reason, _)| reason.clone())
    }

    /// The reason that a cause of History-Info means.
    pub fn of_cause(cause: u16) -> Reason {
        if cause == DEFLECTION_WHILE_RINGING {
            return Reason::Deflection;
        }
        let known = WORDS.iter().find(|(_, _, of_word)| *of_word == cause);
        known.map_or(Reason::Unknown, |(_, reason, _)| reason.clone())
    }

    /// The cause that History-Info gives for it.
    pub fn cause(&self) -> u16 {
        WORDS.iter().find(|(_, reason, _)| reason == self).map_or(404, |(_, _, cause)| *cause)
    }

    /// Whether its cause alone says all of it.
    pub(super) fn is_told_by_its_cause(&self) -> bool {
        Reason::of_cause(self.cause()) == *self
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::Other(word) => f.write_str(word),
            known => {
                let word = WORDS.iter().find(|(_, reason, _)| reason == known);
                f.write_str(word.map_or("unknown", |(word, ..)| word))
            }
        }
    }
}
