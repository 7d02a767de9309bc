//! The time of a batch, as the shell read it once.

use std::time::{Duration, Instant};

use policy::WallTime;

/// Monotonic and wall time of one batch of inputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    pub instant: Instant,
    pub wall: WallTime,
}

/// A span as whole milliseconds, which is what records hold.
pub fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}
