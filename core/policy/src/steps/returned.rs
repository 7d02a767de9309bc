//! A transfer that a trunk has sent back to itself: no number is read and no route asked, because what is
//! named means something there alone.

use std::sync::Arc;

use model::Transfer;
use sip_message::Uri;

use crate::address::named_in;
use crate::call_plan::{CallPlan, Direction, PartyName};
use crate::facts::Facts;
use crate::policy::Policy;
use crate::steps::identity::{self, Who};
use crate::steps::seed::Seed;
use crate::steps::{Called, Caller, Party, SET_UP_MAX, attempt, choose, leg};
use crate::trail::Trail;

const NAME: &str = "returned";

/// The call back to the trunk. Nothing: it is no such transfer.
pub(crate) fn returned(policy: &Policy, facts: &Facts, trail: &mut Trail) -> Option<CallPlan> {
    let returned = facts.returned.as_ref()?;
    let trunk = policy.trunks.get(&returned.trunk).filter(|one| one.leg.transfer == Transfer::Return)?;
    let name = PartyName(trunk.name.clone());
    let caller = &Caller { party: Party::Trunk(trunk), site: None, here: None, name, is_in_from: false };
    let uri = Uri::parse(&facts.request_uri).ok()?;
    let host = uri.host()?.to_string();
    let called = Called::outside(named_in(&facts.request_uri).unwrap_or_else(|| host.clone()));
    let who = Who::stays(facts, &returned.stays);
    let seed = Seed::of(&called.text, &caller.name.0, facts.at);
    let hops = choose::of_trunk(trunk, &host, facts, seed);
    let mut attempts: Vec<_> =
        hops.into_iter().map(|hop| attempt::returned(policy, &who, caller, &called, hop)).collect();
    let referred_by: Arc<str> = "Referred-By".into();
    for attempt in &mut attempts {
        let heading = Arc::make_mut(&mut attempt.heading);
        heading.headers.retain(|(name, _)| !name.eq_ignore_ascii_case(&referred_by));
        let values = returned.referred_by.iter();
        heading.headers.extend(values.map(|value| (referred_by.clone(), value.clone())));
    }
    let set_up_max = trunk.budget.unwrap_or(SET_UP_MAX);
    let says = format!("{} has its transfers sent back to it, as they came", trunk.name);
    trail.note(NAME, "yes", says).at(&trunk.at);
    attempt::note(&attempts, facts, trail);
    (!attempts.is_empty()).then(|| CallPlan {
        direction: Direction::Transit,
        emergency: false,
        leg: leg::dressed(
            leg::of_caller(policy, facts, caller),
            identity::dress_of_caller(&who, caller, &called),
        ),
        caller: returned.stays.clone(),
        credentials: trunk.credentials.clone(),
        calling: caller.name.clone(),
        called: called.text.clone(),
        route: None,
        attempts,
        set_up_max,
        taken_once: Vec::new(),
        service: None,
        is_private: false,
        is_callback: false,
        priority: None,
    })
}
