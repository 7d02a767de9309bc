//! The time of a batch, as the shell read it once.

use std::time::{Duration, Instant};

use policy::WallTime;

/// How long a copy is waited with, and the longest pause between copies (RFC 3261 17).
pub(crate) const T1: Duration = Duration::from_millis(500);
pub(crate) const T2: Duration = Duration::from_secs(4);

/// Monotonic and wall time of one batch of inputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    pub instant: Instant,
    pub wall: WallTime,
}

impl Now {
    /// The wall time as the signer of nonces wants it.
    pub(crate) fn wall_ms(self) -> u64 {
        u64::try_from(self.wall.0).unwrap_or(0)
    }
}
