//! What a SUBSCRIBE or a PUBLISH wants, in our words.

use std::time::Duration;

use pidf::{CHANGES_TYPE, FILTERS_TYPE, Filters, PRESENCE_TYPE, Said, Unfit};
use sip_message::{Header, Message};

use crate::document::{LISTS, PACKAGES, Package};
use crate::holding::Style;
use crate::limits::{DOCUMENT_MAX, FILTERS_MAX, LEAST, MOST};
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
    pub style: Style,
    /// What it says of its filters.
    pub filters: Option<&'m [u8]>,
}

impl Asked<'_> {
    /// The filters that hold from now on, where these held before: they stay until others are said.
    pub fn filters_after(&self, before: &Filters) -> Result<Filters, No> {
        let Some(said) = self.filters else { return Ok(before.clone()) };
        before.with(said).map_err(|unfit| match unfit {
            Unfit::Broken(_) => No::Bad("its filters are no XML"),
            Unfit::Unknown(words) => No::Unfit(words),
        })
    }
}

pub(crate) fn subscribe<'m>(message: &Message<'m>) -> Result<Asked<'m>, No> {
    nothing_unknown(message, &[LISTS])?;
    let (name, id) = event(message).ok_or(No::UnknownEvent(PACKAGES))?;
    let package = Package::named(name).ok_or(No::UnknownEvent(PACKAGES))?;
    let lasts = lasts(message)?;
    let mut accepted = message.values(Header::Accept).peekable();
    let (kind, style) = (package.content_type(), style(message, package));
    if accepted.peek().is_some() && style == Style::Whole && !accepted.any(|range| takes(range, kind)) {
        return Err(No::NotAcceptable(kind));
    }
    let filters = filters(message, package)?;
    let event = id.map_or_else(|| name.to_owned(), |id| format!("{name};id={id}"));
    let knows_lists = [Header::Supported, Header::Require].iter().any(|one| message.has_token(*one, LISTS));
    Ok(Asked { package, event, lasts, whom: whom(message).ok(), knows_lists, style, filters })
}

/// Changes for whoever names them, and likes them no less than whole documents (RFC 5263).
fn style(message: &Message<'_>, package: Package) -> Style {
    let liked = |wanted: &str| {
        let named = message.values(Header::Accept).filter(|range| is_range(range, wanted));
        named.map(weight).max()
    };
    match liked(CHANGES_TYPE) {
        Some(weight) if package == Package::Presence && weight > 0 => {
            if weight >= liked(PRESENCE_TYPE).unwrap_or_default() { Style::Changes } else { Style::Whole }
        }
        _ => Style::Whole,
    }
}

/// In thousandths, as RFC 3261 20.1 has it from HTTP.
fn weight(range: &str) -> u16 {
    let said = range.split(';').skip(1).filter_map(|part| part.split_once('='));
    let mut said =
        said.filter(|(name, _)| name.trim().eq_ignore_ascii_case("q")).map(|(_, value)| value.trim());
    let Some((whole, rest)) = said.next().map(|value| value.split_once('.').unwrap_or((value, ""))) else {
        return 1_000;
    };
    match whole {
        "0" => format!("{rest:0<3}").get(..3).and_then(|digits| digits.parse().ok()).unwrap_or(0),
        _ => 1_000,
    }
}

fn is_range(range: &str, kind: &str) -> bool {
    range.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case(kind)
}

/// The filters that a body holds (RFC 4660); one that may be passed over is, if it is something else.
fn filters<'m>(message: &Message<'m>, package: Package) -> Result<Option<&'m [u8]>, No> {
    let body = message.body();
    if body.is_empty() {
        return Ok(None);
    }
    if !is_of_type(message, FILTERS_TYPE) {
        let handling = message.named("Content-Disposition").unwrap_or_default().to_ascii_lowercase();
        let is_optional = handling.split(';').any(|part| part.trim() == "handling=optional");
        return if is_optional { Ok(None) } else { Err(No::WrongType(FILTERS_TYPE)) };
    }
    if package != Package::Presence {
        return Err(No::Unfit("filters are for presence here"));
    }
    if body.len() > FILTERS_MAX { Err(No::TooLarge) } else { Ok(Some(body)) }
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
        return Err(No::WrongType(PRESENCE_TYPE));
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
    of_all || is_range(range, kind)
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
