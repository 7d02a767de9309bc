//! What a REGISTER makes of a user's bindings: all that it wants, or nothing (RFC 3261 10.3).

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

use policy::{RegistrarRules, WallTime};
use sip_message::{Scheme, Uri};
use sip_stack::{Flow, Listener};

use crate::bell::{Asks, Bell};
use crate::binding::{Binding, Flows, Hops, Reach};
use crate::reading::{Contact, No, Wish};

/// What is the same for all contacts of a REGISTER.
pub(crate) struct Arrival<'a> {
    pub now: Instant,
    pub wall: WallTime,
    pub call_id: &'a str,
    pub cseq: u32,
    pub source: Flow,
    pub path: Vec<Box<str>>,
    pub agent: Option<&'a str>,
    pub hops: Hops,
    pub listeners: &'a [Listener],
    pub rules: &'a RegistrarRules,
}

/// The bindings that hold from now on.
pub(crate) fn update(known: &[Binding], wish: &Wish<'_>, arrival: &Arrival<'_>) -> Result<Vec<Binding>, No> {
    // Most REGISTERs take the place of the only binding that there is: it is not copied first.
    let lasting = known.iter().filter(|binding| binding.until > arrival.now);
    let mut bindings: Vec<Cow<'_, Binding>> = lasting.map(Cow::Borrowed).collect();
    match wish {
        Wish::Nothing => {}
        Wish::Everything => {
            bindings.iter().try_for_each(|binding| in_order(binding, arrival))?;
            bindings.clear();
        }
        Wish::Contacts(contacts) => {
            for contact in contacts {
                apply(&mut bindings, contact, contacts, arrival)?;
            }
        }
    }
    let most = usize::from(arrival.rules.devices);
    if bindings.len() > most {
        let devices: BTreeSet<&str> = bindings.iter().map(|binding| binding.device()).collect();
        let before: BTreeSet<&str> = known.iter().map(Binding::device).collect();
        if devices.len() > most && devices.len() > before.len() {
            return Err(No::TooManyDevices(arrival.rules.devices));
        }
    }
    Ok(bindings.into_iter().map(Cow::into_owned).collect())
}

fn apply<'b>(
    bindings: &mut Vec<Cow<'b, Binding>>,
    contact: &Contact<'_>,
    beside: &[Contact<'_>],
    arrival: &Arrival<'_>,
) -> Result<(), No> {
    let (mut order, mut registered, mut before) = (Ok(()), None, None);
    bindings.retain(|binding| {
        if !is_replaced(binding, contact, beside, arrival) {
            return true;
        }
        if order.is_ok() {
            order = in_order(binding, arrival);
        }
        registered =
            Some(registered.map_or(binding.registered, |first: WallTime| first.min(binding.registered)));
        // What this REGISTER itself has put there says nothing that could be shared.
        if let Cow::Borrowed(known) = binding {
            before = Some(*known);
        }
        false
    });
    order?;
    if contact.lasts.is_zero() {
        return Ok(());
    }
    if contact.uri.scheme == Scheme::Sips && !arrival.source.transport.is_sealed() {
        return Err(No::Bad("a sips Contact is registered by TLS or WSS"));
    }
    let flows = if contact.flow_number.is_some() { Flows::Kept } else { Flows::AsTheyAre };
    let reach = match arrival.hops {
        _ if !arrival.path.is_empty() => Reach::ByPath,
        Hops::Nobody => Reach::of(&contact.uri, arrival.source, arrival.listeners, flows),
        Hops::Proxies => Reach::beyond(&contact.uri, arrival.source, arrival.listeners),
    };
    bindings.push(Cow::Owned(Binding {
        contact: same_or_new(&contact.text, before.map(|before| &before.contact)),
        instance: contact.instance.map(Box::from),
        flow_number: contact.flow_number,
        priority: contact.priority,
        call_id: same_or_new(arrival.call_id, before.map(|before| &before.call_id)),
        cseq: arrival.cseq,
        registered: registered.unwrap_or(arrival.wall),
        until: arrival.now + contact.lasts,
        path: arrival.path.clone(),
        source: arrival.source,
        agent: arrival.agent.map(|agent| same_or_new(agent, before.and_then(|before| before.agent.as_ref()))),
        features: contact.features.as_deref().map(Box::from),
        reach,
        naming: None,
        bell: bell_of(contact, arrival),
    }));
    Ok(())
}

/// A device that registers again says what it said before: that is not made anew.
pub(crate) fn same_or_new(text: &str, known: Option<&Arc<str>>) -> Arc<str> {
    known.filter(|known| ***known == *text).map_or_else(|| Arc::from(text), Arc::clone)
}

/// How its phone is woken, where it sleeps and we can.
fn bell_of(contact: &Contact<'_>, arrival: &Arrival<'_>) -> Option<Box<Bell>> {
    let Asks::ToBeWoken(said) = &contact.asks else { return None };
    let waking = arrival.rules.waking_by(said.provider)?;
    Some(Box::new(Bell::new(&waking.provider, said, (arrival.now, contact.lasts))))
}

/// A later request of the same phone was seen: this one came late.
fn in_order(binding: &Binding, arrival: &Arrival<'_>) -> Result<(), No> {
    let is_late = *binding.call_id == *arrival.call_id && arrival.cseq <= binding.cseq;
    if is_late { Err(No::OutOfOrder) } else { Ok(()) }
}

/// Whether a contact takes the place of a binding: of the same flow of the same device, or of the same URI.
fn is_replaced(
    binding: &Binding,
    contact: &Contact<'_>,
    beside: &[Contact<'_>],
    arrival: &Arrival<'_>,
) -> bool {
    // Nearly all say again what they said before.
    let is_same = |contact: &Contact<'_>| {
        *binding.contact == *contact.uri.as_str()
            || Uri::parse(&binding.contact).is_ok_and(|uri| uri.matches(&contact.uri))
    };
    let is_device = binding.instance.is_some() && binding.instance.as_deref() == contact.instance;
    if is_device && contact.flow_number.is_some() {
        return binding.flow_number == contact.flow_number || binding.flow_number.is_none();
    }
    if is_same(contact) {
        // Two devices may say the same of themselves from behind their NATs.
        return binding.instance.is_none() || contact.instance.is_none() || is_device;
    }
    // Whoever is woken by the same token is the same, wherever it is now (RFC 8599 5.3).
    if let (Some(bell), Asks::ToBeWoken(said)) = (&binding.bell, &contact.asks)
        && bell.is_same(said)
        && !beside.iter().any(is_same)
    {
        return true;
    }
    // A device that moved, or began anew, and forgot where it was.
    is_device
        && binding.flow_number.is_none()
        && binding.source.transport == arrival.source.transport
        && !beside.iter().any(is_same)
}
