//! What may be kept of the packets of calls, where somebody asks for it.

use std::num::{NonZeroU16, NonZeroU32};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How much of a call's media may stand in a capture of it. Of the two parties of a call, the least holds.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Captured {
    /// Nothing: a capture has the messages alone.
    None,
    /// Whose packets they are, when they crossed and how long they were; reports whole.
    #[default]
    Headers,
    /// What was said, too; keys that were pressed never.
    Sound,
}

impl Captured {
    /// What two parties come to.
    pub fn of_both(wishes: [Option<Captured>; 2]) -> Captured {
        let [one, other] = wishes.map(Option::unwrap_or_default);
        one.min(other)
    }

    pub fn word(self) -> &'static str {
        match self {
            Captured::None => "none",
            Captured::Headers => "headers",
            Captured::Sound => "sound",
        }
    }
}

/// `[system.packets]`: what holds for all captures of calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PacketRules {
    /// How much of the media of a call for help may be captured; "none" where it is missing.
    pub emergency: Option<Captured>,
    /// For how many seconds one call may be captured; 600 where it is missing.
    pub seconds: Option<NonZeroU32>,
    /// How long the file of one call may become, in MB; 64 where it is missing.
    pub call_mb: Option<NonZeroU32>,
    /// How long all of them may, in MB: the oldest go first. 1024 where it is missing.
    pub all_mb: Option<NonZeroU32>,
    /// Captures of earlier days are deleted; 7 where it is missing.
    pub keep_days: Option<NonZeroU16>,
}

const MB: u64 = 1_000_000;

impl PacketRules {
    pub fn emergency(&self) -> Captured {
        self.emergency.unwrap_or(Captured::None)
    }

    pub fn seconds(&self) -> u32 {
        self.seconds.map_or(600, NonZeroU32::get)
    }

    pub fn call_bytes(&self) -> u64 {
        self.call_mb.map_or(64, |mb| mb.get().into()) * MB
    }

    pub fn all_bytes(&self) -> u64 {
        self.all_mb.map_or(1024, |mb| mb.get().into()) * MB
    }

    pub fn days(&self) -> u16 {
        self.keep_days.map_or(7, NonZeroU16::get)
    }
}

#[cfg(test)]
mod tests {
    use super::Captured::{Headers, None as Nothing, Sound};
    use super::*;

    #[test]
    fn of_two_parties_the_one_who_allows_less_decides() {
        for (wishes, comes_to) in [
            ([None, None], Headers),
            ([Some(Sound), None], Headers),
            ([Some(Sound), Some(Sound)], Sound),
            ([Some(Nothing), Some(Sound)], Nothing),
        ] {
            assert_eq!(Captured::of_both(wishes), comes_to);
            let [one, other] = wishes;
            assert_eq!(Captured::of_both([other, one]), comes_to);
        }
    }
}
