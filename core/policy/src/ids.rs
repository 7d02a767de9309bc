//! Names of things that facts and plans speak of, and points of time.

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

/// One of our own interfaces; dense, valid for one policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct InterfaceId(pub u16);

/// One configured server of a trunk; dense, valid for one policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ServerId(pub u16);

/// A point of wall time, in milliseconds since 1970 UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct WallTime(pub i64);

impl WallTime {
    /// What the wall clock will say at a moment to come.
    pub fn at(moment: Instant, now: (Instant, WallTime)) -> WallTime {
        let left = moment.saturating_duration_since(now.0).as_millis();
        WallTime(now.1.0.saturating_add(i64::try_from(left).unwrap_or(i64::MAX)))
    }

    /// The moment at which the wall clock will say this; nothing where it has passed.
    pub fn moment(self, now: (Instant, WallTime)) -> Option<Instant> {
        let left = u64::try_from(self.0.saturating_sub(now.1.0)).ok().filter(|left| *left > 0)?;
        Some(now.0 + Duration::from_millis(left))
    }
}
