//! One address of one server: its standing, and the failures that may change it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::standing::{Cause, Rules, Standing, TRIAL_AFTER};
use crate::watch::Place;

/// What came of asking an address for something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It answered, whatever it said.
    Answered,
    Failed(Cause),
    /// It asked to be left alone for so long (RFC 3261 21.5.4).
    Rests(Duration),
}

/// An address stands otherwise than before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The key of its server.
    pub key: Arc<str>,
    pub place: Place,
    pub before: Standing,
    pub standing: Standing,
}

#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub place: Place,
    pub standing: Standing,
    failed: u32,
    /// Until when it asked to be left alone, whatever became of it since.
    pub rests_until: Option<Instant>,
}

impl Row {
    pub fn new(place: Place) -> Row {
        Row { place, standing: Standing::Unknown, failed: 0, rests_until: None }
    }

    /// Whether the last that was heard of it was bad, and nothing follows from it yet.
    pub fn is_in_doubt(&self) -> bool {
        self.failed > 0 && !self.standing.is_down()
    }

    /// Until when it is left alone, if it is.
    pub fn rests(&self, now: Instant) -> Option<Instant> {
        self.rests_until.filter(|until| now < *until)
    }

    pub fn note(&mut self, now: Instant, outcome: Outcome, rules: &Rules) {
        match outcome {
            Outcome::Answered => {
                self.failed = 0;
                // Who died and is back has not taken back what it asked for.
                self.standing = match self.rests(now) {
                    Some(until) => Standing::Resting { until },
                    None => self.standing.after_good(rules),
                };
            }
            Outcome::Failed(cause) => {
                self.failed += 1;
                self.standing = self.standing.after_failure(now, self.failed, cause, rules);
            }
            Outcome::Rests(wish) => {
                self.failed = 0;
                let until = now + wish.min(rules.rest_max);
                self.rests_until = Some(until);
                self.standing = Standing::Resting { until };
            }
        }
    }

    pub fn learn(&mut self, standing: Standing) {
        self.failed = 0;
        if let Standing::Resting { until } = standing {
            self.rests_until = Some(until);
        }
        self.standing = standing;
    }

    /// When time alone changes its standing; `probed` addresses are brought back by their probes.
    pub fn deadline(&self, probed: Probed) -> Option<Instant> {
        match (self.standing, probed) {
            (Standing::Resting { until }, _) => Some(until),
            (Standing::Down { since, .. }, Probed::Never) => Some(since + TRIAL_AFTER),
            _ => None,
        }
    }

    pub fn expire(&mut self, now: Instant, probed: Probed) {
        if self.deadline(probed).is_none_or(|at| now < at) {
            return;
        }
        self.standing = match self.standing {
            Standing::Down { .. } => Standing::Returning { share: 25 },
            _ => Standing::Up,
        };
    }
}

/// Whether somebody asks an address of its own accord.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Probed {
    Regularly,
    Never,
}
