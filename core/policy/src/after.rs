//! Which attempts begin together, and where a call goes on when they came to nothing.

use std::sync::Arc;

use serde::Serialize;

use crate::causes::Cause;

/// When an attempt begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Begins {
    /// When what is before it has come to nothing.
    #[default]
    After,
    /// Together with the one before it.
    Along,
    /// In the place of one that rang along with others and failed.
    Instead,
}

/// Where a call goes on when an attempt, and all that rang along with it, came to nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Next {
    /// With the attempt behind them, if the failure moves it on.
    #[default]
    Following,
    Nowhere,
    /// With this attempt, if the failure moves it on.
    Then(usize),
    /// By what became of it.
    By(Arc<[Exit]>),
}

impl Begins {
    /// What a plan usually says.
    pub fn is_after(&self) -> bool {
        *self == Begins::After
    }
}

impl Next {
    /// What a plan usually says.
    pub fn is_following(&self) -> bool {
        *self == Next::Following
    }
}

/// Who is tried if somebody was not reached for this reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Exit {
    pub on: Unreached,
    /// The index of the attempt.
    pub to: usize,
}

impl Exit {
    /// The same exit, where attempts stand so many places further back.
    pub(crate) fn moved_by(self, places: usize) -> Exit {
        Exit { to: self.to + places, ..self }
    }
}

/// Why somebody was not reached, as people say it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unreached {
    /// Busy, or declined.
    Busy,
    NoAnswer,
    Unreachable,
}

/// Whether a caller heard that it rings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rang {
    Never,
    Heard,
}

impl Unreached {
    /// What a failure means; a refusal for any other reason is none of these.
    pub fn of(cause: Cause, rang: Rang) -> Option<Unreached> {
        match (cause, rang) {
            (Cause::Status(486 | 600 | 603), _) => Some(Unreached::Busy),
            (Cause::NoAnswer, _) | (Cause::Status(408 | 480), Rang::Heard) => Some(Unreached::NoAnswer),
            (Cause::Status(404 | 408 | 410 | 480 | 500..=599), _) => Some(Unreached::Unreachable),
            (Cause::Timeout | Cause::Dns | Cause::Transport, _) => Some(Unreached::Unreachable),
            (Cause::Status(_) | Cause::Media | Cause::Limit, _) => None,
        }
    }

    /// As configuration calls it.
    pub fn word(self) -> &'static str {
        match self {
            Unreached::Busy => "busy",
            Unreached::NoAnswer => "no answer",
            Unreached::Unreachable => "unreachable",
        }
    }
}
