//! What a REGISTER asks of push services, and what it is told of them (RFC 8599 5.4, 5.6.1).

use std::sync::Arc;
use std::time::Duration;

use policy::{RegistrarRules, Waking};
use sip_message::{Header, Message};

use crate::bell::{Asks, without_tokens};
use crate::reading::{No, Wish};

/// A binding has to last until its phone was woken to renew it, and some time beyond.
const LEAST: Duration = Duration::from_secs(180);
/// A phone that wakes itself does so this long before the end: more than the 120 s after which we do.
const BY_ITSELF_S: u32 = 150;

/// Whether others between us and the phone wake it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wakers {
    Us,
    Others,
}

/// Decides who is woken by whom, and takes out of contacts what is nobody else's business. What is left of
/// their wishes is ours to fulfil.
pub(crate) fn judge(wish: &mut Wish<'_>, message: &Message<'_>, rules: &RegistrarRules) -> Result<(), No> {
    let Wish::Contacts(contacts) = wish else { return Ok(()) };
    // Whoever does it needs what stands there in each request.
    if wakers(message) == Wakers::Others {
        contacts.iter_mut().for_each(|contact| contact.asks = Asks::Nothing);
        return Ok(());
    }
    for contact in contacts {
        contact.text = without_tokens(contact.whole);
        let is_known = match &contact.asks {
            Asks::Nothing | Asks::WhichThereAre(None) => true,
            Asks::WhichThereAre(Some(provider)) => rules.waking_by(provider).is_some(),
            Asks::ToBeWoken(said) => rules.waking_by(said.provider).is_some(),
        };
        match &contact.asks {
            // Where nobody is woken a phone is what it was before it could be.
            _ if rules.waking.is_empty() => contact.asks = Asks::Nothing,
            // Who leaves is not kept for the wrong service.
            _ if !is_known && contact.lasts.is_zero() => contact.asks = Asks::Nothing,
            _ if !is_known => return Err(No::PushUnknown),
            Asks::ToBeWoken(_) if !contact.lasts.is_zero() => {
                let least = LEAST.min(rules.most);
                if contact.lasts < least {
                    return Err(No::TooBrief(least));
                }
            }
            _ => {}
        }
    }
    Ok(())
}

fn wakers(message: &Message<'_>) -> Wakers {
    let says = |value: &str| value.to_ascii_lowercase().contains("+sip.pns=");
    let others = message.lines_of(Header::FeatureCaps).any(says);
    if others { Wakers::Others } else { Wakers::Us }
}

/// The Feature-Caps of the 200: one field for each service.
pub(crate) fn capabilities(message: &Message<'_>, rules: &RegistrarRules) -> Vec<String> {
    if rules.waking.is_empty() || wakers(message) == Wakers::Others {
        return Vec::new();
    }
    let mut told: Vec<(&Arc<str>, String)> = Vec::new();
    for contact in message.contacts().filter_map(Result::ok) {
        let Ok(uri) = contact.parsed_uri() else { continue };
        let services: Vec<&Waking> = match Asks::of(&uri) {
            Asks::Nothing => continue,
            Asks::WhichThereAre(None) => rules.waking.iter().collect(),
            Asks::WhichThereAre(Some(provider)) => rules.waking_by(provider).into_iter().collect(),
            Asks::ToBeWoken(said) => rules.waking_by(said.provider).into_iter().collect(),
        };
        let wakes_itself = contact.param("+sip.pnsreg").is_some();
        let itself = if wakes_itself { format!(";+sip.pnsreg=\"{BY_ITSELF_S}\"") } else { String::new() };
        for Waking { provider, .. } in services {
            if told.iter().all(|(known, _)| *known != provider) {
                told.push((provider, format!("*;+sip.pns=\"{provider}\"{itself}")));
            }
        }
    }
    told.into_iter().map(|(_, text)| text).collect()
}
