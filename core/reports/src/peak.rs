//! How many calls there were at once, in a space that only depends on the time that is looked at.

use crate::calendar::{By, Point};

pub struct Peak {
    from: i64,
    step_ms: i64,
    /// Calls that begin less calls that end, step by step.
    changes: Vec<i32>,
}

impl Peak {
    /// To the second, or to ten where that would be too many.
    pub fn new(by: By, points: &[Point]) -> Peak {
        let step_ms = match by {
            By::Hour | By::Day => 1_000,
            By::Week | By::Month => 10_000,
        };
        let from = points.first().map_or(0, |first| first.began);
        let until = points.last().map_or(from, |last| last.ended);
        let steps = usize::try_from((until - from) / step_ms).unwrap_or(0) + 2;
        Peak { from, step_ms, changes: vec![0; steps] }
    }

    fn step(&self, at: i64) -> usize {
        let step = usize::try_from((at - self.from).max(0) / self.step_ms).unwrap_or(usize::MAX);
        step.min(self.changes.len() - 1)
    }

    pub fn add(&mut self, began: i64, ended: i64) {
        let first = self.step(began);
        let behind = (self.step(ended.max(began + 1) - 1) + 1).min(self.changes.len() - 1);
        self.changes[first] += 1;
        self.changes[behind] -= 1;
    }

    /// The most in each of these stretches, in their order.
    pub fn most(&self, points: &[Point]) -> Vec<u64> {
        let (mut now, mut at) = (0_i32, 0);
        let mut found = Vec::with_capacity(points.len());
        for point in points {
            let mut most = now;
            let behind = self.step(point.ended);
            while at < behind {
                now += self.changes[at];
                most = most.max(now);
                at += 1;
            }
            found.push(u64::try_from(most).unwrap_or(0));
        }
        found
    }
}
