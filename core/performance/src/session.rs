//! What becomes of requests for sessions: of each INVITE that begins a dialog at one address of a trunk.

use std::ops::AddAssign;

use crate::delays::Delays;

/// How a request for a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The far end's last word, as it said it.
    Status(u16),
    /// It said nothing but that it tries: a timeout is as good as 408 (RFC 3261 8.1.3.1).
    Silence,
    /// Nothing could be sent there: as good as 503.
    Unreachable,
    /// We gave it up: the caller did, or somebody else has answered, or it rang too long.
    Left,
}

/// What a request for a session came to. Each has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// 2xx.
    Established,
    /// 480, 486, 600, 603: the one who was called is the reason, not the way there.
    Declined,
    /// 3xx.
    Redirected,
    /// 408, 500, 503, 504: a failing or overloaded far end.
    Ineffective,
    /// Other refusals, and what we gave up.
    Other,
}

impl Outcome {
    pub const ALL: [Outcome; 5] =
        [Outcome::Established, Outcome::Declined, Outcome::Redirected, Outcome::Ineffective, Outcome::Other];

    pub fn of(end: End) -> Outcome {
        match end {
            End::Status(200..=299) => Outcome::Established,
            End::Status(300..=399) => Outcome::Redirected,
            End::Status(480 | 486 | 600 | 603) => Outcome::Declined,
            End::Status(408 | 500 | 503 | 504) | End::Silence | End::Unreachable => Outcome::Ineffective,
            End::Status(_) | End::Left => Outcome::Other,
        }
    }

    pub fn word(self) -> &'static str {
        match self {
            Outcome::Established => "established",
            Outcome::Declined => "declined",
            Outcome::Redirected => "redirected",
            Outcome::Ineffective => "ineffective",
            Outcome::Other => "other",
        }
    }
}

/// Whether an answer ends the wait for a sign of what becomes of a request (RFC 6076 4.3): "trying" does not,
/// nor does a challenge, which asks for the request once more.
pub fn says_something(status: u16) -> bool {
    !matches!(status, 0..=100 | 401 | 402 | 407)
}

/// Sums of what requests for sessions came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Requests {
    counts: [u64; Outcome::ALL.len()],
    /// From the request until something was said, where a session came of it (SRD).
    pub delays_established: Delays,
    /// The same where none did.
    pub delays_failed: Delays,
}

impl Requests {
    /// Counts one, and how long its caller waited for the first sign, if one came.
    pub fn count(&mut self, end: End, delay_ms: Option<u64>) {
        let outcome = Outcome::of(end);
        self.counts[outcome as usize] += 1;
        let delays = match outcome {
            Outcome::Established => &mut self.delays_established,
            _ => &mut self.delays_failed,
        };
        delay_ms.into_iter().for_each(|ms| delays.add(ms));
    }

    pub fn of(&self, outcome: Outcome) -> u64 {
        self.counts[outcome as usize]
    }

    pub fn all(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// Of a hundred requests that were not redirected, how many came to a session (SER).
    pub fn establishment(&self) -> Option<f64> {
        percent(self.of(Outcome::Established), self.all() - self.of(Outcome::Redirected))
    }

    /// The same, with those that the one who was called is the reason for (SEER).
    pub fn effectiveness(&self) -> Option<f64> {
        let effective = self.of(Outcome::Established) + self.of(Outcome::Declined);
        percent(effective, self.all() - self.of(Outcome::Redirected))
    }

    /// Of a hundred requests, how many the far end could not serve (ISA).
    pub fn ineffectiveness(&self) -> Option<f64> {
        percent(self.of(Outcome::Ineffective), self.all())
    }
}

impl AddAssign for Requests {
    fn add_assign(&mut self, other: Requests) {
        for (count, more) in self.counts.iter_mut().zip(other.counts) {
            *count += more;
        }
        self.delays_established += other.delays_established;
        self.delays_failed += other.delays_failed;
    }
}

/// How the end of a session was taken that we ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leave {
    /// By a 2xx.
    Answered,
    /// By nothing, until nobody waits any more.
    TimedOut,
}

pub(crate) fn percent(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 * 100.0 / whole as f64)
}
