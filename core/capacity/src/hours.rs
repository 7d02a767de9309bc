//! How busy channels were, hour by hour.

use std::collections::BTreeMap;

const HOUR_MS: i64 = 3_600_000;

/// Calls, as the channels they took.
#[derive(Clone, Debug, Default)]
pub struct Hours {
    /// Milliseconds of channels in use, by the hour's beginning.
    busy_ms: BTreeMap<i64, i64>,
    /// When a channel was taken, and when one was given back.
    edges: Vec<(i64, i32)>,
}

/// The hour in which most was in use.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BusyHour {
    /// Milliseconds since 1970.
    pub began_ms: i64,
    pub erlangs: f64,
}

impl Hours {
    /// Adds a call that took a channel from one moment to another.
    pub fn add(&mut self, began_ms: i64, ended_ms: i64) {
        let mut at = began_ms;
        while at < ended_ms {
            let hour = at.div_euclid(HOUR_MS) * HOUR_MS;
            let until = ended_ms.min(hour + HOUR_MS);
            *self.busy_ms.entry(hour).or_default() += until - at;
            at = until;
        }
        if began_ms < ended_ms {
            self.edges.extend([(began_ms, 1), (ended_ms, -1)]);
        }
    }

    /// Adds all that another one holds.
    pub fn extend(&mut self, other: &Hours) {
        for (hour, busy_ms) in &other.busy_ms {
            *self.busy_ms.entry(*hour).or_default() += busy_ms;
        }
        self.edges.extend(&other.edges);
    }

    /// The busiest hour of the clock.
    pub fn busiest(&self) -> Option<BusyHour> {
        let (began_ms, busy_ms) = self.busy_ms.iter().max_by_key(|(_, busy_ms)| **busy_ms)?;
        Some(BusyHour { began_ms: *began_ms, erlangs: *busy_ms as f64 / HOUR_MS as f64 })
    }

    /// How many channels were in use at once.
    pub fn peak(&self) -> u32 {
        let mut edges = self.edges.clone();
        // A channel that is given back can be taken in the same moment.
        edges.sort_unstable();
        let (mut now, mut most) = (0_i32, 0);
        for (_, change) in edges {
            now += change;
            most = most.max(now);
        }
        u32::try_from(most).unwrap_or_default()
    }

    /// From the first call to the end of the last, in milliseconds.
    pub fn span_ms(&self) -> i64 {
        let moments = || self.edges.iter().map(|(at, _)| *at);
        moments().max().zip(moments().min()).map_or(0, |(last, first)| last - first)
    }
}
