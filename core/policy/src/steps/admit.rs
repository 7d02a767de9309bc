//! Which limits an attempt takes from.

use std::sync::Arc;

use crate::call_plan::{AttemptPlan, CallPlan};
use crate::facts::Facts;
use crate::limit::Claim;
use crate::policy::{Site, Trunk};
use crate::steps::Caller;
use crate::trail::Trail;

const NAME: &str = "admission";

/// The trunk that calls and the trunk that is called, and the sites that the call leaves and enters.
pub(crate) fn claims(caller: &Caller<'_>, trunk: Option<&Trunk>, site: Option<&Site>) -> Vec<Claim> {
    let left = caller.site.map(|site| &**site);
    let stays = left.zip(site).is_some_and(|(left, entered)| left.name == entered.name);
    let sites = [left, site].map(|site| site.filter(|_| !stays).and_then(|site| site.limit.as_ref()));
    let trunks =
        [caller.trunk().map(|trunk| &**trunk), trunk].map(|trunk| trunk.and_then(|one| one.limit.as_ref()));
    let limits = trunks.into_iter().chain(sites).flatten();
    limits.map(|limit| Claim { limit: Arc::clone(limit) }).collect()
}

/// How full the limits of an attempt are, as far as the facts know.
pub(crate) fn note(attempt: &AttemptPlan, facts: &Facts, trail: &mut Trail) {
    let in_use = |name: &str| {
        let known = facts.in_use.iter().find(|(limit, _)| **limit == *name);
        known.map_or(0, |(_, used)| *used)
    };
    let limits = attempt.claims.iter().map(|claim| &claim.limit);
    let full = limits
        .map(|limit| format!("{} of {} calls of {}", in_use(limit.name()), limit.ceiling(), limit.name()));
    let paces = attempt.paces.iter();
    let paces = paces.map(|pace| format!("{} calls/s of {}", pace.rate().per_second(), pace.name()));
    let all: Vec<String> = full.chain(paces).collect();
    let says = if all.is_empty() { "no limit applies".to_owned() } else { all.join(", ") };
    trail.note(NAME, "ok", says);
}

/// Makes facts of what the limits of a plan's first attempt count now, and says them in the trail.
pub(crate) fn count(plan: &CallPlan, facts: &mut Facts, trail: &mut Trail) {
    let Some(first) = plan.attempts.first() else { return };
    let counted = first.claims.iter().filter(|claim| claim.limit.used() > 0);
    facts.in_use = counted.map(|claim| (claim.limit.name().into(), claim.limit.used())).collect();
    trail.steps.retain(|step| step.name != NAME);
    note(first, facts, trail);
}
