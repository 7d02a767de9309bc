//! What an answer to a REGISTER says.

use std::sync::Arc;
use std::time::Duration;

use sip_message::{Header, Message, NameAddr, Uri};

use crate::watch::Contact;

/// What follows from an answer.
pub(crate) enum Reading {
    /// Not final.
    Wait,
    Bound(Binding),
    /// It wants a proof.
    Challenged,
    /// It remembers nobody for less than this.
    TooBrief(Duration),
    /// To be asked elsewhere.
    Moved(Arc<str>),
    /// Not now, or not here.
    Busy {
        why: Arc<str>,
        retry_after: Option<u32>,
    },
    /// Not at all.
    Refused {
        why: Arc<str>,
    },
}

/// What the registrar granted.
pub(crate) struct Binding {
    pub granted: Option<Duration>,
    pub routes: Vec<Box<str>>,
    pub path: Vec<Box<str>>,
    pub associated: Vec<Box<str>>,
}

pub(crate) fn read(message: &Message<'_>, contact: &Contact, host: &str) -> Reading {
    let status = message.status().unwrap_or_default();
    match status {
        ..=199 => Reading::Wait,
        200..=299 => Reading::Bound(binding(message, contact, host)),
        300..=399 => match moved_to(message) {
            Some(target) => Reading::Moved(target),
            None => Reading::Refused { why: words(message) },
        },
        401 | 407 => Reading::Challenged,
        423 => match message.number(Header::MinExpires) {
            Ok(Some(seconds)) => Reading::TooBrief(Duration::from_secs(u64::from(seconds))),
            Ok(None) | Err(_) => Reading::Refused { why: words(message) },
        },
        // Hosts that know the account but cannot serve it now.
        408 | 429 | 430 | 480 | 500..=599 => {
            Reading::Busy { why: words(message), retry_after: message.retry_after().ok().flatten() }
        }
        _ => Reading::Refused { why: words(message) },
    }
}

/// Status and phrase, and what the far end adds in Reason, Warning and the like.
pub(crate) fn words(message: &Message<'_>) -> Arc<str> {
    let status = message.status().unwrap_or_default();
    let phrase = message.start_line().trim().splitn(3, ' ').nth(2).unwrap_or_default().trim();
    let phrase = if phrase.is_empty() { sip_message::reason_phrase(status) } else { phrase };
    let mut words = format!("{status} {phrase}");
    for header in [Header::Warning, Header::Reason, Header::Unsupported, Header::RetryAfter] {
        if let Some(value) = message.line(header) {
            words.push_str(&format!(", {} {}", header.name(), value.trim()));
        }
    }
    if let Some(info) = message.line(Header::ErrorInfo) {
        words.push_str(&format!(", {}", info.trim()));
    }
    words.retain(|letter| !letter.is_control());
    words.into()
}

fn moved_to(message: &Message<'_>) -> Option<Arc<str>> {
    let contact = message.contact()?.ok()?;
    let uri = contact.parsed_uri().ok()?;
    uri.host()?;
    Some(contact.uri.into())
}

fn binding(message: &Message<'_>, contact: &Contact, host: &str) -> Binding {
    let of = |header: Header| message.values(header).map(Box::from).collect();
    let contacts = || message.contacts().filter_map(Result::ok);
    let ours = contacts().find(|one| is_ours(one, contact, host));
    // Some rewrite what we said: a single Contact is ours in any case.
    let ours = ours.or_else(|| contacts().next().filter(|_| contacts().count() == 1));
    let said = ours.and_then(|one| one.param("expires").flatten()?.parse().ok());
    let said: Option<u32> = said.or_else(|| message.expires().ok().flatten());
    Binding {
        granted: said.map(|seconds| Duration::from_secs(u64::from(seconds))),
        routes: of(Header::ServiceRoute),
        path: of(Header::Path),
        associated: associated(message),
    }
}

fn associated(message: &Message<'_>) -> Vec<Box<str>> {
    let lines = message.lines().filter(|line| line.name.eq_ignore_ascii_case("P-Associated-URI"));
    let values = lines.flat_map(|line| line.value.split(','));
    values.map(str::trim).filter(|value| !value.is_empty()).map(Box::from).collect()
}

fn is_ours(one: &NameAddr<'_>, contact: &Contact, host: &str) -> bool {
    let Ok(uri) = Uri::parse(one.uri) else { return false };
    match &contact.line {
        Some(line) => uri.param("line").flatten() == Some(line),
        None => uri.user() == contact.user.as_deref() && one.uri.contains(host),
    }
}
