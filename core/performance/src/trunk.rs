//! All figures of a trunk, and those of all trunks.

use std::collections::BTreeMap;
use std::ops::AddAssign;
use std::sync::Arc;

use crate::delays::Delays;
use crate::registering::Registering;
use crate::session::{Leave, Requests, percent};

/// How one trunk has served us since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Performance {
    /// What it made of our requests for sessions.
    pub requests: Requests,
    /// Sessions that we asked for and that ended as they should: by its BYE, or by ours which it took.
    pub completed: u64,
    /// From our BYE until it was taken (SDD), whoever asked for the session.
    pub leaves_answered: Delays,
    /// Until nobody waited any more.
    pub leaves_timed_out: Delays,
    pub registering: Registering,
}

impl Performance {
    /// Counts a BYE of ours that is done with.
    pub fn left(&mut self, leave: Leave, ms: u64) {
        match leave {
            Leave::Answered => self.leaves_answered.add(ms),
            Leave::TimedOut => self.leaves_timed_out.add(ms),
        }
    }

    /// Of a hundred requests for sessions, how many were established and ended as they should (SCR).
    pub fn completion(&self) -> Option<f64> {
        percent(self.completed, self.requests.all())
    }
}

impl AddAssign for Performance {
    fn add_assign(&mut self, other: Performance) {
        self.requests += other.requests;
        self.completed += other.completed;
        self.leaves_answered += other.leaves_answered;
        self.leaves_timed_out += other.leaves_timed_out;
        self.registering += other.registering;
    }
}

/// The figures of each trunk, by its name.
#[derive(Debug, Default)]
pub struct ByTrunk(BTreeMap<Arc<str>, Performance>);

impl ByTrunk {
    /// Those of a trunk, to be counted on.
    pub fn of(&mut self, trunk: &str) -> &mut Performance {
        if !self.0.contains_key(trunk) {
            self.0.insert(trunk.into(), Performance::default());
        }
        self.0.get_mut(trunk).expect("it is there, or was put there")
    }

    /// Those of a trunk; zeros, where nothing was counted.
    pub fn read(&self, trunk: &str) -> Performance {
        self.0.get(trunk).copied().unwrap_or_default()
    }

    /// Forgets trunks that are there no more.
    pub fn keep(&mut self, is_there: impl Fn(&str) -> bool) {
        self.0.retain(|name, _| is_there(name));
    }
}
