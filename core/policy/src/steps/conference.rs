//! Conferences: who enters one by its name, its extension or its number.

use std::sync::Arc;
use std::time::Duration;

use model::MediaPath;

use crate::address::Dialled;
use crate::call_plan::{AttemptPlan, CallPlan, Callee, Direction, MediaPlan, Service};
use crate::conference::Conference;
use crate::connected::Connected;
use crate::facts::Facts;
use crate::limit::Claim;
use crate::policy::Policy;
use crate::refusal::{Code, Refusal};
use crate::steps::identity::{self, Who, Wish};
use crate::steps::{Called, Caller, Party, admit, leg};
use crate::trail::Trail;

const NAME: &str = "conference";

/// The conference that a user has dialled by its name or its extension.
pub(crate) fn dialled<'p>(
    policy: &'p Policy,
    caller: &Caller<'_>,
    dialled: &Dialled,
) -> Option<&'p Arc<Conference>> {
    let (Party::User(_), Dialled::Digits { digits, .. }) = (caller.party, dialled) else { return None };
    let is_its = |one: &&Arc<Conference>| *one.name == **digits || one.extension.as_deref() == Some(digits);
    policy.conferences.iter().find(is_its)
}

/// The conference that has a number.
pub(crate) fn numbered<'p>(policy: &'p Policy, called: &Called<'_>) -> Option<&'p Arc<Conference>> {
    let is_its = |one: &&Arc<Conference>| one.number.as_deref() == Some(&*called.text);
    policy.conferences.iter().find(is_its)
}

/// Lets whoever calls enter, if they may.
pub(crate) fn enter(
    policy: &Policy,
    facts: &Facts,
    (caller, wish): (&Caller<'_>, Option<Wish>),
    conference: &Arc<Conference>,
    trail: &mut Trail,
) -> Result<CallPlan, Refusal> {
    let name = &conference.name;
    if let (Party::User(user), Some(users)) = (caller.party, &conference.users)
        && !users.contains(&user.name)
        && conference.pin.is_none()
    {
        let words = format!("{} is not among the users of conference {name}", user.name);
        trail.note(NAME, "refused", words.clone()).at(&conference.at);
        return Err(Refusal::new(Code::NOT_INVITED, words));
    }
    let who = Who::calls(policy, facts, caller, wish, trail)?;
    let says = format!("{} enters conference {name}", caller.name);
    trail.note(NAME, "ok", says).at(&conference.at);
    let called = Called::outside(name.clone());
    let dress = identity::dress_of_caller(&who, caller, &called);
    Ok(CallPlan {
        direction: if caller.trunk().is_some() { Direction::Inbound } else { Direction::Internal },
        emergency: false,
        calling: caller.name.clone(),
        caller: identity::of_caller(&who, caller),
        called: called.text,
        leg: leg::dressed(leg::of_caller(policy, facts, caller), dress),
        credentials: caller.trunk().and_then(|trunk| trunk.credentials.clone()),
        route: None,
        attempts: vec![room(policy, caller, conference)],
        set_up_max: Duration::ZERO,
        taken_once: Vec::new(),
        priority: None,
        service: Some(Service::Meet(conference.clone())),
        is_private: false,
        is_callback: false,
    })
}

/// The room, as the party that is called.
fn room(policy: &Policy, caller: &Caller<'_>, conference: &Conference) -> AttemptPlan {
    let MediaPlan { codecs, .. } = caller.trunk().map_or(&policy.media, |trunk| &trunk.media);
    let mut claims = admit::claims(caller, None, None, codecs);
    claims.push(Claim::of_itself(&conference.limit));
    let media = MediaPlan { path: MediaPath::Anchored, codecs: codecs.clone(), also: Arc::default() };
    let callee = Callee::User(conference.name.clone());
    let nobody = AttemptPlan::to_nobody(callee, Connected::default(), (media, Arc::default()));
    AttemptPlan { claims, ..nobody }
}
