//! How fast calls may follow each other: each takes the next free moment, and waits for it.
//!
//! One number for all shards: the moment from which the next call may begin. It is kept in wall time, which
//! shards share; a clock that is set meanwhile is noticed, because no line is longer than its longest wait.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use model::Rate;
use serde::Serialize;
use serde::ser::SerializeStruct;

use crate::facts::WallTime;

/// A line further ahead than its longest wait and this was made by another clock, or by calls for help.
const SLACK_US: u64 = 60_000_000;

/// So many calls begin in a second. Shared by all shards.
#[derive(Debug)]
pub struct Pace {
    name: Arc<str>,
    rate: Rate,
    wait: Duration,
    /// Microseconds since 1970: when the next call may begin.
    next: Arc<AtomicU64>,
}

/// A moment that a call has taken for itself.
#[derive(Clone, Debug)]
pub struct Turn {
    paces: Arc<[Arc<Pace>]>,
    /// When it is, in microseconds since 1970.
    at: u64,
    /// How long it is until then.
    pub wait: Duration,
}

/// The line is longer than a call may wait.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineFull {
    pub name: Arc<str>,
    pub rate: Rate,
    /// How long it would have been.
    pub wait: Duration,
}

impl Pace {
    pub(crate) fn new(name: impl Into<Arc<str>>, rate: Rate, wait: Duration) -> Pace {
        Pace { name: name.into(), rate, wait, next: Arc::default() }
    }

    /// The same pace, going on where an older revision's stands.
    pub(crate) fn going_on_from(self, older: &Pace) -> Pace {
        Pace { next: older.next.clone(), ..self }
    }

    /// What is paced: `"trunk northwind"`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How many calls begin in a second.
    pub fn rate(&self) -> Rate {
        self.rate
    }

    fn gap_us(&self) -> u64 {
        1_000_000 / u64::from(self.rate.per_second())
    }

    /// The first free moment from `earliest` on; `Err` is the moment that would be too late.
    fn take(&self, now: u64, earliest: u64) -> Result<u64, u64> {
        let longest = now + micros(self.wait);
        let mut found = earliest;
        let step = |next: u64| {
            let is_of_another_clock = next > longest + self.gap_us() + SLACK_US;
            found = if is_of_another_clock { earliest } else { next.max(earliest) };
            (found <= longest).then(|| found + self.gap_us())
        };
        match self.next.fetch_update(Ordering::AcqRel, Ordering::Acquire, step) {
            Ok(_) => Ok(found),
            Err(_) => Err(found),
        }
    }

    /// Takes the last moment back, if nobody stands behind it.
    fn give_back(&self, at: u64) {
        let after = at + self.gap_us();
        // Somebody behind keeps the moment that was promised: then this one stays unused.
        self.next.compare_exchange(after, at, Ordering::AcqRel, Ordering::Relaxed).ok();
    }

    fn pass(&self, now: u64) {
        let step = |next: u64| Some(next.max(now) + self.gap_us());
        self.next.fetch_update(Ordering::AcqRel, Ordering::Acquire, step).ok();
    }
}

impl Turn {
    /// Takes the first moment at which all paces let a call begin; `Err` if that is too far away.
    pub fn take(paces: &Arc<[Arc<Pace>]>, now: WallTime) -> Result<Turn, LineFull> {
        let now = micros_of(now);
        let mut at = now;
        for (index, pace) in paces.iter().enumerate() {
            match pace.take(now, at) {
                Ok(moment) => at = moment,
                Err(moment) => {
                    paces[..index].iter().for_each(|earlier| earlier.give_back(at));
                    let wait = Duration::from_micros(moment - now);
                    return Err(LineFull { name: pace.name.clone(), rate: pace.rate, wait });
                }
            }
        }
        Ok(Turn { paces: paces.clone(), at, wait: Duration::from_micros(at - now) })
    }

    /// Begins a call at once, past everybody who waits: a call for help. Those behind it wait longer.
    pub fn pass(paces: &[Arc<Pace>], now: WallTime) {
        paces.iter().for_each(|pace| pace.pass(micros_of(now)));
    }

    /// Leaves the line.
    pub fn give_back(&self) {
        self.paces.iter().for_each(|pace| pace.give_back(self.at));
    }
}

impl fmt::Display for Turn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "waited {:.1} s for", self.wait.as_secs_f64())?;
        for (index, pace) in self.paces.iter().enumerate() {
            let and = if index == 0 { "" } else { " and" };
            write!(f, "{and} {} ({} calls/s)", pace.name, pace.rate.per_second())?;
        }
        Ok(())
    }
}

impl fmt::Display for LineFull {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, rate, wait) = (&self.name, self.rate.per_second(), self.wait.as_secs_f64());
        write!(f, "the line of {name} ({rate} calls/s) is too long: {wait:.1} s")
    }
}

impl Serialize for Pace {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut pace = serializer.serialize_struct("Pace", 3)?;
        pace.serialize_field("name", &self.name)?;
        pace.serialize_field("calls_per_second", &self.rate)?;
        pace.serialize_field("wait_ms", &u64::try_from(self.wait.as_millis()).unwrap_or(u64::MAX))?;
        pace.end()
    }
}

fn micros_of(time: WallTime) -> u64 {
    u64::try_from(time.0).unwrap_or(0).saturating_mul(1000)
}

fn micros(span: Duration) -> u64 {
    u64::try_from(span.as_micros()).unwrap_or(u64::MAX / 4)
}
