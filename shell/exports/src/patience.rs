//! How long somebody who takes nothing is left alone, and what is news about them.

use std::time::{Duration, Instant};

const FIRST: Duration = Duration::from_secs(1);

/// Doubles with each try in vain.
pub struct Rest {
    most: Duration,
    next: Duration,
    until: Instant,
}

impl Rest {
    /// None yet, and none ever longer than `most`.
    pub fn up_to(most: Duration) -> Rest {
        Rest { most, next: FIRST, until: Instant::now() }
    }

    pub fn is_over(&self) -> bool {
        Instant::now() >= self.until
    }

    /// They are asked at once, for a reason of our own.
    pub fn end(&mut self) {
        self.until = Instant::now();
    }

    /// They took something.
    pub fn forget(&mut self) {
        self.next = FIRST;
    }

    /// They took nothing, and may have said for how long they won't.
    pub fn begin(&mut self, wanted: Option<Duration>) {
        self.until = Instant::now() + wanted.unwrap_or(self.next).min(self.most);
        self.next = (self.next * 2).min(self.most);
    }
}

/// Whether somebody takes what is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stands {
    Well,
    Ill,
}

/// What was heard of them last.
#[derive(Default)]
pub struct Known(Option<Stands>);

impl Known {
    /// Keeps how they stand; whether that is otherwise than before.
    pub fn is_news(&mut self, now: Stands) -> bool {
        self.0.replace(now) != Some(now)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::disallowed_methods)]

    use super::*;

    #[test]
    fn rests_double_up_to_the_longest_and_begin_anew_after_a_success() {
        let mut rest = Rest::up_to(Duration::from_secs(3));
        assert!(rest.is_over());

        let mut lengths = Vec::new();
        for _ in 0..4 {
            rest.begin(None);
            lengths.push(rest.until.duration_since(Instant::now()).as_secs_f64().round());
        }
        assert_eq!(lengths, [1.0, 2.0, 3.0, 3.0]);
        assert!(!rest.is_over());

        rest.end();
        assert!(rest.is_over());
        rest.forget();
        rest.begin(None);
        assert_eq!(rest.until.duration_since(Instant::now()).as_secs_f64().round(), 1.0);
    }

    #[test]
    fn who_says_when_to_come_again_is_heard_within_reason() {
        let mut rest = Rest::up_to(Duration::from_secs(60));
        rest.begin(Some(Duration::from_secs(7)));
        assert_eq!(rest.until.duration_since(Instant::now()).as_secs_f64().round(), 7.0);
        rest.begin(Some(Duration::from_secs(7_000)));
        assert_eq!(rest.until.duration_since(Instant::now()).as_secs_f64().round(), 60.0);
    }

    #[test]
    fn only_what_is_otherwise_than_before_is_news() {
        let mut known = Known::default();
        let heard = [Stands::Ill, Stands::Ill, Stands::Well, Stands::Well, Stands::Ill];
        assert_eq!(heard.map(|stands| known.is_news(stands)), [true, false, true, false, true]);
    }
}
