//! The provider that calls, and the phones that ring: what each of them does was drawn when the call began.

use std::time::{Duration, Instant};

use sip_message::{Message, Method};

use super::plan::number;
use super::repeats::{CallId, Repeated};
use super::truth::Lamp;
use super::{Crowd, Doing, Leaving, Seat};
use crate::exchange::Transport;
use crate::writing::{Request, Response};

/// A phone is called again after this.
const REST: Duration = Duration::from_millis(300);
/// How long it rings, and how long one talks: at least, and so much more at the most.
const RINGS: (Duration, Duration) = (Duration::from_millis(200), Duration::from_millis(600));
const TALKS: (Duration, Duration) = (Duration::from_millis(500), Duration::from_millis(1000));
/// What comes before its time is done so much later.
const LATER: Duration = Duration::from_millis(50);

/// How a call ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    ProviderLeaves,
    PhoneLeaves,
    /// It rings in vain.
    Cancelled,
    Refused,
    /// It goes on beyond the verdict.
    Stays,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Placing,
    Up,
    Over,
}

/// One call, as the provider and the phone know it.
#[derive(Debug)]
pub(crate) struct Call {
    user: usize,
    fate: Fate,
    stage: Stage,
    /// The provider's To, and whom it asks within the dialog.
    to: Option<String>,
    target: String,
    /// The INVITE that the phone has, and its last answer.
    invite: Vec<u8>,
    answer: Vec<u8>,
}

impl Call {
    pub fn is_up(&self) -> bool {
        self.stage == Stage::Up
    }
}

impl Crowd {
    /// Calls somebody who is in no call; nobody, if all are.
    pub(crate) fn dial(&mut self, now: Instant, out: &mut Vec<Leaving>) {
        if self.idle.is_empty() {
            return;
        }
        let turn = self.chance.below(self.idle.len() as u64) as usize;
        let user = self.idle.swap_remove(turn);
        let fate = match self.chance.below(100) {
            0..50 => Fate::ProviderLeaves,
            50..70 => Fate::PhoneLeaves,
            70..85 => Fate::Cancelled,
            85..95 => Fate::Refused,
            _ => Fate::Stays,
        };
        let id = self.calls.len();
        let target = format!("sip:{}@{}", number(user), self.plan.house);
        let call = Call {
            user,
            fate,
            stage: Stage::Placing,
            to: None,
            target,
            invite: Vec::new(),
            answer: Vec::new(),
        };
        self.calls.push(call);
        self.busy.insert(user, id);
        self.truth.becomes(now, user, Lamp::Trying);
        let invite = self.provider_says(id, ("INVITE", 'i'), Some(&description(self.plan.provider)));
        self.insist(now, Repeated::Invite(id), (Seat::Provider, invite), out);
    }

    /// `within` tells transactions apart: a CANCEL and the ACK of a refusal are of the INVITE's.
    fn provider_says(&self, id: CallId, (method, within): (&str, char), body: Option<&str>) -> Vec<u8> {
        let (call, provider, house) = (&self.calls[id], self.plan.provider, self.plan.house);
        let fresh = format!("<sip:{}@{house}>", number(call.user));
        Request {
            method,
            uri: &call.target,
            transport: Transport::Udp,
            sent_by: provider,
            branch: &format!("z9hG4bK{within}{id}"),
            routes: &[],
            from: &format!("<sip:+12065550142@{provider}>;tag=p{id}"),
            to: if method == "CANCEL" { &fresh } else { call.to.as_deref().unwrap_or(&fresh) },
            call_id: &format!("c{id}@crowd"),
            cseq: if method == "BYE" { 2 } else { 1 },
            contact: &format!("<sip:{provider}>"),
            headers: &[],
            body: body.map(|body| ("application/sdp", body.as_bytes())),
        }
        .print()
    }

