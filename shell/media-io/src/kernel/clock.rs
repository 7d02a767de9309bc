//! The kernel's clock and ours, which are one: `CLOCK_MONOTONIC`, whose numbers [`Instant`] does not show.

use std::time::{Duration, Instant};

/// One moment in both.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    instant: Instant,
    ns: u64,
}

impl Clock {
    pub fn read() -> Clock {
        let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
        let instant = Instant::now();
        // SAFETY: writes the one structure, which lives through the call.
        unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &mut time) };
        Clock { instant, ns: time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64 }
    }

    pub fn to_ns(self, moment: Instant) -> u64 {
        let ns = |duration: Duration| duration.as_nanos() as u64;
        match moment.checked_duration_since(self.instant) {
            Some(after) => self.ns + ns(after),
            None => self.ns.saturating_sub(ns(self.instant - moment)),
        }
    }

    pub fn to_instant(self, ns: u64) -> Instant {
        match ns.checked_sub(self.ns) {
            Some(after) => self.instant + Duration::from_nanos(after),
            None => self.instant.checked_sub(Duration::from_nanos(self.ns - ns)).unwrap_or(self.instant),
        }
    }
}
