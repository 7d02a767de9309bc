//! What a MESSAGE says, in our words.

use std::time::Duration;

use sip_message::{Header, Message};

use crate::limits::{BODY_MAX, MOST};
use crate::no::No;

/// Somebody is typing (RFC 3994).
const TYPING: &str = "application/im-iscomposing+xml";

/// A message before anybody has looked for its receiver.
#[derive(Debug)]
pub(crate) struct Said<'m> {
    /// Whom it is for, and the user part of that.
    pub uri: &'m str,
    pub named: &'m str,
    /// Whether it is for one device of theirs (RFC 5627).
    pub is_for_a_device: bool,
    pub kind: &'m str,
    pub body: &'m str,
    pub lasts: Duration,
    /// Whether it is worth nothing later.
    pub is_fleeting: bool,
}

pub(crate) fn message<'m>(message: &Message<'m>) -> Result<Said<'m>, No> {
    let required: Vec<&str> = message.values(Header::Require).filter(|tag| !tag.is_empty()).collect();
    if !required.is_empty() {
        return Err(No::Unknown(required.join(", ")));
    }
    let named = message.uri().and_then(|uri| uri.user()).ok_or(No::Nobody)?;
    let body = message.body();
    if body.len() > BODY_MAX {
        return Err(No::TooLarge);
    }
    let kind = match message.line(Header::ContentType) {
        Some(kind) => kind,
        None if body.is_empty() => "text/plain",
        None => return Err(No::Bad("a message says of what type it is")),
    };
    let lasts = match message.expires() {
        Err(_) => return Err(No::Bad("its Expires is no number")),
        Ok(None) => MOST,
        Ok(Some(seconds)) => Duration::from_secs(u64::from(seconds)).min(MOST),
    };
    let of_type = kind.split(';').next().unwrap_or_default().trim();
    Ok(Said {
        uri: message.request_uri().unwrap_or_default(),
        named,
        is_for_a_device: message.uri().is_some_and(|uri| uri.param("gr").is_some()),
        kind,
        body: std::str::from_utf8(body).map_err(|_| No::NotText)?,
        lasts,
        is_fleeting: of_type.eq_ignore_ascii_case(TYPING) || lasts.is_zero(),
    })
}
