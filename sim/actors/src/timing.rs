//! How a far end keeps session timers, and what a leg of it has agreed on (RFC 4028).

use std::time::{Duration, Instant};

/// How a far end keeps session timers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// What it asks for, in seconds.
    pub interval: u32,
    /// It takes no less.
    pub least: u32,
    /// Who is to refresh, where it may say; from its own point of view.
    pub refresher: Refresher,
    pub by: RefreshBy,
}

/// Who gives the sign of life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refresher {
    Me,
    You,
    Whoever,
}

/// With what it refreshes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefreshBy {
    Update,
    ReInvite,
}

/// What a leg has agreed on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Leash {
    pub interval: u32,
    pub whose: Whose,
    pub at: Instant,
}

/// Whose turn it is to refresh.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Whose {
    Ours,
    Theirs,
}

impl Leash {
    pub(crate) fn new(now: Instant, interval: u32, whose: Whose) -> Leash {
        let interval_ms = u64::from(interval) * 1000;
        let wait = match whose {
            Whose::Ours => interval_ms / 2,
            Whose::Theirs => interval_ms - interval_ms / 10,
        };
        Leash { interval, whose, at: now + Duration::from_millis(wait) }
    }
}

impl Whose {
    /// What a request says of it.
    pub(crate) fn as_client(self) -> &'static str {
        match self {
            Whose::Ours => ";refresher=uac",
            Whose::Theirs => ";refresher=uas",
        }
    }
}
