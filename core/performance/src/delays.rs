//! How long something took, many times.

use std::ops::AddAssign;

/// Each delay counts with the first of these that it does not pass.
pub const BOUNDS_MS: [u64; 12] = [10, 25, 50, 100, 250, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000];

/// Sums of delays.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Delays {
    /// For each bound, those that are above the one before.
    pub counts: [u64; BOUNDS_MS.len()],
    pub sum_ms: u64,
    pub count: u64,
}

impl Delays {
    pub fn add(&mut self, ms: u64) {
        if let Some(at) = BOUNDS_MS.iter().position(|bound| ms <= *bound) {
            self.counts[at] += 1;
        }
        self.sum_ms = self.sum_ms.saturating_add(ms);
        self.count += 1;
    }

    /// What they took on average, if there was any.
    pub fn mean_ms(&self) -> Option<u64> {
        self.sum_ms.checked_div(self.count)
    }
}

impl AddAssign for Delays {
    fn add_assign(&mut self, other: Delays) {
        for (count, more) in self.counts.iter_mut().zip(other.counts) {
            *count += more;
        }
        self.sum_ms = self.sum_ms.saturating_add(other.sum_ms);
        self.count += other.count;
    }
}
