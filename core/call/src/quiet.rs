//! What a call knows of its media having stopped.

use std::time::{Duration, Instant};

use policy::{LegRules, Silence};

use crate::verdict::Verdict;

/// Both sides are silent for so long only if both are gone or cut off: a party that listens to another, or
/// whose phone is muted, keeps the call.
const USUAL: Silence = Silence::After(Duration::from_secs(300));

/// When to ask the relay next, and whose silence the record has already.
#[derive(Debug, Default)]
pub(crate) struct Quiet {
    pub look_at: Option<Instant>,
    /// When a party might have been silent for long enough that somebody should know while the call goes on.
    pub alarm_at: Option<Instant>,
    /// Who is missed now, and why, by `Side`.
    pub missed: [Option<Missed>; 2],
    /// How often somebody was.
    pub alarms: u8,
    /// Since when each side was silent when it was noted last, by `Side`.
    pub noted: [Option<Instant>; 2],
}

/// A party that was to be heard and is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Missed {
    pub last: Instant,
    pub why: &'static Verdict,
}

/// How long the media of a call may be missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Patience {
    pub usual: Silence,
    pub on_hold: Silence,
}

impl Patience {
    /// The more patient of those who said anything: a far end that may be silent keeps its calls.
    pub(crate) fn of<'r>(legs: impl Iterator<Item = &'r LegRules> + Clone) -> Patience {
        let usual = legs.clone().filter_map(|leg| leg.silence).max();
        let on_hold = legs.filter_map(|leg| leg.silence_on_hold).max();
        Patience { usual: usual.unwrap_or(USUAL), on_hold: on_hold.unwrap_or(Silence::Off) }
    }

    /// How often it is worth looking, if ever.
    pub(crate) fn shortest(self) -> Option<Duration> {
        [self.usual, self.on_hold].into_iter().filter_map(Silence::length).min()
    }
}
