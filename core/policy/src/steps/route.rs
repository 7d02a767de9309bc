//! Which route takes the call, or which user it is for.

use std::borrow::Cow;
use std::sync::Arc;

use model::{DidRule, Pattern};

use crate::policy::{Leads, Policy, Route, Trunk, User};
use crate::refusal::{Code, Refusal};
use crate::steps::{Called, Caller};
use crate::trail::{Considered, Outcome, Trail};

const NAME: &str = "routes";

/// Where a call goes, and the route that said so.
pub(crate) struct Way<'p> {
    pub route: Option<&'p Route>,
    pub goal: Goal<'p>,
}

/// A user inside, or trunks.
#[derive(Clone, Copy)]
pub(crate) enum Goal<'p> {
    User(&'p Arc<User>),
    Trunks(&'p Leads),
}

pub(crate) fn route<'p>(
    policy: &'p Policy,
    caller: &Caller<'p>,
    called: &Called<'p>,
    trail: &mut Trail,
) -> Result<Way<'p>, Refusal> {
    match caller.trunk() {
        Some(trunk) => from_trunk(policy, caller, trunk, called, trail),
        None => from_inside(policy, caller, called, trail),
    }
}

/// Who is reached inside is never called by way of a provider.
fn from_inside<'p>(
    policy: &'p Policy,
    caller: &Caller<'p>,
    called: &Called<'p>,
    trail: &mut Trail,
) -> Result<Way<'p>, Refusal> {
    if let Some(owner) = called.owner {
        trail
            .note(NAME, "inside", format!("{} is reached inside; no route is asked", owner.name))
            .at(&owner.at);
        return Ok(Way { route: None, goal: Goal::User(owner) });
    }
    match matched(policy, caller, called, trail) {
        Some(route) => Ok(route),
        None => Err(Refusal::new(Code::NO_ROUTE, format!("no route takes {}", called.text))),
    }
}

/// A trunk's call goes where a route sends it, else to whoever owns the number.
fn from_trunk<'p>(
    policy: &'p Policy,
    caller: &Caller<'p>,
    trunk: &Trunk,
    called: &Called<'p>,
    trail: &mut Trail,
) -> Result<Way<'p>, Refusal> {
    let is_assigned =
        |block: &&crate::policy::DidBlock| block.trunk == trunk.name && block.contains(&called.text);
    let block = policy.dids.iter().find(is_assigned);
    if trunk.did == DidRule::AssignedOnly && block.is_none() && called.owner.is_none() {
        let words =
            format!("{} is given to nobody, and {} may call assigned numbers only", called.text, trunk.name);
        trail.note(NAME, "refused", words.clone()).at(&trunk.at);
        return Err(Refusal::new(Code::UNASSIGNED, words));
    }
    if let Some(way) = matched(policy, caller, called, trail) {
        return Ok(way);
    }
    match called.owner {
        Some(owner) => {
            trail.note("owner", "inside", format!("{} belongs to {}", called.text, owner.name)).at(&owner.at);
            Ok(Way { route: None, goal: Goal::User(owner) })
        }
        None => {
            let of = block.map_or(String::new(), |block| format!(" of numbers {}", block.name));
            Err(Refusal::new(
                Code::UNASSIGNED,
                format!("{}{of} belongs to no user and no route takes it", called.text),
            ))
        }
    }
}

/// The first route that matches, with a row in the trail for each.
fn matched<'p>(
    policy: &'p Policy,
    caller: &Caller<'p>,
    called: &Called<'p>,
    trail: &mut Trail,
) -> Option<Way<'p>> {
    let mut chosen = None;
    let mut fitting = 0;
    let mut rows = Vec::with_capacity(policy.routes.len());
    for route in &policy.routes {
        let (outcome, why): (_, Cow<'static, str>) = match fit(route, caller, called) {
            Ok(goal) => {
                fitting += 1;
                let is_first = chosen.is_none();
                chosen.get_or_insert(Way { route: Some(route), goal });
                let outcome = if is_first { Outcome::Chosen } else { Outcome::Next };
                (outcome, format!("order {}, to \"{}\"", route.order, route.to).into())
            }
            Err(why) => (Outcome::Rejected, why),
        };
        rows.push(Considered { outcome, name: route.name.clone(), why, at: Some(route.at.clone()) });
    }
    let verdict = if chosen.is_some() { "ok" } else { "none" };
    let step = trail.note(NAME, verdict, format!("{fitting} of {} match", rows.len()));
    step.considered = rows;
    chosen
}

fn fit<'p>(
    route: &'p Route,
    caller: &Caller<'p>,
    called: &Called<'p>,
) -> Result<Goal<'p>, Cow<'static, str>> {
    let trunk = caller.trunk().map(|trunk| &trunk.name);
    match (&route.from_trunk, trunk) {
        (Some(wanted), trunk) if trunk != Some(wanted) => return Err(format!("wants trunk {wanted}").into()),
        (None, Some(_)) if matches!(route.leads, Leads::Trunks { .. }) => {
            return Err("leads outside, and does not say from = { trunk = … }".into());
        }
        _ => {}
    }
    if let Some(wanted) = &route.from_user
        && caller.user().map(|user| &user.name) != Some(wanted)
    {
        return Err(format!("wants user {wanted}").into());
    }
    if !route.sites.is_empty() && !caller.site.is_some_and(|site| route.sites.contains(&site.name)) {
        return Err(format!("wants site {}", route.sites.join(" or ")).into());
    }
    if !admits(&route.to, called) {
        return Err(format!("wants \"{}\"", route.to).into());
    }
    match (&route.leads, called.owner) {
        (Leads::User(user), _) => Ok(Goal::User(user)),
        (Leads::Owner, Some(owner)) => Ok(Goal::User(owner)),
        (Leads::Owner, None) => Err("leads to the owner of the number, and nobody owns it".into()),
        (leads @ Leads::Trunks { .. }, _) => Ok(Goal::Trunks(leads)),
    }
}

fn admits(pattern: &Pattern, called: &Called<'_>) -> bool {
    match pattern {
        Pattern::Anything => true,
        Pattern::Mask(mask) => mask.matches(&called.text).is_some(),
        Pattern::Range(range) => range.contains(&called.text),
        Pattern::User(name) => called.owner.is_some_and(|owner| owner.name == *name),
    }
}
