//! The keys of consoles: each subscribes to one user's dialogs (RFC 6665 4.1, RFC 4235) and shows them.

use std::time::Instant;

use sip_message::{Header, Message, Method};

use super::plan::{CrowdPlan, PASSWORD};
use super::repeats::Repeated;
use super::truth::{Lamp, Verdict};
use super::{Crowd, Leaving, Seat};
use crate::digest;
use crate::exchange::Transport;
use crate::profile::Credentials;
use crate::writing::{Request, Response};

/// One key.
#[derive(Debug)]
pub(crate) struct Key {
    pub desk: usize,
    pub user: usize,
    cseq: u32,
    is_confirmed: bool,
    /// The CSeq of the last NOTIFY, and the version that it showed.
    heard: Option<u32>,
    version: Option<u32>,
    /// How far the lamp has come on the way of the truth.
    come: usize,
    shows: Option<Lamp>,
}

impl Key {
    pub fn all(plan: &CrowdPlan) -> Vec<Key> {
        let of = |desk: usize| (0..plan.keys).map(move |key| (desk, key));
        let pairs = (0..plan.desks).flat_map(of);
        let key = |(desk, key)| Key {
            desk,
            user: plan.watched(desk, key),
            cseq: 0,
            is_confirmed: false,
            heard: None,
            version: None,
            come: 0,
            shows: None,
        };
        pairs.map(key).collect()
    }

    pub fn is_lit(&self) -> bool {
        self.is_confirmed && self.shows.is_some()
    }

    /// Whether it shows what is so.
    pub fn judge(&self, at: usize, truth: Lamp, verdict: &mut Verdict) {
        verdict.subscriptions += usize::from(self.is_lit());
        if self.shows != Some(truth) {
            verdict.object(format!("key {at} of u{} shows {:?}: it is {truth:?}", self.user, self.shows));
        }
    }
}

impl Crowd {
    pub(crate) fn subscribe(
        &mut self,
        now: Instant,
        at: usize,
        proof: Option<String>,
        out: &mut Vec<Leaving>,
    ) {
        let key = &mut self.keys[at];
        key.cseq += 1;
        let (house, consoles, desk) = (self.plan.house, self.plan.consoles, key.desk);
        let uri = format!("sip:u{}@{house}", key.user);
        let mut headers =
            vec![("Event".to_owned(), "dialog".to_owned()), ("Expires".to_owned(), "3600".to_owned())];
        headers.extend(proof.map(|proof| ("Authorization".to_owned(), proof)));
        let bytes = Request {
            method: "SUBSCRIBE",
            uri: &uri,
            transport: Transport::Udp,
            sent_by: consoles,
            branch: &format!("z9hG4bKk{at}-{}", key.cseq),
            routes: &[],
            from: &format!("<sip:desk{desk}@{house}>;tag=k{at}"),
            to: &format!("<{uri}>"),
            call_id: &format!("k{at}@crowd"),
            cseq: key.cseq,
            contact: &format!("<sip:desk{desk}@{consoles}>"),
            headers: &headers,
            body: None,
        }
        .print();
        self.insist(now, Repeated::Subscribe(at), (Seat::Consoles, bytes), out);
    }

    pub(crate) fn console_hears(&mut self, now: Instant, message: &Message<'_>, out: &mut Vec<Leaving>) {
        let number = message.call_id().strip_prefix('k').and_then(|rest| rest.split('@').next());
        let at = number.and_then(|number| number.parse::<usize>().ok());
        let Some(at) = at.filter(|at| *at < self.keys.len()) else {
            return self.truth.object(format!("nobody asked: {}", message.start_line()));
        };
        match message.method() {
            Some(Method::Notify) => self.notified(now, at, message, out),
            Some(_) => self.truth.object(format!("a console got {}", message.start_line())),
            None => self.subscribed(now, at, message, out),
        }
    }

    fn subscribed(&mut self, now: Instant, at: usize, message: &Message<'_>, out: &mut Vec<Leaving>) {
        let key = &mut self.keys[at];
        if message.cseq().number != key.cseq || key.is_confirmed {
            return;
        }
        match message.status().unwrap_or_default() {
            ..=199 => {}
            200 => {
                key.is_confirmed = true;
                self.repeats.settle(Repeated::Subscribe(at));
            }
            401 if key.cseq == 1 => {
                let who = Credentials { user: format!("desk{}", key.desk), password: PASSWORD.to_owned() };
                let uri = format!("sip:u{}@{}", key.user, self.plan.house);
                let proof = digest::proof(message, &who, ("SUBSCRIBE", &uri), &format!("{at:x}"));
                self.subscribe(now, at, proof, out);
            }
            status => {
                self.repeats.settle(Repeated::Subscribe(at));
                self.truth.object(format!("key {at} was refused with {status}"));
            }
        }
    }

    fn notified(&mut self, now: Instant, at: usize, message: &Message<'_>, out: &mut Vec<Leaving>) {
        out.push((Seat::Consoles, Response { status: 200, ..Response::default() }.print(message)));
        let key = &mut self.keys[at];
        let cseq = message.cseq().number;
        // A copy: it was read already.
        if key.heard.is_some_and(|last| cseq <= last) {
            return;
        }
        key.heard = Some(cseq);
        let body = String::from_utf8_lossy(message.body());
        let (version, lamp) = (version_of(&body), lamp_of(&body));
        let state = message.line(Header::SubscriptionState).unwrap_or_default();
        let is_older = key.version.is_some_and(|last| version.is_none_or(|version| version <= last));
        key.version = version.or(key.version);
        let Some(lamp) = lamp.filter(|_| !is_older && state.starts_with("active")) else {
            return self.truth.object(format!("key {at} was told {state}: {body}"));
        };
        key.shows = Some(lamp);
        match self.truth.shown(now, key.user, key.come, lamp) {
            Some(come) => key.come = come,
            None => self.truth.object(format!("key {at} shows {lamp:?}, which is long over")),
        }
    }
}

/// What a document shows; nothing, where it says what one phone cannot do.
fn lamp_of(body: &str) -> Option<Lamp> {
    let mut states = body.split("<state>").skip(1).filter_map(|rest| rest.split('<').next());
    let lamp = match states.next() {
        None if body.contains("<dialog-info") => Lamp::Dark,
        Some("trying") => Lamp::Trying,
        Some("early") => Lamp::Early,
        Some("confirmed") => Lamp::Confirmed,
        _ => return None,
    };
    states.next().is_none().then_some(lamp)
}

fn version_of(body: &str) -> Option<u32> {
    let (_, rest) = body.split_once("<dialog-info")?.1.split_once("version=\"")?;
    rest.split('"').next()?.parse().ok()
}
