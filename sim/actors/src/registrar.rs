//! A provider's registrar: who is where, for how long, and proven by what. Written from RFC 3261 10, RFC 6140
//! and RFC 3608.

use std::time::{Duration, Instant};

use sip_message::{Header, Message, Uri};

use crate::actor::Actor;
use crate::answering::Path;
use crate::bindings::Binding;
use crate::digest;
use crate::exchange::{ActorOut, LegId, Note, Noted};
use crate::profile::Habit;
use crate::writing::Response;

/// How long a binding is granted where nobody asks.
const USUAL: u32 = 3600;

type Headers = Vec<(&'static str, String)>;

impl Actor {
    /// The bindings that it remembers, dead ones included.
    pub fn bindings(&self) -> &[Binding] {
        &self.registrar.bindings
    }

    pub(crate) fn asked_to_register(
        &mut self,
        now: Instant,
        path: Path,
        message: &Message<'_>,
        out: &mut ActorOut,
    ) {
        let (status, headers) = self.register(now, message);
        let contact = message.line(Header::Contact).unwrap_or_default().to_owned();
        let requires = message.values(Header::Require).collect::<Vec<_>>().join(",");
        let what = Note::Registering { contact, requires, at: now, status };
        out.notes.push(Noted { leg: LegId(0), call_id: message.call_id().to_owned(), what });
        let headers: Vec<(&str, &str)> =
            headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let answer = Response { status, headers: &headers, to_tag: Some("registrar"), ..Response::default() };
        self.serve(now, path, message, &answer, out);
    }

    fn register(&mut self, now: Instant, message: &Message<'_>) -> (u16, Headers) {
        for habit in &self.profile.habits {
            match habit {
                Habit::RegistersNobody(status) => {
                    return (*status, vec![("Warning", "399 registrar \"not today\"".to_owned())]);
                }
                Habit::BidsWait(seconds) => return (503, vec![("Retry-After", seconds.to_string())]),
                _ => {}
            }
        }
        let Some(contact) = message.contact().and_then(Result::ok) else { return (400, Headers::new()) };
        if let Some(refusal) = self.check_manner(message, contact.uri) {
            return refusal;
        }
        if let Some(challenge) = self.challenge_of(message) {
            return (401, vec![("WWW-Authenticate", challenge)]);
        }
        let asked = contact.param("expires").flatten().and_then(|said| said.parse().ok());
        let seconds = asked.or(message.expires().ok().flatten()).unwrap_or(USUAL);
        let least = self.profile.habits.iter().find_map(|habit| match habit {
            Habit::RegistersForAtLeast(least) => Some(*least),
            _ => None,
        });
        if let Some(least) = least.filter(|least| (1..*least).contains(&seconds)) {
            return (423, vec![("Min-Expires", least.to_string())]);
        }
        (200, self.bind(now, message, contact.uri, seconds))
    }

    /// Many numbers are registered in the manner of RFC 6140 (5.1, 5.3), or not at all.
    fn check_manner(&self, message: &Message<'_>, contact: &str) -> Option<(u16, Headers)> {
        let requires = message.has_token(Header::Require, "gin");
        if !self.profile.has(Habit::WantsGin) {
            return requires.then(|| (420, vec![("Unsupported", "gin".to_owned())]));
        }
        let uri = Uri::parse(contact).ok()?;
        let is_bulk = uri.user().is_none() && uri.param("bnc").is_some() && uri.param("user").is_none();
        let is_right = requires
            && message.has_token(Header::ProxyRequire, "gin")
            && message.has_token(Header::Supported, "path")
            && is_bulk
            && message.contacts().count() == 1;
        (!is_right).then(|| (421, vec![("Require", "gin".to_owned())]))
    }

    /// What it wants proven, unless it was. Each nonce wears out where that is its habit.
    fn challenge_of(&mut self, message: &Message<'_>) -> Option<String> {
        let values: Vec<&str> = message
            .lines()
            .filter(|line| line.header == Header::Authorization)
            .map(|line| line.value)
            .collect();
        let accounts = &self.profile.accounts;
        let proves = |nonce: &String| {
            let by =
                |value: &&str| accounts.iter().any(|who| digest::is_proof(value, who, "REGISTER", nonce));
            values.iter().any(by)
        };
        if self.registrar.nonce.as_ref().is_some_and(proves) {
            return None;
        }
        let stale = if self.registrar.worn.iter().any(proves) { ", stale=true" } else { "" };
        let nonce = match &self.registrar.nonce {
            Some(nonce) => nonce.clone(),
            None => self.chance.text(),
        };
        self.registrar.nonce = Some(nonce.clone());
        let realm = &self.profile.name;
        Some(format!("Digest realm=\"{realm}\", nonce=\"{nonce}\", algorithm=SHA-256, qop=\"auth\"{stale}"))
    }

    fn bind(&mut self, now: Instant, message: &Message<'_>, contact: &str, seconds: u32) -> Headers {
        let mut headers = Headers::new();
        let names_next = self.profile.has(Habit::NamesNextNonce);
        if names_next || self.profile.has(Habit::NoncesWearOut) {
            self.registrar.worn.extend(self.registrar.nonce.take());
        }
        if names_next {
            let next = self.chance.text();
            headers.push(("Authentication-Info", format!("nextnonce=\"{next}\"")));
            self.registrar.nonce = Some(next);
        }
        let to = Uri::parse(message.to().uri).ok();
        let account = to.and_then(|uri| uri.user()).unwrap_or_default().to_owned();
        let is_it = |one: &Binding| one.account == account && one.contact == contact;
        self.registrar.bindings.retain(|one| !is_it(one));
        if seconds > 0 {
            let until = now + Duration::from_secs(u64::from(seconds));
            self.registrar.bindings.push(Binding {
                account: account.clone(),
                contact: contact.to_owned(),
                until,
            });
            headers.push(("Contact", format!("<{contact}>;expires={seconds}")));
        }
        for habit in &self.profile.habits {
            if let Habit::GivesServiceRoute(to) = habit {
                headers.push(("Service-Route", format!("<sip:{to};lr>")));
                headers.push(("P-Associated-URI", format!("<sip:{account}-too@{}>", self.profile.domain)));
            }
        }
        headers
    }

    /// Where a call to a number of an account goes: Request-URI and To.
    pub(crate) fn way_to(&self, now: Instant, account: &str, number: &str) -> Option<(String, String)> {
        let is_alive = |one: &&Binding| one.account == account && one.until > now;
        let binding = self.registrar.bindings.iter().rev().find(is_alive)?;
        let to = format!("sip:{number}@{}", self.profile.domain);
        if !binding.contact.contains(";bnc") {
            return Some((binding.contact.clone(), to));
        }
        let bare = binding.contact.replace(";bnc", "");
        Some((bare.replacen("sip:", &format!("sip:{number}@"), 1), to))
    }
}