    pub(crate) fn provider_hears(&mut self, now: Instant, message: &Message<'_>, out: &mut Vec<Leaving>) {
        if let Some(method) = message.method() {
            if method != Method::Ack {
                out.push((Seat::Provider, Response { status: 200, ..Response::default() }.print(message)));
            }
            return;
        }
        let number = message.call_id().strip_prefix('c').and_then(|rest| rest.split('@').next());
        let id = number.and_then(|number| number.parse::<usize>().ok());
        let Some(id) = id.filter(|id| *id < self.calls.len()) else { return };
        let (status, method) = (message.status().unwrap_or_default(), message.cseq().method);
        match (status, method) {
            (100..=199, Method::Invite) => self.repeats.settle(Repeated::Invite(id)),
            (200..=299, Method::Invite) => {
                self.repeats.settle(Repeated::Invite(id));
                let call = &mut self.calls[id];
                call.to = message.lines().find(is_to).map(|to| to.value.to_owned());
                let contact = message.contact().and_then(Result::ok);
                call.target = contact.map_or_else(|| call.target.clone(), |contact| contact.uri.to_owned());
                if call.stage == Stage::Placing {
                    call.stage = Stage::Up;
                    let talks = TALKS.0 + self.chance.span_below(TALKS.1);
                    self.at(now + talks, Doing::End(id));
                }
                out.push((Seat::Provider, self.provider_says(id, ("ACK", 'a'), None)));
            }
            (300.., Method::Invite) => {
                self.repeats.settle(Repeated::Invite(id));
                let call = &mut self.calls[id];
                call.to = message.lines().find(is_to).map(|to| to.value.to_owned());
                if !matches!(call.fate, Fate::Cancelled | Fate::Refused) {
                    self.truth.object(format!("call {id} was refused with {status}"));
                }
                let ack = self.provider_says(id, ("ACK", 'i'), None);
                out.push((Seat::Provider, ack));
            }
            (200.., Method::Bye | Method::Cancel) => self.repeats.settle(Repeated::Leave(id)),
            _ => {}
        }
    }

    /// Whoever is to end the call ends it.
    pub(crate) fn end(&mut self, now: Instant, id: CallId, out: &mut Vec<Leaving>) {
        let call = &self.calls[id];
        match (call.fate, call.stage) {
            (Fate::Stays, _) | (_, Stage::Over) => {}
            (Fate::Cancelled, _) => {
                let cancel = self.provider_says(id, ("CANCEL", 'i'), None);
                self.is_over(now, id);
                self.insist(now, Repeated::Leave(id), (Seat::Provider, cancel), out);
            }
            (_, Stage::Placing) => self.at(now + LATER, Doing::End(id)),
            (Fate::PhoneLeaves, Stage::Up) => {
                let bye = self.phone_leaves(id);
                self.is_over(now, id);
                self.insist(now, Repeated::Bye(id), (Seat::Phones, bye), out);
            }
            (_, Stage::Up) => {
                let bye = self.provider_says(id, ("BYE", 'b'), None);
                self.is_over(now, id);
                self.insist(now, Repeated::Leave(id), (Seat::Provider, bye), out);
            }
        }
    }

    fn is_over(&mut self, now: Instant, id: CallId) {
        let call = &mut self.calls[id];
        call.stage = Stage::Over;
        let user = call.user;
        self.busy.remove(&user);
        self.truth.becomes(now, user, Lamp::Dark);
        self.at(now + REST, Doing::Rest(user));
    }

    pub(crate) fn phone_hears(&mut self, now: Instant, message: &Message<'_>, out: &mut Vec<Leaving>) {
        let Some(method) = message.method() else {
            let known = self.call_of(message.call_id());
            return known.into_iter().for_each(|id| self.repeats.settle(Repeated::Bye(id)));
        };
        match method {
            Method::Invite => self.phone_rings(now, message, out),
            Method::Ack => {
                let known = self.call_of(message.call_id());
                known.into_iter().for_each(|id| self.repeats.settle(Repeated::Success(id)));
            }
            Method::Cancel => {
                out.push((Seat::Phones, Response { status: 200, ..Response::default() }.print(message)));
                if let Some(id) = self.call_of(message.call_id()) {
                    self.phone_says(id, 487, out);
                }
            }
            _ => out.push((Seat::Phones, Response { status: 200, ..Response::default() }.print(message))),
        }
    }

