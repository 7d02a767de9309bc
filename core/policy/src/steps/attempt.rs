//! One attempt, put together from what the steps say.

use std::sync::Arc;
use std::time::Duration;

use model::{MediaPath, Secure, SipUri};

use crate::after::{Begins, Next};
use crate::call_plan::{AttemptPlan, Callee, Large, LegRules};
use crate::causes::Causes;
use crate::facts::Facts;
use crate::heading::{SentAddress, SentUri};
use crate::policy::Policy;
use crate::refusal::{Code, Refusal};
use crate::responses::Responses;
use crate::says::Found;
use crate::steps::choose::{Hop, RouteHop};
use crate::steps::identity::{Identity, Shown, Who};
use crate::steps::place::Ringing;
use crate::steps::{
    Called, Caller, admit, alert, callback, devices, identity, leg, media, precedence, sealed,
};
use crate::trail::{Considered, Outcome, Trail};

const DEVICE_ANSWER_WAIT: Duration = Duration::from_secs(4);
/// So many devices may ring behind one contact.
const EARLY_MAX: usize = 20;
const RING_MAX: Duration = Duration::from_secs(120);

pub(crate) fn to_server(
    policy: &Policy,
    who: &Who<'_>,
    caller: &Caller<'_>,
    called: &Called<'_>,
    hop: RouteHop<'_>,
) -> AttemptPlan {
    let RouteHop { hop, route, quote, .. } = hop;
    let shown = route.shown.as_ref().map_or(Shown::AsWished, Shown::Instead);
    let mut identity = identity::towards_trunk(policy, who, caller, called, hop, shown);
    identity.heading.headers.extend(precedence::told(caller, who.facts, hop.0));
    let moving = Moving { on: hop.0.moves_on.clone(), after_ringing: hop.0.after_ringing };
    let mut attempt = of_server(caller, called, hop, identity, moving);
    attempt.sent_on.clone_from(&who.sent_on);
    hide_media(who, &mut attempt);
    (attempt.route, attempt.quote) = (Some(route.name.clone()), quote);
    attempt
}

/// Whoever is hidden is hidden from the far end's media too.
fn hide_media(who: &Who<'_>, attempt: &mut AttemptPlan) {
    if hides_media(who) {
        attempt.media.path = MediaPath::Anchored;
        leg::stays_with_us(&mut attempt.leg);
    }
}

/// The same of the leg of whoever is hidden.
pub(crate) fn hidden(who: &Who<'_>, mut leg: Arc<LegRules>) -> Arc<LegRules> {
    if hides_media(who) {
        leg::stays_with_us(&mut leg);
    }
    leg
}

fn hides_media(who: &Who<'_>) -> bool {
    who.privacy.is_hidden || who.privacy.hides_media
}

/// The same for a call for help: the caller is shown, whatever was wished.
pub(crate) fn for_help(
    policy: &Policy,
    who: &Who<'_>,
    caller: &Caller<'_>,
    called: &Called<'_>,
    hop: Hop<'_>,
    moves_on: &Causes,
) -> AttemptPlan {
    let identity = identity::towards_trunk(policy, who, caller, called, hop, Shown::Always);
    let moving = Moving { on: moves_on.clone(), after_ringing: true };
    let mut attempt = of_server(caller, called, hop, identity, moving);
    if attempt.media.path == MediaPath::Auto {
        attempt.media.path = MediaPath::Anchored;
    }
    AttemptPlan { leg: Arc::new(leg::for_help(&attempt.leg)), ..attempt }
}

/// A transfer goes back to who asked for it: to the URI that was named, whatever it means there.
pub(crate) fn returned(
    policy: &Policy,
    who: &Who<'_>,
    caller: &Caller<'_>,
    called: &Called<'_>,
    hop: Hop<'_>,
) -> AttemptPlan {
    let mut identity = identity::towards_trunk(policy, who, caller, called, hop, Shown::AsWished);
    let uri = SentUri::whole(who.facts.request_uri.as_str().into());
    identity.heading.to = SentAddress::new(None, uri.clone());
    identity.heading.request_uri = uri;
    let moving = Moving { on: hop.0.moves_on.clone(), after_ringing: hop.0.after_ringing };
    let mut attempt = of_server(caller, called, hop, identity, moving);
    hide_media(who, &mut attempt);
    attempt
}

/// When an attempt gives way to the next.
struct Moving {
    on: Causes,
    after_ringing: bool,
}

