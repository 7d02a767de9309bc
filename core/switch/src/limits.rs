//! Every bound of a shard that isn't one of the stack's.

use std::time::Duration;

/// Questions without an answer; above, they are not asked and time out.
pub(crate) const QUESTIONS_MAX: usize = 65_536;

/// A question that the outside doesn't answer counts as answered by nothing.
pub(crate) const QUESTION_WAIT: Duration = Duration::from_secs(5);

/// Calls that were handed on to other shards; above, the first is forgotten.
pub(crate) const HANDED_ON_MAX: usize = 4096;

/// Media ports rest this long between two calls.
pub(crate) const PORT_REST: Duration = Duration::from_secs(5);
