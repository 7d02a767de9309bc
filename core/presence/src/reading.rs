//! What a SUBSCRIBE or a PUBLISH wants, in our words.

use std::time::Duration;

use pidf::{PRESENCE_TYPE, Said};
use sip_message::{Header, Message};

use crate::document::{LISTS, PACKAGES, Package};
use crate::limits::{DOCUMENT_MAX, LEAST, MOST};
use crate::no::No;
use crate::publications::Wish;

/// What a SUBSCRIBE says.
#[derive(Debug)]
pub(crate) struct Asked<'m> {
    pub package: Package,
    /// The value that its NOTIFYs repeat, with the id if there is one (RFC 6665 8.2.1).
    pub event: String,
    /// Nothing: it is to be told once, or no more.
    pub lasts: Option<Duration>,
    /// Whom it is about, where it begins a subscription: the user part, and the whole URI.
    pub whom: Option<(&'m str, &'m str)>,
    /// Whether documents about several people are understood.
    pub knows_lists: bool,
}

pub(crate) fn subscribe<'m>(message: &Message<'m>) -> Result<Asked<'m>, No> {
    nothing_unknown(message, &[LISTS])?;
    let (name, id) = event(message).ok_or(No::UnknownEvent(PACKAGES))?;
    let package = Package::named(name).ok_or(No::UnknownEvent(PACKAGES))?;
    let lasts = lasts(message)?;
    let mut accepted = message.values(Header::Accept).peekable();
    let kind = package.content_type();
    if accepted.peek().is_some() && !accepted.any(|range| takes(range, kind)) {
        return Err(No::NotAcceptable(kind));
    }
    let event = id.map_or_else(|| name.to_owned(), |id| format!("{name};id={id}"));
    let knows_lists = [Header::Supported, Header::Require].iter().any(|one| message.has_token(*one, LISTS));
    Ok(Asked { package, event, lasts, whom: whom(message).ok(), knows_lists })
}

/// What a PUBLISH wants, and for how long.
pub(crate) fn publish<'m>(message: &Message<'m>) -> Result<(Wish<'m>, &'m str, Duration), No> {
    nothing_unknown(message, &[])?;
    let is_presence = event(message).is_some_and(|(name, _)| name == Package::Presence.name());
    if !is_presence {
        return Err(No::UnknownEvent(Package::Presence.name()));
    }
    let (named, _) = whom(message)?;
    let lasts = lasts(message)?;
    let body = message.body();
    if body.len() > DOCUMENT_MAX {
        return Err(No::TooLarge);
    }
    let wish = match (message.line(Header::SipIfMatch), body.is_empty(), lasts) {
        (Some(tag), _, None) => Wish::End(tag),
        (None, _, None) => return Err(No::Bad("a publication begins with a time to last")),
        (Some(tag), true, _) => Wish::Refresh(tag),
        (None, true, _) => return Err(No::Bad("a publication begins with a document")),
        (Some(tag), false, _) => Wish::Change(tag, document(message)?),
        (None, false, _) => Wish::Begin(document(message)?),
    };
    Ok((wish, named, lasts.unwrap_or_default()))
}

fn document(message: &Message<'_>) -> Result<Said, No> {
    if !is_of_type(message, PRESENCE_TYPE) {
        return Err(No::WrongType);
    }
    Said::read(message.body()).map_err(|_| No::Bad("its body is no presence document"))
}

pub(crate) fn is_of_type(message: &Message<'_>, wanted: &str) -> bool {
    let kind = message.content_type();
    kind.is_some_and(|kind| wanted.eq_ignore_ascii_case(&format!("{}/{}", kind.kind, kind.subtype)))
}

/// The name of the package, and the id of the subscription.
pub(crate) fn event<'m>(message: &Message<'m>) -> Option<(&'m str, Option<&'m str>)> {
    let mut parts = message.line(Header::Event)?.split(';').map(str::trim);
    let name = parts.next()?;
    let id = parts.filter_map(|part| part.split_once('=')).find(|(name, _)| name.trim() == "id");
    Some((name, id.map(|(_, id)| id.trim()).filter(|id| !id.is_empty())))
}

fn lasts(message: &Message<'_>) -> Result<Option<Duration>, No> {
    match message.expires() {
        Err(_) => Err(No::Bad("its Expires is no number")),
        Ok(Some(0)) => Ok(None),
        Ok(Some(seconds)) if Duration::from_secs(u64::from(seconds)) < LEAST => Err(No::TooBrief),
        Ok(Some(seconds)) => Ok(Some(Duration::from_secs(u64::from(seconds)).min(MOST))),
        Ok(None) => Ok(Some(MOST)),
    }
}

fn takes(range: &str, kind: &str) -> bool {
    let range = range.split(';').next().unwrap_or_default().trim();
    let of_all = kind.split('/').next().is_some_and(|main| {
        range.strip_suffix("/*").is_some_and(|wanted| wanted == "*" || wanted.eq_ignore_ascii_case(main))
    });
    of_all || range.eq_ignore_ascii_case(kind)
}

fn whom<'m>(message: &Message<'m>) -> Result<(&'m str, &'m str), No> {
    let user = message.uri().and_then(|uri| uri.user());
    let uri = message.request_uri().unwrap_or_default();
    let bare = uri.split([';', '?']).next().unwrap_or_default();
    Ok((user.ok_or(No::Nobody)?, bare))
}

fn nothing_unknown(message: &Message<'_>, known: &[&str]) -> Result<(), No> {
    let is_unknown = |tag: &&str| !tag.is_empty() && !known.iter().any(|one| one.eq_ignore_ascii_case(tag));
    let required: Vec<&str> = message.values(Header::Require).filter(is_unknown).collect();
    if required.is_empty() { Ok(()) } else { Err(No::Unknown(required.join(", "))) }
}
