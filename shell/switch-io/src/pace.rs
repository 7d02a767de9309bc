//! How a shard rests while phones come one by one, so that it reads some of them at once: to wake for a
//! message costs more than the message. Whoever comes during it waits for what is left of it, and no longer.

use std::time::{Duration, Instant};

use sip_stack::Backlog;

use crate::mmsg::BATCH;

/// So long it rests. Far ends say again what is not answered in 500 ms.
pub const REST: Duration = Duration::from_millis(4);
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
            _ => Then::Wait,
        }
    }
}

/// How a turn ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// Until something happens.
    Wait,
    Rest,
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

        assert_eq!(ends[3..], [Then::Rest, Then::Wait, Then::Rest]);
        assert_eq!(pace.ends(now), Then::Wait);
    }

    #[test]
    fn who_comes_in_batches_anyway_is_not_waited_for() {
        let mut pace = Pace::default();
        let now = Instant::now();
        (0..MANY).for_each(|_| pace.read(now, REGISTER));

        assert_eq!(pace.ends(now), Then::Wait);
        assert_eq!(pace.ends(now), Then::Wait, "a turn that read nothing");
    }
}
