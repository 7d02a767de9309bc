//! Whom a leg is connected with, and what its far end is told of that (RFC 3325, 4916, 5876).

use std::sync::Arc;

use model::{CallerIdHeader, CallerPrivacy, ConnectedTo, HeaderRule, HeaderWay, NumberPlace};
use sip_message::NameAddr;

use super::{is_trusted, sent};
use crate::address::{anonymous, name_addr, user_escaped};
use crate::call_plan::Callee;
use crate::connected::{Connected, Introduction, Line, Part, Saying};
use crate::handed_on::is_ignored;
use crate::policy::{Policy, Trunk, User};
use crate::steps::identity::privacy::{asks_to_hide, is_anonymous};
use crate::steps::identity::who::{Who, is_believed, named};
use crate::steps::{Caller, Party};

/// Whoever has a number outside.
pub(crate) fn of_number(text: &Arc<str>) -> Connected {
    Connected { number: text.starts_with('+').then(|| text.clone()), ..Connected::default() }
}

/// One of our people.
pub(crate) fn of_user(user: &User) -> Connected {
    Connected {
        number: user.number.as_ref().map(|number| number.shared()),
        inside: Some(user.extension.clone().unwrap_or_else(|| user.name.clone())),
        display: Some(user.display.clone()),
        is_hidden: user.privacy == CallerPrivacy::Always,
    }
}

/// Who calls, for whoever takes over in the call.
pub(crate) fn of_caller(who: &Who<'_>, caller: &Caller<'_>) -> Connected {
    let number = who.asserted.clone().or_else(|| who.shown.clone());
    let is_hidden = who.privacy.is_hidden;
    match caller.party {
        Party::User(user) => Connected { is_hidden, number, ..of_user(user) },
        Party::Trunk(_) | Party::Stranger { .. } => {
            Connected { number, inside: None, display: who.display.clone(), is_hidden }
        }
    }
}

/// What the far end of a leg is told of whom it is connected with: nothing, where that is not its business.
pub fn introduced(policy: &Policy, to: &Callee, party: &Connected, part: Part) -> Introduction {
    match to {
        Callee::User(name) if policy.users.contains_key(name) => to_user(policy, party),
        Callee::User(_) => Introduction::default(),
        Callee::Trunk(name) => {
            policy.trunks.get(name).map(|trunk| to_trunk(trunk, party, part)).unwrap_or_default()
        }
    }
}

fn to_user(policy: &Policy, party: &Connected) -> Introduction {
    if party.is_hidden {
        return Introduction { from: Some(anonymous()), headers: Vec::new() };
    }
    let Some(name) = party.inside.as_ref().or(party.number.as_ref()) else { return Introduction::default() };
    let uri = ["sip:", &*user_escaped(name), "@", &*policy.realm];
    let value = name_addr(party.display.as_deref(), &uri);
    let headers = vec![("P-Asserted-Identity".into(), value.clone())];
    Introduction { from: Some(value), headers }
}

fn to_trunk(trunk: &Trunk, party: &Connected, part: Part) -> Introduction {
    let is_told = match trunk.identity.connected {
        ConnectedTo::Trusted => is_trusted(trunk),
        ConnectedTo::Anybody => is_trusted(trunk) || !party.is_hidden,
        ConnectedTo::Nobody => false,
    };
    let Some(number) = party.number.as_ref().filter(|_| is_told) else { return Introduction::default() };
    let host = || trunk.servers.first().map(|server| &*server.host);
    let domain = trunk.identity.domain.as_deref().or_else(host).unwrap_or_default();
    let written = |place| {
        let number = sent(trunk, number, place, &mut Vec::new());
        let phone = if trunk.identity.user_phone { ";user=phone" } else { "" };
        ["sip:", &*user_escaped(&number), "@", domain, phone].concat()
    };
    let display = party.display.as_deref().filter(|_| !party.is_hidden);
    let uri = written(NumberPlace::Asserted);
    let named = |name: &str, value: String| Some((Arc::from(name), value));
    let identity = match trunk.identity.caller_id {
        CallerIdHeader::PAssertedIdentity => named("P-Asserted-Identity", name_addr(display, &[&uri])),
        CallerIdHeader::PPreferredIdentity => named("P-Preferred-Identity", name_addr(display, &[&uri])),
        CallerIdHeader::RemotePartyId => {
            let word = if part == Part::Calling { "calling" } else { "called" };
            let privacy = if party.is_hidden { "full" } else { "off" };
            let party = name_addr(display, &[&uri]);
            named("Remote-Party-ID", format!("{party};party={word};screen=yes;privacy={privacy}"))
        }
        CallerIdHeader::From | CallerIdHeader::None => None,
    };
    let is_removed = |(name, _): &Line| trunk.headers.iter().any(|rule| removes(rule, name));
    let identity = identity.filter(|line| !is_removed(line));
    let privacy = party.is_hidden.then(|| ("Privacy".into(), "id".to_owned()));
    Introduction {
        from: Some(match party.is_hidden {
            true => anonymous(),
            false => name_addr(display, &[&written(NumberPlace::From)]),
        }),
        headers: identity.into_iter().chain(privacy).collect(),
    }
}

/// Whether a rule keeps a header from a trunk in all messages: one that keeps it from the first does.
fn removes(rule: &HeaderRule, name: &str) -> bool {
    rule.direction == HeaderWay::Out && rule.remove.as_ref().is_some_and(|removed| removed.is(name))
}

/// Whom a far end says to be now; nothing, where its word does not count, or it names nobody.
pub fn learned(policy: &Policy, from: &Callee, saying: &Saying) -> Option<Connected> {
    let Callee::Trunk(name) = from else { return None };
    let trunk = policy.trunks.get(name).filter(|trunk| is_believed(trunk))?;
    let is_heard = |name: &str| !is_ignored(&trunk.headers, name);
    let asserted = saying.asserted.iter().filter(|_| is_heard("P-Asserted-Identity"));
    let number_in = |value: &str| named(policy, trunk, value).map(|number| (number, value.to_owned()));
    let is_hidden = saying.privacy.as_deref().is_some_and(asks_to_hide);
    let of_from = || saying.from.as_deref().filter(|from| !is_anonymous(from)).and_then(number_in);
    let (number, value) = asserted.filter_map(|value| number_in(value)).next().or_else(of_from)?;
    let display = NameAddr::parse(&value).ok().and_then(|address| address.display().map(|name| name.into()));
    Some(Connected { number: Some(number), inside: None, display, is_hidden })
}
