//! The world's time: it stands until somebody moves it.

use std::time::{Duration, Instant};

use switch::{Now, WallTime};

/// A day in the year 2026.
const FIRST_WALL_MS: i64 = 1_790_000_000_000;

/// Monotonic and wall time, which can be set apart.
#[derive(Debug)]
pub(crate) struct Clock {
    base: Instant,
    instant: Instant,
    skew_ms: i64,
}

impl Clock {
    pub(crate) fn new() -> Clock {
        let base = Instant::now();
        Clock { base, instant: base, skew_ms: 0 }
    }

    pub(crate) fn now(&self) -> Now {
        let passed = i64::try_from(self.elapsed().as_millis()).unwrap_or(i64::MAX);
        Now { instant: self.instant, wall: WallTime(FIRST_WALL_MS + passed + self.skew_ms) }
    }

    /// Moves on; never back.
    pub(crate) fn move_to(&mut self, instant: Instant) {
        self.instant = self.instant.max(instant);
    }

    /// Sets the wall clock apart from the monotonic one.
    pub(crate) fn skew(&mut self, by_ms: i64) {
        self.skew_ms += by_ms;
    }

    pub(crate) fn base(&self) -> Instant {
        self.base
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.instant - self.base
    }
}
