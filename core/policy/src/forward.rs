//! To whom a user's calls are sent on, with every reference resolved.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use model::Number;

/// What becomes of calls that a user does not take.
#[derive(Debug, Default)]
pub(crate) struct Forward {
    pub always: Option<Target>,
    pub busy: Option<Target>,
    pub no_answer: Option<Target>,
    pub unreachable: Option<Target>,
    /// How long the phones ring.
    pub after: Option<Duration>,
}

/// Whom a call is sent to.
#[derive(Debug)]
pub(crate) enum Target {
    User(Arc<str>),
    Number(Number),
    /// Nobody; the status that says so.
    Refuse(u16),
}

impl Forward {
    /// Whether it depends on what became of the call.
    pub fn is_conditional(&self) -> bool {
        [&self.busy, &self.no_answer, &self.unreachable].into_iter().any(Option::is_some)
    }
}

impl Target {
    /// What it is known by, if it is anybody.
    pub fn name(&self) -> Option<Arc<str>> {
        match self {
            Target::User(name) => Some(name.clone()),
            Target::Number(number) => Some(number.shared()),
            Target::Refuse(_) => None,
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Target::User(name) => f.write_str(name),
            Target::Number(number) => write!(f, "{number}"),
            Target::Refuse(status) => write!(f, "nobody ({status})"),
        }
    }
}
