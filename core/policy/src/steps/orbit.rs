//! Orbits: what dialling one means, and the call that brings a parked call back.

use std::sync::Arc;
use std::time::Duration;

use crate::address::{Dialled, name_addr, user_escaped};
use crate::call_plan::{CallPlan, Callee, Service};
use crate::facts::Facts;
use crate::heading::{SentAddress, SentUri};
use crate::orbit::Parking;
use crate::plan::{Decision, plan_live};
use crate::policy::Policy;
use crate::refusal::{Code, Refusal};
use crate::steps::{Caller, Party, pickup};
use crate::trail::Trail;

const NAME: &str = "orbit";

/// Who is called back is not called for longer.
const RING_MAX: Duration = Duration::from_secs(30);

/// Headers that say who calls: here it is the orbit.
const OF_IDENTITY: [&str; 3] = ["P-Asserted-Identity", "P-Preferred-Identity", "Remote-Party-ID"];

/// What becomes of a number or the code of an orbit. Nothing: something else was dialled.
pub(crate) fn orbit(
    policy: &Policy,
    caller: &Caller<'_>,
    dialled: &Dialled,
    trail: &mut Trail,
) -> Option<CallPlan> {
    let (Party::User(user), Dialled::Digits { digits, .. }) = (caller.party, dialled) else { return None };
    let parking = policy.orbits.iter().find_map(|orbit| {
        let number = orbit.number(digits).cloned();
        let is_meant = number.is_some() || orbit.code.as_deref() == Some(digits.as_str());
        is_meant.then(|| Parking { orbit: orbit.clone(), number })
    })?;
    let what = if parking.number.is_some() { "a number" } else { "the code" };
    let says = format!("{digits} is {what} of orbit {}", parking.orbit.name);
    trail.note(NAME, "ok", says).at(&parking.orbit.at);
    Some(pickup::plan(policy, caller, user, (digits, Service::Orbit(parking))))
}

/// The address of a parked call, as its phone is told.
pub fn at_orbit(policy: &Policy, number: &str) -> String {
    name_addr(None, &["sip:", &user_escaped(number), "@", &policy.realm])
}

/// Plans the call that brings a parked call back, as one of whoever parked it; the phone shows the orbit.
pub fn ring_back(
    policy: &Policy,
    facts: &mut Facts,
    (number, who): (&str, &str),
    trail: &mut Trail,
) -> Decision {
    let uri = |name: &str| SentUri::of("sip:", name.into(), policy.realm.clone(), "");
    (facts.request_uri, facts.to_uri) = (uri(who).text(), uri(who).text());
    facts.gruu = None;
    let mut decision = plan_live(policy, facts, trail);
    let Decision::Go(plan) = &mut decision else { return decision };
    if plan.service.is_some() || plan.emergency {
        let words = format!("{who} is nobody whom a parked call could be brought to");
        return Decision::No(Refusal::new(Code::NOT_PARKED, words));
    }
    for attempt in &mut plan.attempts {
        attempt.ring_max = attempt.ring_max.min(RING_MAX);
        if matches!(attempt.callee, Callee::User(_)) {
            let display = format!("Parked at {number}").into();
            let heading = Arc::make_mut(&mut attempt.heading);
            heading.from = SentAddress::new(Some(display), uri(number));
            heading.headers.retain(|(name, _)| !OF_IDENTITY.contains(&&**name));
        }
    }
    decision
}
