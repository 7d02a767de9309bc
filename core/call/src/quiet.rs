//! What a call knows of its media having stopped.

use std::time::{Duration, Instant};

use policy::{LegRules, Silence};

/// Both sides are silent for so long only if both are gone or cut off: a party that listens to another, or
/// whose phone is muted, keeps the call.
const USUAL: Silence = Silence::After(Duration::from_secs(300));

/// When to ask the relay next, and whose silence the record has already.
#[derive(Debug, Default)]
pub(crate) struct Quiet {
    pub look_at: Option<Instant>,
    /// Since when each side was silent when it was noted last, by `Side`.
    pub noted: [Option<Instant>; 2],
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
