//! How a shard rests while phones come one by one, so that it reads some of them at once: to wake for a
//! message costs more than the message. What cannot wait comes to other sockets, and ends no rest.

use std::time::{Duration, Instant};

/// From one look at what can wait to the next, at most. Far ends say again what is not answered in 500 ms.
pub const REST: Duration = Duration::from_millis(24);
/// So many requests are worth a turn. If far more came during a rest, it would look as if there were too many
/// of them to be answered.
const MANY: u32 = 32;
/// So long what is kept of phones is gathered at most.
pub const GATHER: Duration = Duration::from_millis(10);
/// So many requests within `NEAR` promise that some come during a rest.
const FEW: usize = 4;
const NEAR: Duration = Duration::from_millis(20);

/// When requests came that can wait, and when they are looked for next.
#[derive(Debug, Default)]
pub struct Pace {
    /// The last ones, the oldest first.
    last: [Option<Instant>; FEW],
    /// How many were read since the look before.
    count: u32,
    looked: Option<Instant>,
    until: Option<Instant>,
}

impl Pace {
    /// A request was read at a turn that began `now`.
    pub fn read(&mut self, now: Instant) {
        self.last.rotate_left(1);
        self.last[FEW - 1] = Some(now);
        self.count += 1;
    }

    /// What waited at a turn that began `now` is read: if more are on their way, they are waited for.
    pub fn begin_rest(&mut self, now: Instant) {
        let is_near = |at: Instant| now.saturating_duration_since(at) < NEAR;
        let rest = self.rest(now);
        self.until = self.last[0].is_some_and(is_near).then_some(now + rest);
    }

    /// In which many come, if they go on coming as they did since the look before.
    fn rest(&mut self, now: Instant) -> Duration {
        let (count, looked) = (std::mem::take(&mut self.count), self.looked.replace(now));
        let since = looked.map_or(REST, |looked| now.saturating_duration_since(looked));
        REST.min(since * MANY / count.max(1))
    }

    /// More waited than one turn reads: the next one goes on.
    pub fn go_on(&mut self, now: Instant) {
        self.until = Some(now);
    }

    /// When the rest ends; nothing, where there is none and whoever comes is heard at once.
    pub fn until(&self) -> Option<Instant> {
        self.until
    }
}

/// What is kept of phones and is to be written.
#[derive(Debug, Default)]
pub struct Gathered {
    /// Since when there is any.
    since: Option<Instant>,
    /// When some was written last.
    written: Option<Instant>,
}

impl Gathered {
    pub fn keep(&mut self, now: Instant) {
        self.since.get_or_insert(now);
    }

    /// When it is written at the latest.
    pub fn due(&self) -> Option<Instant> {
        self.since.map(|since| since + GATHER)
    }

    /// Whether it is written now; if so, nothing is left. Phones on connections come in no batches that
    /// anybody sees before they have come.
    pub fn is_written(&mut self, now: Instant) -> bool {
        let Some(since) = self.since else { return false };
        let is_due = now >= since + GATHER || self.written.is_none_or(|last| now >= last + GATHER);
        if is_due {
            (self.since, self.written) = (None, Some(now));
        }
        is_due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// After which of so many requests, so far apart, the shard rests.
    fn rests(apart_ms: u64, requests: usize) -> Vec<bool> {
        let (mut pace, began) = (Pace::default(), Instant::now());
        let moments = (0..).map(|at| began + Duration::from_millis(at * apart_ms)).take(requests);
        let turn = |now: Instant| {
            pace.read(now);
            pace.begin_rest(now);
            pace.until() == Some(now + REST)
        };
        moments.map(turn).collect()
    }

    #[test]
    fn a_shard_rests_between_phones_that_come_close_together() {
        assert_eq!(rests(1, 6), [false, false, false, true, true, true]);
    }

    #[test]
    fn a_phone_now_and_then_makes_nobody_rest() {
        assert_eq!(rests(7, 12), [false; 12]);
    }

    #[test]
    fn a_rest_in_which_nobody_comes_is_the_last() {
        let (mut pace, began) = (Pace::default(), Instant::now());
        (0..FEW).for_each(|_| pace.read(began));
        pace.begin_rest(began);
        assert_eq!(pace.until(), Some(began + REST));

        pace.begin_rest(began + REST);

        assert_eq!(pace.until(), None);
    }

    #[test]
    fn the_more_come_the_shorter_is_a_rest() {
        let (mut pace, mut now) = (Pace::default(), Instant::now());
        let mut rest_after = |count: u32, rest: Duration| {
            now += rest;
            (0..count).for_each(|_| pace.read(now));
            pace.begin_rest(now);
            pace.until().map(|until| until - now)
        };

        assert_eq!(
            [4, 16, MANY].map(|count| rest_after(count, REST)),
            [Some(REST); 3],
            "no more than a turn's worth"
        );
        assert_eq!(rest_after(4 * MANY, REST), Some(REST / 4));
        assert_eq!(rest_after(MANY, REST / 4), Some(REST / 4), "a turn's worth came: they go on as fast");
        assert_eq!(rest_after(2 * MANY, REST / 4), Some(REST / 8), "they come twice as fast");
        assert_eq!(rest_after(FEW as u32, REST / 8), Some(REST), "and fewer again");
    }

    #[test]
    fn what_is_kept_of_a_phone_is_written_at_once_and_together_from_the_second_on() {
        let began = Instant::now();
        let mut gathered = Gathered::default();
        let written = (0..40).filter(|ms| {
            let now = began + Duration::from_millis(*ms);
            gathered.keep(now);
            gathered.is_written(now)
        });

        assert_eq!(written.collect::<Vec<u64>>(), [0, 10, 20, 30]);
        assert!(!Gathered::default().is_written(began), "there is nothing");
        assert_eq!(gathered.due(), Some(began + Duration::from_millis(31) + GATHER));
    }
}
