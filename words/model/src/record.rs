//! Whether calls are recorded.

use std::num::NonZeroU16;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::music::Music;
use crate::recorder::{KeptAt, WithoutRecorder};
use crate::spot::Spot;

/// Whether the sound of a party's calls is recorded. Of the two parties of a call, "never" of either holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Recorded {
    /// From the answer on; a phone may pause it.
    Always,
    /// From when a phone asks for it.
    OnDemand,
    Never,
}

impl Recorded {
    /// What two wishes come to.
    pub fn of_both(wishes: [Option<Recorded>; 2]) -> Recorded {
        let says = |wish| wishes.contains(&Some(wish));
        match () {
            () if says(Recorded::Never) => Recorded::Never,
            () if says(Recorded::Always) => Recorded::Always,
            () if says(Recorded::OnDemand) => Recorded::OnDemand,
            () => Recorded::Never,
        }
    }
}

/// What recordings are written as.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RecordingFormat {
    /// Samples as they are.
    #[default]
    Wav,
    /// A tenth of the space, for what nobody hears is missing.
    Opus,
}

impl RecordingFormat {
    /// How the names of such files end.
    pub fn extension(self) -> &'static str {
        match self {
            RecordingFormat::Wav => "wav",
            RecordingFormat::Opus => "opus",
        }
    }
}

/// `[system.recording]`: what holds for all recordings.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RecordingRules {
    /// What both parties hear when a recording begins: a beep where it is missing. "off" is for where the law
    /// lets you record without a word, or where they were told before.
    pub notice: Option<Spot<Music>>,
    /// What recordings are written as: "wav" where it is missing, or "opus", a tenth as long.
    pub format: Option<RecordingFormat>,
    /// Recordings of earlier days are deleted; 90 where it is missing.
    pub keep_days: Option<NonZeroU16>,
    /// Where recordings are kept: in files, at a recorder outside, or both. Both where it is missing and
    /// there is a `[recorder.*]`, else in files.
    pub to: Option<Spot<KeptAt>>,
    /// What becomes of a call that no recorder takes, of whatever group.
    #[serde(default)]
    pub without_recorder: WithoutRecorder,
}

impl RecordingRules {
    pub const KEEP_DAYS: u16 = 90;

    /// For how many days recordings stay.
    pub fn days(&self) -> u16 {
        self.keep_days.map_or(RecordingRules::KEEP_DAYS, NonZeroU16::get)
    }
}

#[cfg(test)]
mod tests {
    use super::Recorded::{Always, Never, OnDemand};
    use super::*;

    #[test]
    fn who_is_never_recorded_is_not_recorded_with_anybody() {
        for (wishes, comes_to) in [
            ([None, None], Never),
            ([Some(Always), None], Always),
            ([None, Some(OnDemand)], OnDemand),
            ([Some(Always), Some(OnDemand)], Always),
            ([Some(Never), Some(Always)], Never),
        ] {
            assert_eq!(Recorded::of_both(wishes), comes_to);
            let [one, other] = wishes;
            assert_eq!(Recorded::of_both([other, one]), comes_to);
        }
    }
}
