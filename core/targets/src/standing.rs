//! How one address stands, and what changes it.

use std::time::{Duration, Instant};

/// How an address stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Nobody has asked it yet; it is used.
    Unknown,
    Up,
    Down {
        since: Instant,
        cause: Cause,
    },
    /// It was down and answers again; so many good answers since.
    Probing {
        good: u32,
    },
    /// It was down, and takes so many of a hundred calls.
    Returning {
        share: u8,
    },
    /// It asked to be left alone.
    Resting {
        until: Instant,
    },
}

/// Why an address counts as down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    NoAnswerToOptions,
    /// It answered OPTIONS with a status that the trunk takes for dead.
    Answered(u16),
    NoAnswerToCall,
    NoConnection,
}

impl std::fmt::Display for Cause {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Cause::NoAnswerToOptions => f.write_str("no answer to OPTIONS"),
            Cause::Answered(status) => write!(f, "it answered OPTIONS with {status}"),
            Cause::NoAnswerToCall => f.write_str("no answer to a call"),
            Cause::NoConnection => f.write_str("no connection"),
        }
    }
}

/// When standings change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Failures in a row before an address counts as down.
    pub fail_after: u32,
    /// Good answers in a row before it is used again.
    pub recover_after: u32,
    /// The longest that it is left alone, whatever it asks.
    pub rest_max: Duration,
}

/// What an address that returns takes of the calls at first, and what each good answer adds.
const SHARE_STEP: u8 = 25;

/// Without probes nobody finds out that an address is back: calls do, after this time.
pub(crate) const TRIAL_AFTER: Duration = Duration::from_secs(30);

impl Standing {
    /// Whether calls are given to it as to any other.
    pub fn is_ready(self) -> bool {
        matches!(self, Standing::Unknown | Standing::Up)
    }

    /// Whether it counts as down.
    pub fn is_down(self) -> bool {
        matches!(self, Standing::Down { .. })
    }

    pub(crate) fn after_good(self, rules: &Rules) -> Standing {
        let back = |good: u32| match good >= rules.recover_after {
            true => Standing::Returning { share: SHARE_STEP },
            false => Standing::Probing { good },
        };
        match self {
            Standing::Unknown | Standing::Up => Standing::Up,
            Standing::Down { .. } => back(1),
            Standing::Probing { good } => back(good + 1),
            Standing::Returning { share } if share + SHARE_STEP >= 100 => Standing::Up,
            Standing::Returning { share } => Standing::Returning { share: share + SHARE_STEP },
            // It answers, and asked all the same to be left alone.
            Standing::Resting { .. } => self,
        }
    }

    /// `failed` counts this failure too.
    pub(crate) fn after_failure(self, now: Instant, failed: u32, cause: Cause, rules: &Rules) -> Standing {
        match self {
            Standing::Unknown | Standing::Up | Standing::Resting { .. } if failed < rules.fail_after => self,
            Standing::Down { since, .. } => Standing::Down { since, cause },
            _ => Standing::Down { since: now, cause },
        }
    }
}
