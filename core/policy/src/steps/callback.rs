//! Whoever was called for help calls back, and rings, whatever else is wished.
//!
//! They may do so by another trunk and under another number than they were called by (RFC 7090 3), so that
//! for a while every call out of the telephone network to whoever called for help may be theirs (RFC 6443
//! 13). A mark that says so is believed by phones alone: they have it from here, and from nobody else (RFC
//! 7090 5.3).

use model::Duration;

use crate::connected::Line as HeaderLine;
use crate::facts::Facts;
use crate::help::{HEADER, MARK};
use crate::policy::{Policy, User};
use crate::steps::{Called, Caller, Line};
use crate::trail::Trail;

const NAME: &str = "callback";

/// Whom the caller wants, who may be wanted for having called for help.
pub(crate) fn seen<'p>(
    policy: &Policy,
    facts: &Facts,
    caller: &Caller<'_>,
    called: Called<'p>,
    trail: &mut Trail,
) -> Called<'p> {
    let is_from_outside = caller.trunk().is_some_and(|trunk| trunk.kind.is_public());
    let Some(user) = called.owner.filter(|_| is_from_outside && !policy.callback_window.is_zero()) else {
        return called;
    };
    trail.asked_for_help(&user.name);
    let Some((_, at)) = facts.helped.iter().find(|(name, _)| *name == user.name) else { return called };
    let passed = u64::try_from(facts.at.0.saturating_sub(at.0)).unwrap_or(0);
    let passed = std::time::Duration::from_millis(passed);
    if passed > policy.callback_window {
        return called;
    }
    let minutes = Duration(std::time::Duration::from_secs(passed.as_secs() / 60 * 60));
    let says = format!("{} called for help {minutes} ago: this may be the answer, and rings", user.name);
    trail.note(NAME, "yes", says).at(&user.at);
    Called { line: Line::Callback, ..called }
}

/// What the phone of whoever is called back is told, so that it rings whatever it was told before.
pub(crate) fn told(called: &Called<'_>, user: &User) -> Option<HeaderLine> {
    let is_owner = called.owner.is_some_and(|owner| owner.name == user.name);
    (called.line == Line::Callback && is_owner).then(|| (HEADER.into(), MARK.to_owned()))
}