fn of_server(
    caller: &Caller<'_>,
    called: &Called<'_>,
    hop: Hop<'_>,
    identity: Identity,
    moving: Moving,
) -> AttemptPlan {
    let (trunk, server) = hop;
    let media = media::towards_trunk(caller, trunk);
    AttemptPlan {
        callee: Callee::Trunk(trunk.name.clone()),
        sent_on: Vec::new(),
        is_redirected: false,
        connected: identity::of_number(&called.text),
        turn: None,
        begins: Begins::After,
        next: Next::Following,
        instead: None,
        route: None,
        quote: None,
        server: Some(server.id),
        server_key: Some(server.key.clone()),
        target: server.target.clone(),
        interface: server.interface,
        device: None,
        heading: Arc::new(identity.heading),
        leg: leg::dressed(trunk.leg.clone(), identity.dress),
        answer_wait: trunk.answer_wait,
        escape: None,
        ring_max: trunk.ring_wait,
        moves_on: moving.on,
        moves_on_after_ringing: moving.after_ringing,
        responses: trunk.responses.clone(),
        large: large_to(&server.uri),
        credentials: trunk.credentials.clone(),
        claims: admit::claims(caller, Some(trunk), None, &media.codecs),
        media,
        paces: server.paces.clone(),
        tell_queued: trunk.tell_queued,
        early_max: trunk.early_max,
    }
}

fn large_to(uri: &SipUri) -> Large {
    match (uri.transport, uri.secure) {
        (None, Secure::Sip) => Large::ByTcp,
        _ => Large::AsConfigured,
    }
}

/// The user's devices, each by itself.
pub(crate) fn to_user(
    policy: &Policy,
    who: &Who<'_>,
    caller: &Caller<'_>,
    called: &Called<'_>,
    Ringing { user, devices }: &Ringing<'_>,
) -> Result<Vec<AttemptPlan>, Refusal> {
    let is_choosy = !(who.facts.accept_contact.is_empty() && who.facts.reject_contact.is_empty());
    if devices.is_empty() {
        let says = match user.registers {
            _ if is_choosy => format!("{} has no device that is what the caller wants (RFC 3841)", user.name),
            true => format!("no phone is registered as {}, and it has no other device", user.name),
            false => format!("{} has no device", user.name),
        };
        let is_there = !devices::of(user, who.facts, &mut Trail::new()).is_empty();
        if sealed::is_asked(who.facts) && is_there {
            let says = format!("{} has no device that is reached by sips", user.name);
            return Err(Refusal::new(Code::NOT_SEALED, says));
        }
        return Err(Refusal::new(Code::NO_DEVICE, says));
    }
    let moves_on = Causes::of_devices();
    let attempts = devices.iter().map(|device| {
        let contact = sealed::contact(device, who.facts);
        let mut heading = identity::towards_user(policy, who, caller, called, &contact);
        let media = media::towards_user(policy, caller, user);
        let alert = alert::towards_user(policy, who, caller, called, user);
        heading.headers.extend(alert.lines);
        heading.because.extend(alert.because);
        heading.headers.extend(callback::told(called, user));
        let mut attempt = AttemptPlan {
            callee: Callee::User(user.name.clone()),
            sent_on: who.sent_on.clone(),
            is_redirected: false,
            connected: identity::of_user(user),
            turn: None,
            begins: Begins::After,
            next: Next::Following,
            instead: None,
            route: None,
            quote: None,
            server: None,
            server_key: None,
            target: contact,
            interface: device.interface(policy),
            device: device.registered().map(|fact| fact.device.clone()),
            heading: Arc::new(heading),
            leg: leg::of_user(policy, user),
            answer_wait: DEVICE_ANSWER_WAIT,
            escape: None,
            ring_max: RING_MAX,
            moves_on: moves_on.clone(),
            moves_on_after_ringing: true,
            responses: Responses::default(),
            large: device.uri().map_or(Large::AsConfigured, large_to),
            credentials: None,
            claims: admit::claims(caller, None, user.site.as_deref(), &media.codecs),
            media,
            paces: Arc::default(),
            tell_queued: None,
            early_max: EARLY_MAX,
        };
        hide_media(who, &mut attempt);
        attempt
    });
    Ok(attempts.collect())
}

/// Says who rings, and what the first attempt will look like.
pub(crate) fn note(attempts: &[AttemptPlan], facts: &Facts, trail: &mut Trail) {
    let Some(first) = attempts.first() else { return };
    note_ring(attempts, trail);
    let step = trail.note("identity", "ok", Found::Heading(first.heading.clone()));
    let mut told: Vec<&Callee> = vec![&first.callee];
    for attempt in &attempts[1..] {
        let Callee::Trunk(name) = &attempt.callee else { continue };
        if told.contains(&&attempt.callee) {
            continue;
        }
        told.push(&attempt.callee);
        step.considered.push(Considered {
            outcome: Outcome::Next,
            name: name.clone(),
            why: Found::Heading(attempt.heading.clone()).into(),
            at: None,
        });
    }
    trail.note("media", "ok", Found::Media { codecs: first.media.codecs.clone(), path: first.media.path });
    admit::note(first, facts, trail);
}

fn note_ring(attempts: &[AttemptPlan], trail: &mut Trail) {
    let along = attempts[1..].iter().take_while(|attempt| attempt.begins == Begins::Along).count();
    if along == 0 {
        return;
    }
    let says = format!("{} ring at the same time; the first that answers has the call", along + 1);
    let step = trail.note("ring", "together", says);
    step.considered = attempts[..=along]
        .iter()
        .map(|attempt| Considered {
            outcome: Outcome::Chosen,
            name: attempt.callee.name().clone(),
            why: attempt.target.to_string().into(),
            at: None,
        })
        .collect();
}
