//! The time of a batch, as the shell read it once.

use std::time::Instant;

use policy::WallTime;

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
