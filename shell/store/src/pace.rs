//! How long records are gathered that go to the disk with one sync: a moment, and longer where so many come
//! that a sync for each moment would be most of the work.

use std::time::{Duration, Instant};

/// So many records go to the disk with one sync, where as many come within the time that is gathered at most.
const TOGETHER: f64 = 16.0;
/// What came longer ago says little about how many come now.
const RECENT: Duration = Duration::from_millis(100);

/// How long lines are gathered: the longer the more records come, as each sync costs the same.
pub struct Pace {
    /// Records a second, lately.
    rate: f64,
    kept: u64,
    at: Instant,
}

impl Pace {
    pub fn new() -> Pace {
        Pace { rate: 0.0, kept: 0, at: Instant::now() }
    }

    /// So many records were kept up to now; how long to gather.
    pub fn gather(&mut self, kept: u64, now: Instant, (least, most): (Duration, Duration)) -> Duration {
        let passed = now.saturating_duration_since(self.at).as_secs_f64().max(1e-4);
        let weight = passed / (passed + RECENT.as_secs_f64());
        let rate = kept.saturating_sub(self.kept) as f64 / passed;
        self.rate += weight * (rate - self.rate);
        (self.kept, self.at) = (kept, now);
        // Below that nothing would come in the longest time to go with it.
        let together = (self.rate * most.as_secs_f64() / TOGETHER).min(1.0);
        most.mul_f64(together).max(least)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is gathered in the end, where so many records a second come four at a time.
    fn settled(rate: u64) -> Duration {
        let (mut pace, begun) = (Pace::new(), Instant::now());
        let bounds = (Duration::from_millis(1), Duration::from_millis(8));
        let mut gathered = Duration::ZERO;
        for step in 1..=1_000 {
            let now = begun + Duration::from_micros(step * 4_000_000 / rate);
            gathered = pace.gather(step * 4, now, bounds);
        }
        gathered
    }

    #[test]
    fn the_more_records_come_the_longer_they_are_gathered() {
        let milliseconds = |rate| settled(rate).as_millis();

        assert_eq!([20, 100, 200].map(milliseconds), [1, 1, 1]);
        assert!((3..=5).contains(&milliseconds(1_000)), "{:?}", settled(1_000));
        assert_eq!([2_100, 10_000].map(milliseconds), [8, 8]);
    }

    #[test]
    fn a_few_that_come_at_once_hold_up_nobody_for_long() {
        let (mut pace, begun) = (Pace::new(), Instant::now());
        let bounds = (Duration::from_millis(1), Duration::from_millis(8));

        pace.gather(1, begun + Duration::from_secs(10), bounds);
        let gathered = pace.gather(5, begun + Duration::from_millis(10_003), bounds);

        assert!(gathered < Duration::from_millis(2), "{gathered:?}");
    }
}
