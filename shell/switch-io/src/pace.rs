//! How a shard rests while phones come one by one, so that it reads some of them at once: to wake for a
//! message costs more than the message. Whoever comes during it waits for what is left of it, and no longer.

use std::time::{Duration, Instant};

use sip_stack::Backlog;

use crate::mmsg::BATCH;

/// So long it rests. Far ends say again what is not answered in 500 ms.
pub const REST: Duration = Duration::from_millis(5);
/// So long what is kept of phones is gathered at most where they come in batches.
pub const GATHER: Duration = Duration::from_millis(10);
/// So many requests of phones within `NEAR` promise that some come during a rest.
const FEW: usize = 4;
const NEAR: Duration = Duration::from_millis(8);
/// So many in a turn are a batch without any rest.
const MANY: usize = BATCH / 2;

/// What the turn at hand has read, and when phones came before it.
#[derive(Debug, Default)]
pub struct Pace {
    phones: usize,
    others: usize,
    /// When the last ones came, the oldest first.
    last: [Option<Instant>; FEW],
}

impl Pace {
    /// A datagram was read at a turn that began `now`.
    pub fn read(&mut self, now: Instant, bytes: &[u8]) {
        if !Backlog::can_wait(bytes) {
            return self.others += 1;
        }
        self.phones += 1;
        self.last.rotate_left(1);
        self.last[FEW - 1] = Some(now);
    }

    /// Something else happened: whoever has to do with it goes on at once.
    pub fn happened(&mut self) {
        self.others += 1;
    }

    /// Whether to rest after a turn that began `now`: it had to do with a few phones alone, and more are on
    /// their way.
    pub fn ends(&mut self, now: Instant) -> Then {
        let (phones, others) = (std::mem::take(&mut self.phones), std::mem::take(&mut self.others));
        let is_near = |at: Instant| now.saturating_duration_since(at) < NEAR;
        match self.last[0] {
            Some(at) if is_near(at) && others == 0 && (1..MANY).contains(&phones) => Then::Rest,
            Some(at) if is_near(at) => Then::GoOn,
            _ => Then::Wait,
        }
    }
}

/// How a turn ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// Until something happens; nobody is known to be on their way.
    Wait,
    Rest,
    /// More come by themselves.
    GoOn,
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

    /// Whether it is written at the end of such a turn; if so, nothing is left. Between rests that of two
    /// turns is written together: its answers leave when the next rest is over.
    pub fn is_written(&mut self, then: Then, now: Instant) -> bool {
        let Some(since) = self.since else { return false };
        let is_due = match then {
            Then::Rest => now >= since + REST,
            // Phones on connections come in no batches that anybody sees before they have come.
            Then::Wait => self.written.is_none_or(|last| now >= last + GATHER) || now >= since + GATHER,
            Then::GoOn => now >= since + GATHER,
        };
        if is_due {
            (self.since, self.written) = (None, Some(now));
        }
        is_due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REGISTER: &[u8] = b"REGISTER sip:example.com SIP/2.0\r\n\r\n";
    const INVITE: &[u8] = b"INVITE sip:112@example.com SIP/2.0\r\n\r\n";

    /// How each turn ends that reads one of these, so far apart.
    fn turns(pace: &mut Pace, apart_ms: u64, requests: &[&[u8]]) -> Vec<Then> {
        let began = Instant::now();
        let moments = (0..).map(|at| began + Duration::from_millis(at * apart_ms));
        let turn = |(now, bytes): (Instant, &&[u8])| {
            pace.read(now, bytes);
            pace.ends(now)
        };
        moments.zip(requests).map(turn).collect()
    }

    #[test]
    fn a_shard_rests_between_phones_that_come_close_together() {
        let ends = turns(&mut Pace::default(), 1, &[REGISTER; 6]);

        assert_eq!(ends, [Then::Wait, Then::Wait, Then::Wait, Then::Rest, Then::Rest, Then::Rest]);
    }

    #[test]
    fn a_phone_now_and_then_makes_nobody_rest() {
        let ends = turns(&mut Pace::default(), 3, &[REGISTER; 12]);

        assert!(ends.iter().all(|then| *then == Then::Wait), "{ends:?}");
    }

    #[test]
    fn a_shard_does_not_rest_on_a_call() {
        let ends =
            turns(&mut Pace::default(), 1, &[REGISTER, REGISTER, REGISTER, REGISTER, INVITE, REGISTER]);
        let mut pace = Pace::default();
        turns(&mut pace, 0, &[REGISTER; 5]);
        let now = Instant::now();
        pace.read(now, REGISTER);
        pace.happened();

        assert_eq!(ends[3..], [Then::Rest, Then::GoOn, Then::Rest]);
        assert_eq!(pace.ends(now), Then::GoOn);
    }

    #[test]
    fn who_comes_in_batches_anyway_is_not_waited_for() {
        let mut pace = Pace::default();
        let now = Instant::now();
        (0..MANY).for_each(|_| pace.read(now, REGISTER));

        assert_eq!(pace.ends(now), Then::GoOn);
        assert_eq!(pace.ends(now), Then::GoOn, "a turn that read nothing");
    }

    #[test]
    fn what_is_kept_of_a_phone_is_gathered_where_more_come_and_nowhere_else() {
        let began = Instant::now();
        let at = |ms: u64| began + Duration::from_millis(ms);
        let is_written_after = |then: Then, ms: u64| {
            let mut gathered = Gathered::default();
            gathered.keep(began);
            gathered.is_written(then, at(ms))
        };

        assert!(is_written_after(Then::Wait, 0));
        assert_eq!([0, 5].map(|ms| is_written_after(Then::Rest, ms)), [false, true]);
        assert_eq!([0, 5, 10].map(|ms| is_written_after(Then::GoOn, ms)), [false, false, true]);
    }

    #[test]
    fn phones_that_nobody_sees_coming_are_written_together_from_the_second_on() {
        let began = Instant::now();
        let mut gathered = Gathered::default();
        let written = (0..40).filter(|ms| {
            let now = began + Duration::from_millis(*ms);
            gathered.keep(now);
            gathered.is_written(Then::Wait, now)
        });

        assert_eq!(written.collect::<Vec<u64>>(), [0, 10, 20, 30]);
        assert!(!Gathered::default().is_written(Then::Wait, began), "there is nothing");
        assert_eq!(gathered.due(), Some(began + Duration::from_millis(31) + GATHER));
    }
}
