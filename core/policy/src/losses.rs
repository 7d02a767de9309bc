//! What would become of calls if a trunk lost a server: the same plans, with servers taken to be lost.

use std::collections::BTreeSet;
use std::sync::Arc;

use model::Pattern;
use serde::Serialize;

use crate::call_plan::Callee;
use crate::explain::{Inquiry, explain};
use crate::facts::{ServerId, WallTime};
use crate::plan::Decision;
use crate::policy::{Leads, Policy, Route};

/// One loss, and where sample calls would go then.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Loss {
    /// The URIs of the servers that are lost.
    pub lost: Vec<Arc<str>>,
    pub samples: Vec<Sample>,
}

/// One call, and the ways it would take.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Sample {
    pub from: Arc<str>,
    pub dial: String,
    /// The route, or the emergency rule.
    pub route: Option<Arc<str>>,
    /// Trunk and server, in the order they would be tried; those that are lost come last.
    pub ways: Vec<String>,
    /// Whether a server that is not lost is among them.
    pub survives: bool,
}

/// Each server of a trunk lost alone, then all of them; nothing, if there is no such trunk.
pub fn losses(policy: &Policy, trunk: &str, at: WallTime) -> Option<Vec<Loss>> {
    let servers = &policy.trunks.get(trunk)?.servers;
    let calls = calls_through(policy, trunk, at);
    let mut sets: Vec<BTreeSet<ServerId>> =
        servers.iter().map(|server| BTreeSet::from([server.id])).collect();
    if servers.len() > 1 {
        sets.push(servers.iter().map(|server| server.id).collect());
    }
    let loss = |lost: BTreeSet<ServerId>| Loss {
        lost: servers.iter().filter(|one| lost.contains(&one.id)).map(|one| one.target.clone()).collect(),
        samples: calls.iter().filter_map(|call| sample(policy, call, &lost)).collect(),
    };
    Some(sets.into_iter().map(loss).collect())
}

/// One call for each route and emergency rule that may lead through the trunk, and the stored tests that do.
fn calls_through(policy: &Policy, trunk: &str, at: WallTime) -> Vec<Inquiry> {
    let tests = policy.tests.iter().map(|test| (Some(test.from.clone()), test.dial.to_string()));
    let routes = policy.routes.iter().filter_map(|route| Some((route.from_user.clone(), number_for(route)?)));
    let helps = policy.emergencies.iter().filter_map(|rule| Some((None, rule.dial.first()?.to_string())));
    let mut found: Vec<Inquiry> = Vec::new();
    let mut routes_seen = BTreeSet::new();
    for (from, dial) in tests.chain(routes).chain(helps) {
        let callers: Vec<Arc<str>> = match from {
            Some(name) => vec![name],
            None => policy.users.keys().cloned().collect(),
        };
        let goes = callers.iter().find_map(|caller| {
            let inquiry = Inquiry::by(policy, caller, &dial, at);
            let Decision::Go(plan) = explain(policy, &inquiry).ok()?.decision else { return None };
            let leads = |callee: &Callee| matches!(callee, Callee::Trunk(name) if **name == *trunk);
            plan.attempts.iter().any(|attempt| leads(&attempt.callee)).then_some((inquiry, plan.route))
        });
        if let Some((inquiry, route)) = goes
            && routes_seen.insert((route, inquiry.dial.clone()))
        {
            found.push(inquiry);
        }
    }
    found
}

fn sample(policy: &Policy, call: &Inquiry, lost: &BTreeSet<ServerId>) -> Option<Sample> {
    let inquiry = Inquiry { down: lost.clone(), ..call.clone() };
    let Decision::Go(plan) = explain(policy, &inquiry).ok()?.decision else { return None };
    let way = |attempt: &crate::AttemptPlan| match &attempt.callee {
        Callee::Trunk(name) => format!("{name} {}", attempt.target),
        Callee::User(name) => format!("user {name}"),
    };
    let stays = |attempt: &crate::AttemptPlan| attempt.server.is_none_or(|server| !lost.contains(&server));
    Some(Sample {
        from: match &call.from {
            crate::Caller::User(name) | crate::Caller::Trunk(name) => name.as_str().into(),
        },
        dial: call.dial.clone(),
        route: plan.route.clone(),
        ways: plan.attempts.iter().map(way).collect(),
        survives: plan.attempts.iter().any(stays),
    })
}

/// A number that fits a route which leads outside.
fn number_for(route: &Route) -> Option<String> {
    if !matches!(route.leads, Leads::Trunks { .. }) || route.from_trunk.is_some() {
        return None;
    }
    match &route.to {
        Pattern::Anything => Some("+12025550123".to_owned()),
        Pattern::Mask(mask) => Some(mask.example()),
        Pattern::Range(range) => Some(range.first.to_string()),
        Pattern::User(_) => None,
    }
}
