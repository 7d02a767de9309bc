//! By whom a call was sent on: by a forward of somebody here, or by a redirection (3xx) of a far end.

use std::sync::Arc;

use crate::history::Reason;

/// One of those who sent a call on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SentOn {
    pub by: Sender,
    pub reason: Reason,
}

/// Who it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sender {
    User(Arc<str>),
    /// Whoever answers to this number outside.
    Number(Arc<str>),
}
