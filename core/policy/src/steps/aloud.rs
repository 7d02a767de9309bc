//! A refusal that is said aloud: a plan for the caller's leg alone.

use std::time::Duration;

use model::MediaPath;

use crate::address::Dialled;
use crate::call_plan::{AttemptPlan, CallPlan, Callee, Direction, MediaPlan};
use crate::connected::Connected;
use crate::facts::Facts;
use crate::policy::Policy;
use crate::refusal::Refusal;
use crate::steps::{Party, emergency, leg, screen};
use crate::trail::Trail;

/// How the caller's leg of a refused call behaves, if whoever calls is to hear why. Nobody who is not known
/// to be a user or a trunk of ours hears anything.
pub fn refused_aloud(policy: &Policy, facts: &Facts, refusal: &Refusal) -> Option<CallPlan> {
    policy.aloud.as_ref()?;
    let dialled = Dialled::of(&facts.request_uri);
    let (caller, standing) = screen::screen(policy, facts, dialled.as_ref(), &mut Trail::new());
    let leg = leg::of_caller(policy, facts, &caller);
    leg.aloud.as_ref()?.of(refusal.status)?;
    if standing.is_err() || emergency::sounds_urgent(policy, &facts.request_uri) {
        return None;
    }
    let (callee, direction) = match caller.party {
        Party::Trunk(trunk) => (Callee::Trunk(trunk.name.clone()), Direction::Inbound),
        Party::User(user) => (Callee::User(user.name.clone()), Direction::Internal),
        Party::Stranger { .. } => return None,
    };
    let codecs = caller.trunk().map_or(&policy.media, |trunk| &trunk.media).codecs.clone();
    let media = MediaPlan { path: MediaPath::Anchored, codecs, also: [].into() };
    Some(CallPlan {
        direction,
        emergency: false,
        credentials: caller.trunk().and_then(|trunk| trunk.credentials.clone()),
        calling: caller.name,
        caller: Connected::default(),
        called: facts.request_uri.as_str().into(),
        attempts: vec![AttemptPlan::to_nobody(callee, Connected::default(), (media, leg.clone()))],
        leg,
        route: None,
        set_up_max: Duration::ZERO,
        taken_once: Vec::new(),
        priority: None,
        service: None,
        is_private: false,
        is_callback: false,
    })
}
