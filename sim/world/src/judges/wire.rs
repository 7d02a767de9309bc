//! Every message that the house sends, held against the rules of RFC 3261, 3262, 3264, 4028, 4320.

mod duties;
mod reliable;
mod sessions;

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Instant;

use actors::{Note, Profile};
use policy::Policy;
use sdp::Session;
use sip_message::{Header, Message, Method, Start};
use sip_stack::Transport;

use crate::sight::Sight;
use duties::Duties;
use reliable::Reliable;
use sessions::Sessions;

/// The dialog that a request belongs to, as its sender names it.
type Thread = (String, String, Option<String>);

#[derive(Default)]
pub(crate) struct Wire {
    far_ends: BTreeMap<IpAddr, String>,
    /// The highest CSeq of the house in each dialog.
    sequences: BTreeMap<Thread, (u32, bool)>,
    /// Requests of the house; whatever is sent again under a branch is a copy.
    branches: BTreeSet<String>,
    duties: Duties,
    reliable: Reliable,
    sessions: Sessions,
    policies: Vec<Arc<Policy>>,
    faults: Vec<String>,
}

impl Wire {
    pub(crate) fn meet(&mut self, profile: &Profile) {
        self.far_ends.insert(profile.sip.ip(), profile.name.clone());
    }

    pub(crate) fn see(&mut self, sight: &Sight<'_>) {
        match sight {
            Sight::HouseSent { at, transport, to, bytes } => self.sent(*at, *transport, *to, bytes),
            Sight::HouseReceived { at, bytes, .. } => {
                if let Ok(message) = Message::parse(bytes) {
                    self.duties.received(*at, &message);
                    self.reliable.received(&message);
                    self.sessions.received(&message);
                }
            }
            Sight::Noted { actor, noted, .. } => {
                if let Note::Wrong { what } = &noted.what {
                    self.faults.push(format!("{actor} says: {what}"));
                }
            }
            Sight::Adopted { policy } => self.policies.push(Arc::clone(policy)),
            Sight::Kept { .. } | Sight::Told { .. } => {}
        }
    }

    pub(crate) fn finish(&mut self) -> Vec<String> {
        let mut faults = std::mem::take(&mut self.faults);
        faults.extend(self.duties.finish());
        faults
    }

    fn sent(&mut self, at: Instant, transport: Transport, to: SocketAddr, bytes: &[u8]) {
        let message = match Message::parse(bytes) {
            Ok(message) => message,
            Err(error) => {
                let text = String::from_utf8_lossy(bytes);
                return self.faults.push(format!("unreadable ({error}) to {to}: {text}"));
            }
        };
        let mut found = Vec::new();
        self.check_length(transport, &message, &mut found);
        self.check_leaks(to, &message, &mut found);
        match message.start() {
            Start::Request { method, .. } => {
                check_sips(transport, &message, &mut found);
                self.check_request(method, &message, &mut found);
                self.duties.house_requested(at, method, &message, &mut found);
                self.reliable.house_requested(&message, &mut found);
                sessions::check_request(&message, &mut found);
            }
            Start::Response { status, .. } => {
                check_response(status, &message, &mut found);
                if !self.reliable.is_settled(&message) {
                    check_session(status, &message, &mut found);
                }
                self.reliable.house_answered(status, &message, &mut found);
                self.duties.house_answered(status, &message, &mut found);
                self.sessions.check_answer(status, &message, &mut found);
            }
        }
        let head = format!("{} of {} to {to}", message.start_line().trim(), message.call_id());
        self.faults.extend(found.into_iter().map(|words| format!("{head}: {words}")));
    }

    fn check_length(&self, transport: Transport, message: &Message<'_>, found: &mut Vec<String>) {
        let said = message.line(Header::ContentLength).and_then(|value| value.trim().parse::<usize>().ok());
        match said {
            Some(length) if length == message.body().len() => {}
            Some(length) => found.push(format!("Content-Length {length}, body {}", message.body().len())),
            None if transport == Transport::Udp && message.body().is_empty() => {}
            None => found.push("no Content-Length".to_owned()),
        }
    }

