//! Why an attempt came to nothing, and which of it moves a call on.

use std::sync::Arc;

use model::{FailCause, Failover};
use serde::Serialize;

/// Why one attempt came to nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Cause {
    /// The final status of the far end.
    Status(u16),
    /// No sign of it in time.
    Timeout,
    /// It rang, and nobody answered.
    NoAnswer,
    /// The name could not be resolved.
    Dns,
    /// No connection, or TLS failed.
    Transport,
    /// No media in common, or a port that cannot be opened.
    Media,
    /// A claim could not be taken, or no port is free.
    Limit,
}

/// Whether the other servers of a plan are tried after a cause; cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Causes(Arc<OnAndNever>);

#[derive(Debug, PartialEq, Eq, Serialize)]
struct OnAndNever {
    on: Rules,
    never_on: Rules,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
struct Rules {
    statuses: Vec<StatusRange>,
    others: Vec<Cause>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
struct StatusRange {
    first: u16,
    last: u16,
}

impl Causes {
    /// What a trunk's failover says; what it never moves on for wins.
    pub(crate) fn of(failover: &Failover) -> Causes {
        Causes::new(Rules::of(&failover.on), Rules::of(&failover.never_on))
    }

    /// Everything that fails: an emergency call is tried everywhere.
    pub fn all() -> Causes {
        use Cause::*;
        let on = Rules {
            statuses: vec![StatusRange { first: 300, last: 699 }],
            others: vec![Timeout, Dns, Transport, Media, Limit],
        };
        Causes::new(on, Rules::default())
    }

    /// A device that is not there; but a callee who is busy or declines has spoken.
    pub(crate) fn of_devices() -> Causes {
        use Cause::*;
        let statuses = [(404, 404), (408, 408), (410, 410), (480, 480), (500, 599)];
        let statuses = statuses.map(|(first, last)| StatusRange { first, last }).to_vec();
        let on = Rules { statuses, others: vec![Timeout, Dns, Transport, Media] };
        Causes::new(on, Rules::default())
    }

    fn new(on: Rules, never_on: Rules) -> Causes {
        Causes(Arc::new(OnAndNever { on, never_on }))
    }

    /// Whether the call moves on after this cause.
    pub fn contains(&self, cause: Cause) -> bool {
        self.0.on.contain(cause) && !self.0.never_on.contain(cause)
    }
}

impl Rules {
    fn of(causes: &[FailCause]) -> Rules {
        let mut rules = Rules::default();
        for cause in causes {
            match cause {
                FailCause::Status(status) => {
                    rules.statuses.push(StatusRange { first: *status, last: *status });
                }
                FailCause::ServerFailures => rules.statuses.push(StatusRange { first: 500, last: 599 }),
                FailCause::Timeout => rules.others.push(Cause::Timeout),
                FailCause::Dns => rules.others.push(Cause::Dns),
                FailCause::Transport => rules.others.push(Cause::Transport),
                FailCause::Media => rules.others.push(Cause::Media),
                FailCause::Limit => rules.others.push(Cause::Limit),
            }
        }
        rules
    }

    fn contain(&self, cause: Cause) -> bool {
        match cause {
            Cause::Status(status) => {
                self.statuses.iter().any(|range| (range.first..=range.last).contains(&status))
            }
            // Configuration has one word for both.
            Cause::NoAnswer => self.others.contains(&Cause::Timeout),
            other => self.others.contains(&other),
        }
    }
}
