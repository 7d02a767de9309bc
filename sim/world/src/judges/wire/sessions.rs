//! Session timers on the wire (RFC 4028).

use std::collections::BTreeMap;

use sip_message::{Header, Message, Method};

/// The shortest interval that anybody may ask for.
const SHORTEST: u32 = 90;

/// What requests to the house say of session timers, by branch.
#[derive(Default)]
pub(crate) struct Sessions(BTreeMap<String, Asked>);

struct Asked {
    knows: bool,
    interval: Option<u32>,
}

impl Sessions {
    pub(crate) fn received(&mut self, message: &Message<'_>) {
        if let Some(Method::Invite | Method::Update) = message.method() {
            let knows =
                message.has_token(Header::Supported, "timer") || message.has_token(Header::Require, "timer");
            let asked = Asked { knows, interval: interval_of(message) };
            self.0.insert(message.via().branch().unwrap_or_default().to_owned(), asked);
        }
    }

    /// What the house agrees to (RFC 4028, 9).
    pub(crate) fn check_answer(&self, status: u16, message: &Message<'_>, found: &mut Vec<String>) {
        let Some(interval) = interval_of(message).filter(|_| (200..300).contains(&status)) else { return };
        let Some(asked) = self.0.get(message.via().branch().unwrap_or_default()) else { return };
        let value = message.line(Header::SessionExpires).unwrap_or_default();
        let (by_them, by_us) = (value.contains("refresher=uac"), value.contains("refresher=uas"));
        if by_them == by_us {
            found.push("a session timer without one refresher".to_owned());
        }
        if by_them && !asked.knows {
            found.push("a far end without session timers is to refresh".to_owned());
        }
        if by_them && !message.has_token(Header::Require, "timer") {
            found.push("the far end is to refresh, and nothing requires it".to_owned());
        }
        if asked.interval.is_some_and(|asked| interval > asked) {
            found.push(format!("a longer interval than asked for: {interval}"));
        }
    }
}

/// What the house asks for (RFC 4028, 7.1).
pub(crate) fn check_request(message: &Message<'_>, found: &mut Vec<String>) {
    let Some(interval) = interval_of(message) else { return };
    let least = message.line(Header::MinSe).and_then(|value| value.trim().parse().ok());
    if interval < least.unwrap_or(SHORTEST).max(SHORTEST) {
        found.push(format!("an interval of {interval} s is below the least of {least:?}"));
    }
    if !message.has_token(Header::Supported, "timer") {
        found.push("Session-Expires, and timer isn't supported".to_owned());
    }
}

fn interval_of(message: &Message<'_>) -> Option<u32> {
    message.line(Header::SessionExpires)?.split(';').next()?.trim().parse().ok()
}
