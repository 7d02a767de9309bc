//! What becomes of calls for somebody who does not take them: forwards, further numbers that ring along.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::duration::Duration;
use crate::number::Number;
use crate::spot::Spot;

/// `forward` of a user. Forwarding is a call of the user's: by the user's rights and routes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Forward {
    /// Every call, before any phone rings; `{ refuse = 480 }` turns it away.
    pub always: Option<Spot<Target>>,
    /// Calls that the user declines, or is too busy for; calls that do not disturb keeps away too.
    pub busy: Option<Spot<Target>>,
    /// Calls that ring unanswered.
    pub no_answer: Option<Spot<Target>>,
    /// Calls that reach no phone of the user's.
    pub unreachable: Option<Spot<Target>>,
    /// How long the user's phones ring; 20 s where `no_answer` is given, else as long as the caller waits.
    pub after: Option<Spot<Duration>>,
}

/// Whom a call is sent to: one of the keys.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Target {
    pub user: Option<Spot<String>>,
    pub number: Option<Spot<Number>>,
    /// Nobody: the status that the caller hears, such as 480 or 603.
    pub refuse: Option<Spot<u16>>,
}

/// What becomes of calls by people who hide who they are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum AnonymousCalls {
    #[default]
    Taken,
    /// They hear 433 (RFC 5079).
    Refused,
}
