//! How many packets a turn waits for. To wake for one costs more than to carry it; where they come close
//! together, some are waited for a moment. Where they come in crowds, a turn brings many anyway.

use std::time::{Duration, Instant};

/// No packet waits longer for others.
pub const MOMENT: Duration = Duration::from_micros(500);
/// So many are not waited beyond.
const CROWD: usize = 8;
/// Where so many come in a moment, it is worth waiting for them; where more come, they are there already.
const FEW: u128 = 2;
const MANY: u128 = 16;
/// How often is looked at how many come.
const WINDOW: Duration = Duration::from_millis(10);

/// How many come.
#[derive(Debug)]
pub struct Pace {
    since: Instant,
    came: u32,
    wanted: usize,
}

impl Pace {
    pub fn new(now: Instant) -> Pace {
        Pace { since: now, came: 0, wanted: 1 }
    }

    /// So many came with a turn that began `now`.
    pub fn came(&mut self, now: Instant, count: u32) {
        self.came += count;
        let passed = now.saturating_duration_since(self.since);
        if passed < WINDOW {
            return;
        }
        let in_a_moment = u128::from(self.came) * MOMENT.as_nanos() / passed.as_nanos();
        self.wanted = if (FEW..MANY).contains(&in_a_moment) { CROWD } else { 1 };
        (self.since, self.came) = (now, 0);
    }

    /// How many the next turn waits for, and how long at most where it is more than one.
    pub fn wanted(&self, patience: Option<Duration>) -> (usize, Option<Duration>) {
        match self.wanted {
            1 => (1, patience),
            many => (many, Some(patience.map_or(MOMENT, |patience| patience.min(MOMENT)))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is wanted after a second in which packets came one by one, so far apart.
    fn after(pace: &mut Pace, began: Instant, apart_us: u64) -> usize {
        let moments = (1..=1_000_000 / apart_us).map(|at| began + Duration::from_micros(at * apart_us));
        moments.for_each(|now| pace.came(now, 1));
        pace.wanted(None).0
    }

    #[test]
    fn packets_are_waited_for_where_some_come_in_a_moment() {
        let began = Instant::now();
        let wanted = |apart_us| after(&mut Pace::new(began), began, apart_us);

        assert_eq!([20_000, 1_000, 100, 50].map(wanted), [1, 1, CROWD, CROWD]);
        assert_eq!(wanted(20), 1, "crowds are there already");
    }

    #[test]
    fn nobody_is_waited_for_when_nobody_comes_any_more() {
        let began = Instant::now();
        let mut pace = Pace::new(began);
        after(&mut pace, began, 100);
        assert_eq!(pace.wanted(None), (CROWD, Some(MOMENT)));

        pace.came(began + Duration::from_millis(1_020), 0);

        assert_eq!(pace.wanted(None), (1, None));
    }

    #[test]
    fn what_is_due_sooner_is_done_sooner() {
        let began = Instant::now();
        let mut pace = Pace::new(began);
        after(&mut pace, began, 100);
        let soon = Duration::from_micros(70);

        assert_eq!(pace.wanted(Some(soon)).1, Some(soon));
        assert_eq!(pace.wanted(Some(Duration::from_secs(1))).1, Some(MOMENT));
    }
}
