//! Which ports the house must have free, as far as its calls tell: those of a call that is over rest.

use std::time::{Duration, Instant};

use actors::Kind;

use crate::handle::ActorHandle;

/// As long as a pair may rest, and until both sides have heard that their call is over.
const REST_MAX: Duration = Duration::from_secs(6);

/// The pairs of two interfaces, inside and outside.
pub(super) struct Ports {
    /// So many are for calls.
    pairs: [usize; 2],
    used: [usize; 2],
    resting: Vec<(Instant, [usize; 2])>,
}

impl Ports {
    pub(super) fn new(pairs: [usize; 2]) -> Ports {
        Ports { pairs, used: [0; 2], resting: Vec::new() }
    }

    /// What a call between them takes.
    pub(super) fn between(caller: &ActorHandle, callee: &ActorHandle) -> [usize; 2] {
        let outside = [caller, callee].into_iter().filter(|one| one.kind() == Kind::Provider).count();
        [2 - outside, outside]
    }

    pub(super) fn take(&mut self, call: [usize; 2]) {
        self.used = sum(self.used, call);
    }

    /// A call is over.
    pub(super) fn leave(&mut self, now: Instant, call: [usize; 2]) {
        self.used = [0, 1].map(|at| self.used[at] - call[at]);
        self.resting.push((now, call));
    }

    /// Whether the house may have none left for one of these calls, the others of them being there already.
    pub(super) fn may_be_out(&mut self, now: Instant) -> bool {
        self.resting.retain(|(since, _)| now.saturating_duration_since(*since) < REST_MAX);
        let all = self.resting.iter().fold(self.used, |all, (_, call)| sum(all, *call));
        [0, 1].iter().any(|at| all[*at] > self.pairs[*at])
    }
}

fn sum(one: [usize; 2], other: [usize; 2]) -> [usize; 2] {
    [one[0] + other[0], one[1] + other[1]]
}
