//! A redirection (3xx) as policy is told of it, and where it leads.

use std::sync::Arc;

use crate::call_plan::AttemptPlan;
use crate::history::Reason;

/// What a far end said that sends a call elsewhere.
#[derive(Clone, Debug)]
pub struct Redirection<'r> {
    /// The attempt that it answered.
    pub by: &'r AttemptPlan,
    /// The URIs of its Contacts, the preferred first.
    pub to: &'r [String],
    pub reason: Reason,
    pub beside: Beside,
}

/// Whether others ring beside whoever redirects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beside {
    Nobody,
    /// They ring on: one attempt after the other takes its place.
    Others,
}

/// Where a redirection leads.
#[derive(Clone, Debug)]
pub struct Redirected {
    /// Never empty.
    pub attempts: Vec<AttemptPlan>,
    /// For whoever goes there by themselves: a number in E.164, or the name of a user.
    pub number: Arc<str>,
    /// Limits of which the caller's own part is taken once.
    pub taken_once: Vec<Arc<str>>,
}
