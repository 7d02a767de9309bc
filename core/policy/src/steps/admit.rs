//! Which limits an attempt takes from.

use std::sync::Arc;

use model::Codec;

use crate::call_plan::{AttemptPlan, CallPlan};
use crate::facts::Facts;
use crate::limit::{Claim, Limit, On, Whose};
use crate::policy::{Site, Trunk};
use crate::says::Found;
use crate::steps::Caller;
use crate::trail::Trail;

const NAME: &str = "admission";
const BOTH: [Whose; 2] = [Whose::Calling, Whose::Called];

/// The trunk that calls and the trunk that is called, the sites that the call leaves and enters, and the
/// links that it crosses to and from there.
pub(crate) fn claims(
    caller: &Caller<'_>,
    trunk: Option<&Trunk>,
    site: Option<&Site>,
    codecs: &[Arc<str>],
) -> Vec<Claim> {
    let left = caller.site.map(|site| &**site);
    let stays = left.zip(site).is_some_and(|(left, entered)| left.name == entered.name);
    let sites = [left, site].map(|site| site.filter(|_| !stays));
    let trunks = [caller.trunk().map(|trunk| &**trunk), trunk];
    let trunks = || BOTH.into_iter().zip(trunks).filter_map(|(whose, trunk)| Some((whose, trunk?)));
    let sites = || BOTH.into_iter().zip(sites).filter_map(|(whose, site)| Some((whose, site?)));
    let at = |whose: Whose, site: &Site| On::Site(whose, site.name.clone());
    let mut claims = Vec::new();
    let mut claim = |limit: &Option<Arc<Limit>>, on: On, amount: fn(&[Arc<str>]) -> u32| {
        if let Some(limit) = limit {
            // Most have none, one or two, and a vector's first step makes room for four.
            claims.reserve_exact(1);
            claims.push(Claim { limit: limit.clone(), amount: amount(codecs), on });
        }
    };
    trunks().for_each(|(whose, trunk)| claim(&trunk.limit, On::Trunk(whose), |_| 1));
    sites().for_each(|(whose, site)| claim(&site.limit, at(whose, site), |_| 1));
    trunks().for_each(|(whose, trunk)| claim(&trunk.link, On::Trunk(whose), kbps));
    sites().for_each(|(whose, site)| claim(&site.link, at(whose, site), kbps));
    claims
}

/// The limits of which a caller takes a part, whoever is called.
pub(crate) fn of_caller(caller: &Caller<'_>) -> Vec<Arc<str>> {
    let trunk = caller.trunk().map(|trunk| [&trunk.limit, &trunk.link]);
    let site = caller.site.map(|site| [&site.limit, &site.link]);
    let limits = trunk.into_iter().chain(site).flatten().flatten();
    limits.map(|limit| limit.shared_name()).collect()
}

/// What the dearest of these codecs takes: which of them is agreed on is not known yet.
pub(crate) fn kbps(codecs: &[Arc<str>]) -> u32 {
    let offered = Codec::ALL.into_iter().filter(|codec| codecs.iter().any(|word| **word == *codec.word()));
    offered.map(Codec::kbps).max().unwrap_or_default()
}

/// How full the limits of an attempt are, as far as the facts know.
pub(crate) fn note(attempt: &AttemptPlan, facts: &Facts, trail: &mut Trail) {
    let in_use = |name: &str| {
        let known = facts.in_use.iter().find(|(limit, _)| **limit == *name);
        known.map_or(0, |(_, used)| *used)
    };
    let used = attempt.claims.iter().map(|claim| (claim.clone(), in_use(claim.limit.name()))).collect();
    trail.note(NAME, "ok", Found::Limits { used, paces: attempt.paces.clone() });
}

/// Forgets what was said of another call's limits.
pub(crate) fn forget(trail: &mut Trail) {
    trail.steps.retain(|step| step.name != NAME);
}

/// Makes facts of what the limits of a plan's first attempt count now, and says them in the trail.
pub(crate) fn count(plan: &CallPlan, facts: &mut Facts, trail: &mut Trail) {
    let Some(first) = plan.attempts.first() else { return };
    let counted = first.claims.iter().filter(|claim| claim.limit.used() > 0);
    facts.in_use = counted.map(|claim| (claim.limit.shared_name(), claim.limit.used())).collect();
    forget(trail);
    note(first, facts, trail);
}
