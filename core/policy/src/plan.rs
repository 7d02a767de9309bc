//! Facts in, plan out.

use serde::Serialize;

use crate::call_plan::CallPlan;
use crate::facts::Facts;
use crate::policy::Policy;
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
    let decision = plan(policy, facts, trail);
    if let Decision::Go(plan) = &decision {
        steps::admit::count(plan, facts, trail);
    }
    facts.devices.keep(trail.asked());
    facts.turns.keep(trail.asked_turns());
    decision
}

/// Decides about one call; the trail says why.
pub fn plan(policy: &Policy, facts: &Facts, trail: &mut Trail) -> Decision {
    match steps::walk(policy, facts, trail) {
        Ok(plan) => Decision::Go(Box::new(plan)),
        Err(refusal) => Decision::No(refusal),
    }
}
