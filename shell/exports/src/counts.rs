//! What became of what was to be sent.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

#[derive(Debug, Default)]
pub struct Counts {
    sent: AtomicU64,
    missed: AtomicU64,
}

impl Counts {
    pub fn sent(&self, count: u64) {
        self.sent.fetch_add(count, Relaxed);
    }

    /// Those that were gone before anybody could be reached, that were refused, and that were too long.
    pub fn missed(&self, count: u64) {
        self.missed.fetch_add(count, Relaxed);
    }

    /// How many were sent, and missed.
    pub fn read(&self) -> (u64, u64) {
        (self.sent.load(Relaxed), self.missed.load(Relaxed))
    }
}
