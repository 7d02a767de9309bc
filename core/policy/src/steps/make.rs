//! A call that the house makes for a user: their own phones ring first, and the one that answers is connected
//! with whom they want, as if they had dialled it there. What would come of that is decided before: nothing
//! rings for a call that may not be made.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use model::{MediaPath, Redirect, Side, SipUri};

use crate::call_plan::{AttemptPlan, CallPlan, Direction, MediaPlan};
use crate::connected::Line;
use crate::devices::Devices;
use crate::explain::called_uri;
use crate::facts::{Answering, Facts, InterfaceId, Transport, WallTime};
use crate::heading::{SentAddress, SentUri};
use crate::policy::{Policy, User};
use crate::refusal::{Code, Refusal};
use crate::steps::identity::Who;
use crate::steps::reach::{self, Calling, Disturbing};
use crate::steps::{SET_UP_MAX, admit, attempt, place, walk};
use crate::trail::Trail;

const NAME: &str = "make";
const ALERT: &str = "Alert-Info";

/// Headers that say who calls: here that is nobody, yet.
const OF_IDENTITY: [&str; 4] = ["P-Asserted-Identity", "P-Preferred-Identity", "Remote-Party-ID", "Privacy"];

/// What is known of a call that a user would make now at the first of their phones: nothing, where there is
/// no such user.
pub fn facts_of_made(
    policy: &Policy,
    (who, dialled): (&str, &str),
    answering: Answering,
    at: WallTime,
    devices: Devices,
) -> Option<Facts> {
    let user = policy.directory.get(who)?;
    let registered = devices.known(&user.name).first();
    let configured = user.devices.first();
    let address = || configured.and_then(|uri| uri.address()).unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
    let port = || configured.and_then(|uri| uri.port).unwrap_or(5060);
    let source = registered.map_or_else(|| SocketAddr::new(address(), port()), |fact| fact.source);
    let inside = || policy.interface_towards(Side::Inside).unwrap_or(InterfaceId(0));
    let interface = registered.map_or_else(inside, |fact| fact.interface);
    let usual = configured.map_or(Transport::Udp, SipUri::likely_transport);
    let transport = registered.map_or(usual, |fact| fact.transport);
    let from = format!("sip:{}@{}", user.name, policy.realm);
    let facts = Facts::new(source, interface, from, called_uri(dialled, &policy.realm), at);
    Some(Facts {
        transport,
        authenticated: Some(user.name.to_string()),
        rings_first: Some(answering),
        devices,
        ..facts
    })
}

/// The call that rings the phones of whoever calls.
pub(super) fn rings_first(
    policy: &Policy,
    facts: &Facts,
    answering: Answering,
    trail: &mut Trail,
) -> Result<CallPlan, Refusal> {
    let asked = Facts { rings_first: None, ..facts.clone() };
    let plan = walk(policy, &asked, trail)?;
    admit::forget(trail);
    let user = facts.authenticated.as_deref().and_then(|name| policy.users.get(name));
    let user = user.ok_or_else(|| Refusal::new(Code::NOT_MADE, "calls are made for users alone"))?;
    if plan.service.is_some() {
        let words = format!("{} is dialled on a phone: nobody is called there", plan.called);
        trail.note(NAME, "refused", words.clone()).at(&user.at);
        return Err(Refusal::new(Code::NOT_MADE, words));
    }
    let says = format!("the phones of {} ring; whoever answers is connected with {}", user.name, plan.called);
    trail.note(NAME, "ok", says).at(&user.at);
    let wish = if plan.emergency { Disturbing::Anyway } else { Disturbing::IfTheyLike };
    let caller = reach::sender(user);
    let speaker = place::speaker(policy, &asked, &caller);
    let who = Who::calls(policy, &asked, &caller, None, trail)?;
    let calling = Calling { policy, caller: &caller, speaker: &speaker };
    let mut attempts = reach::own_phones(calling, &who, user, wish, trail)?;
    attempts.iter_mut().for_each(|attempt| introduce(policy, user, &plan, answering, attempt));
    attempt::note(&attempts, facts, trail);
    Ok(CallPlan {
        direction: Direction::Internal,
        emergency: false,
        calling: caller.name,
        caller: plan.attempts.first().map(|first| first.connected.clone()).unwrap_or_default(),
        called: plan.called,
        leg: Arc::default(),
        credentials: None,
        route: None,
        attempts,
        set_up_max: SET_UP_MAX,
        taken_once: Vec::new(),
        service: None,
        is_private: false,
        // What leads to help is held up by no limit, and nobody else takes it.
        is_callback: plan.emergency,
        priority: plan.priority,
    })
}

/// A phone is told with whom it will be connected, and offered what both may speak.
fn introduce(policy: &Policy, user: &User, plan: &CallPlan, answering: Answering, attempt: &mut AttemptPlan) {
    let other = policy.directory.get(&plan.called);
    let shown = other.map_or_else(|| plan.called.clone(), |other| address_of(other));
    let display = other.map(|other| other.display.clone());
    let heading = Arc::make_mut(&mut attempt.heading);
    heading.from = SentAddress::new(display, SentUri::of("sip:", shown, policy.realm.clone(), ""));
    heading.headers.retain(|(name, _)| !OF_IDENTITY.contains(&&**name));
    if answering == Answering::ByItself {
        heading.headers.retain(|(name, _)| **name != *ALERT);
        heading.headers.extend(by_itself(&policy.realm));
    }
    let theirs = plan.attempts.first().map(|first| &first.media);
    let may_both = |codec: &&Arc<str>| theirs.is_none_or(|theirs| theirs.codecs.contains(codec));
    let common: Vec<Arc<str>> = attempt.media.codecs.iter().filter(may_both).cloned().collect();
    let codecs = if common.is_empty() { attempt.media.codecs.clone() } else { common.into() };
    attempt.media = MediaPlan { path: MediaPath::Anchored, codecs, also: [].into() };
    let tones = || policy.habits_of(user.site.as_deref()).tones.clone();
    let leg = Arc::make_mut(&mut attempt.leg);
    leg.aloud = Some(leg.aloud.take().unwrap_or_else(tones));
    // Their own phones were meant, and nobody else's.
    leg.redirect = Redirect::Refuse;
}

fn address_of(user: &User) -> Arc<str> {
    let number = || user.number.as_ref().map(|number| number.shared());
    user.extension.clone().or_else(number).unwrap_or_else(|| user.name.clone())
}

/// In the words of RFC 5373, and those of makers who have their own.
fn by_itself(realm: &str) -> [Line; 3] {
    [
        (Arc::from("Answer-Mode"), "Auto".to_owned()),
        (Arc::from("Call-Info"), format!("<sip:{realm}>;answer-after=0")),
        (Arc::from(ALERT), format!("<http://{realm}>;info=alert-autoanswer;delay=0")),
    ]
}