    /// No address of one leg in the other.
    fn check_leaks(&self, to: SocketAddr, message: &Message<'_>, found: &mut Vec<String>) {
        // Whoever registers is told of all devices of the same user (RFC 3261 10.3).
        if message.cseq().method == Method::Register {
            return;
        }
        let text = String::from_utf8_lossy(message.bytes());
        let headers = text.split("\r\n\r\n").next().unwrap_or_default();
        for (ip, name) in self.far_ends.iter().filter(|(ip, _)| **ip != to.ip()) {
            // Who may speak without us is told where, by a description alone.
            let is_let_out = self.policies.iter().any(|policy| policy.lets_speak(*ip, to.ip()));
            if names(if is_let_out { headers } else { &text }, &ip.to_string()) {
                found.push(format!("it names the address {ip} of {name}"));
            }
        }
    }

    fn check_request(&mut self, method: Method<'_>, message: &Message<'_>, found: &mut Vec<String>) {
        if message.max_forwards().ok().flatten().is_none() {
            found.push("no Max-Forwards".to_owned());
        }
        if message.from().tag().is_none() {
            found.push("no From tag".to_owned());
        }
        let branch = message.via().branch().unwrap_or_default();
        if !branch.starts_with("z9hG4bK") {
            found.push("no branch with the cookie".to_owned());
        }
        if matches!(method, Method::Invite | Method::Update) && message.contacts().count() != 1 {
            found.push("not one Contact".to_owned());
        }
        if matches!(method, Method::Ack | Method::Cancel) {
            return;
        }
        let tag = |tag: Option<&str>| tag.map(str::to_owned);
        let from = tag(message.from().tag()).unwrap_or_default();
        let thread = (message.call_id().to_owned(), from, tag(message.to().tag()));
        let number = message.cseq().number;
        if !self.branches.insert(branch.to_owned()) {
            return;
        }
        // A copy of a 2xx may come when the call it opened is over and forgotten: it is hung up again.
        let is_bye = method == Method::Bye;
        if let Some((last, was_bye)) = self.sequences.insert(thread, (number, is_bye))
            && (number < last || number == last && !(is_bye && was_bye))
        {
            found.push(format!("CSeq {number} after {last}"));
        }
    }
}

/// What is sent to a `sips` address is sealed, and is answered to one (RFC 3261 8.1.1.8, 26.2.2).
fn check_sips(transport: Transport, message: &Message<'_>, found: &mut Vec<String>) {
    let is_sips = |uri: &str| uri.to_ascii_lowercase().starts_with("sips:");
    if !message.request_uri().is_some_and(is_sips) {
        return;
    }
    if !matches!(transport, Transport::Tls | Transport::Wss) {
        found.push(format!("a sips address is sent to by {transport}"));
    }
    if message.contact().and_then(Result::ok).is_some_and(|own| !is_sips(own.uri)) {
        found.push("its Contact is no sips address".to_owned());
    }
}

fn check_response(status: u16, message: &Message<'_>, found: &mut Vec<String>) {
    let method = message.cseq().method;
    if status > 100 && message.to().tag().is_none() {
        found.push("no To tag".to_owned());
    }
    if status == 408 && method != Method::Invite {
        found.push("408 to a request that isn't INVITE (RFC 4320)".to_owned());
    }
    let owed = match status {
        405 => Some(Header::Allow),
        422 if method == Method::Update => Some(Header::MinSe),
        489 if method != Method::Invite => Some(Header::AllowEvents),
        _ => None,
    };
    if let Some(header) = owed.filter(|header| message.line(*header).is_none()) {
        found.push(format!("{status} without {header}"));
    }
    let is_accepted = (200..300).contains(&status) && method == Method::Invite;
    if is_accepted && message.contacts().count() != 1 {
        found.push("not one Contact".to_owned());
    }
}

fn check_session(status: u16, message: &Message<'_>, found: &mut Vec<String>) {
    let is_accepted = (200..300).contains(&status) && message.cseq().method == Method::Invite;
    if is_accepted && Session::parse(message.body()).is_err() {
        found.push("accepted without a session".to_owned());
    }
}

/// Whether an address stands in a text, and not as a part of a longer one.
fn names(text: &str, address: &str) -> bool {
    text.match_indices(address).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let mut after = text[at + address.len()..].chars();
        let next = after.next();
        let continues = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
        let longer = next == Some('.') && continues(after.next());
        !continues(before) && before != Some('.') && !continues(next) && !longer
    })
}
