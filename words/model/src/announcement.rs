//! What whoever is refused hears.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::music::SoundFile;
use crate::spot::Spot;

/// `[announcement.NAME]`: what callers hear whose call comes to nothing, where `refusals` is "announce".
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Announcement {
    /// Played once, before the call is refused.
    pub file: Spot<SoundFile>,
    /// Why the call comes to nothing.
    pub on: Spot<Vec<NoCall>>,
    /// For callers of these sites alone, as where another language is spoken.
    #[serde(default)]
    pub sites: Vec<Spot<String>>,
}

/// Why a call comes to nothing, as its caller may hear.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum NoCall {
    /// Nobody has that number: 404, 410, 484, 485, 604.
    Unassigned,
    /// Whoever is called is busy, or declines: 486, 600, 603.
    Busy,
    /// No way out just now: 500 to 599.
    Full,
    /// The caller may not call there: 403, 433.
    Forbidden,
    /// Nobody is there, or nobody answers: 408, 480.
    Unreachable,
}

impl NoCall {
    /// Every reason.
    pub const ALL: [NoCall; 5] =
        [NoCall::Unassigned, NoCall::Busy, NoCall::Full, NoCall::Forbidden, NoCall::Unreachable];

    /// What the final status of a call means to whoever called, if it is anything that is said aloud.
    pub fn of(status: u16) -> Option<NoCall> {
        Some(match status {
            404 | 410 | 484 | 485 | 604 => NoCall::Unassigned,
            486 | 600 | 603 => NoCall::Busy,
            500..=599 => NoCall::Full,
            403 | 433 => NoCall::Forbidden,
            408 | 480 => NoCall::Unreachable,
            _ => return None,
        })
    }

    /// As configuration writes it.
    pub fn word(self) -> &'static str {
        match self {
            NoCall::Unassigned => "unassigned",
            NoCall::Busy => "busy",
            NoCall::Full => "full",
            NoCall::Forbidden => "forbidden",
            NoCall::Unreachable => "unreachable",
        }
    }
}

/// Whether callers hear why their call comes to nothing, before their phone is told so.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Refusals {
    /// Their phone is told at once, and plays what it likes.
    #[default]
    Off,
    /// They hear the tone of their country for it.
    Tone,
    /// They hear the `[announcement.*]` for it; the tone where there is none.
    Announce,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn h10_what_a_phone_has_to_do_something_about_is_never_said_aloud() {
        for status in [401, 407, 415, 420, 421, 422, 481, 482, 483, 487, 488, 491, 302] {
            assert_eq!(NoCall::of(status), None, "{status}");
        }
        assert!(NoCall::ALL.iter().all(|why| (400..700).any(|status| NoCall::of(status) == Some(*why))));
    }
}