    /// The call that the house gave this Call-ID.
    fn call_of(&self, call_id: &str) -> Option<CallId> {
        self.by_call_id.get(call_id).copied()
    }

    fn phone_rings(&mut self, now: Instant, message: &Message<'_>, out: &mut Vec<Leaving>) {
        if let Some(id) = self.call_of(message.call_id()) {
            return out.push((Seat::Phones, self.calls[id].answer.clone()));
        }
        let user = message.uri().and_then(|uri| uri.user()?.strip_prefix('u')?.parse::<usize>().ok());
        let Some(id) = user.and_then(|user| self.busy.get(&user).copied()) else {
            return self.truth.object(format!("nobody called: {}", message.start_line()));
        };
        self.by_call_id.insert(message.call_id().to_owned(), id);
        let call = &mut self.calls[id];
        call.invite = message.bytes().to_vec();
        let (user, fate) = (call.user, call.fate);
        self.phone_says(id, 180, out);
        self.truth.becomes(now, user, Lamp::Early);
        let rings = RINGS.0 + self.chance.span_below(RINGS.1);
        let what = if fate == Fate::Cancelled { Doing::End(id) } else { Doing::Answer(id) };
        self.at(now + rings, what);
    }

    /// It has rung for long enough.
    pub(crate) fn pick_up(&mut self, now: Instant, id: CallId, out: &mut Vec<Leaving>) {
        let (user, fate) = (self.calls[id].user, self.calls[id].fate);
        if fate == Fate::Refused {
            self.phone_says(id, 486, out);
            return self.is_over(now, id);
        }
        self.phone_says(id, 200, out);
        self.truth.becomes(now, user, Lamp::Confirmed);
        if let Some(last) = out.pop() {
            self.insist(now, Repeated::Success(id), last, out);
        }
    }

    fn phone_says(&mut self, id: CallId, status: u16, out: &mut Vec<Leaving>) {
        let phones = self.plan.phones;
        let call = &mut self.calls[id];
        let Ok(invite) = Message::parse(&call.invite) else { return };
        let body = (status == 200).then(|| description(phones));
        let answer = Response {
            status,
            to_tag: Some(&format!("u{id}")),
            contact: Some(&format!("<sip:u{}@{phones}>", call.user)),
            body: body.as_ref().map(|body| ("application/sdp", body.as_bytes())),
            ..Response::default()
        }
        .print(&invite);
        call.answer.clone_from(&answer);
        out.push((Seat::Phones, answer));
    }

    fn phone_leaves(&self, id: CallId) -> Vec<u8> {
        let (call, phones) = (&self.calls[id], self.plan.phones);
        let Ok(invite) = Message::parse(&call.invite) else { return Vec::new() };
        let value = |wanted: fn(&sip_message::Line<'_>) -> bool| {
            invite.lines().find(wanted).map_or_else(String::new, |line| line.value.to_owned())
        };
        let target = invite.contact().and_then(Result::ok).map_or("sip:nobody", |contact| contact.uri);
        Request {
            method: "BYE",
            uri: target,
            transport: Transport::Udp,
            sent_by: phones,
            branch: &format!("z9hG4bKu{id}"),
            routes: &[],
            from: &format!("{};tag=u{id}", value(is_to)),
            to: &value(|line| line.header == sip_message::Header::From),
            call_id: invite.call_id(),
            cseq: 1,
            contact: "",
            headers: &[],
            body: None,
        }
        .print()
    }
}

fn is_to(line: &sip_message::Line<'_>) -> bool {
    line.header == sip_message::Header::To
}

fn description(at: std::net::SocketAddr) -> String {
    let address = at.ip();
    format!(
        "v=0\r\no=- 1 1 IN IP4 {address}\r\ns=-\r\nc=IN IP4 {address}\r\nt=0 0\r\n\
         m=audio 40000 RTP/AVP 0\r\n"
    )
}
