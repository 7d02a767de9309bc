//! Facts in, plan out.

use std::sync::Arc;

use serde::Serialize;

use crate::call_plan::CallPlan;
use crate::facts::Facts;
use crate::policy::Policy;
use crate::redirection::{Redirected, Redirection};
use crate::refusal::Refusal;
use crate::steps;
use crate::trail::Trail;

/// What the house says to a call.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Decision {
    Go(Box<CallPlan>),
    No(Refusal),
}

/// Decides about a call that is being made: how full its limits are becomes a fact of
/// it, and of all devices and turns those stay facts that mattered.
pub fn plan_live(policy: &Policy, facts: &mut Facts, trail: &mut Trail) -> Decision {
    let mut decision = plan(policy, facts, trail);
    while learns_of_help(policy, facts, trail) || learns_of_calls(policy, facts, trail) {
        *trail = Trail::new();
        decision = plan(policy, facts, trail);
    }
    if let Decision::Go(plan) = &decision
        && plan.service.is_none()
    {
        steps::admit::count(plan, facts, trail);
    }
    facts.devices.keep(trail.asked());
    facts.turns.keep(trail.asked_turns());
    trail.rest();
    decision
}

/// Makes it a fact when that user called for help of whom it turned out to matter; whether it is news.
fn learns_of_help(policy: &Policy, facts: &mut Facts, trail: &Trail) -> bool {
    let Some(user) = trail.asked_help().filter(|_| facts.helped.is_empty()) else { return false };
    let at = policy.called_for_help_at(user);
    facts.helped.extend(at.map(|at| (user.clone(), at)));
    at.is_some()
}

/// Makes facts of how many calls those users have who turned out to matter; whether any is news.
fn learns_of_calls(policy: &Policy, facts: &mut Facts, trail: &Trail) -> bool {
    let is_known = |name: &&Arc<str>| facts.calls.iter().any(|(known, _)| known == *name);
    let news = trail.asked_calls().iter().filter(|name| !is_known(name));
    let news: Vec<(Arc<str>, u32)> = news.map(|name| (name.clone(), policy.calls_of(name))).collect();
    let before = facts.calls.len();
    facts.calls.extend(news.into_iter().filter(|(_, count)| *count > 0));
    facts.calls.len() > before
}

/// Decides about one call; the trail says why.
pub fn plan(policy: &Policy, facts: &Facts, trail: &mut Trail) -> Decision {
    match steps::walk(policy, facts, trail) {
        Ok(plan) => Decision::Go(Box::new(plan)),
        Err(refusal) => Decision::No(refusal),
    }
}

/// Where a call that is being made goes on, by the calls that users have now.
pub fn redirected_live(
    policy: &Policy,
    facts: &mut Facts,
    redirection: &Redirection<'_>,
    trail: &mut Trail,
) -> Result<Redirected, Refusal> {
    facts.calls.clear();
    let mut led = steps::redirected(policy, facts, redirection, trail);
    while learns_of_calls(policy, facts, trail) {
        *trail = Trail::new();
        led = steps::redirected(policy, facts, redirection, trail);
    }
    led
}
