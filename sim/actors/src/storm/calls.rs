//! The calls beside a storm: who calls and who is called do as RFC 3261 has it, and count what they had to
//! say again.

use std::time::{Duration, Instant};

use sip_message::{Header, Message, Method};

use super::{Again, Blown, Doing, Open, SPAN_MAX, Storm};
use crate::exchange::Transport;
use crate::writing::{Request, Response};

/// How long it rings, and how long one talks.
const RINGS: Duration = Duration::from_millis(500);
const TALKS: Duration = Duration::from_secs(5);
const SDP: &[u8] = b"v=0\r\no=- 1 1 IN IP4 10.20.0.5\r\ns=-\r\nc=IN IP4 10.20.0.5\r\nt=0 0\r\n\
m=audio 40000 RTP/AVP 0\r\n";

/// Whom a call is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wish {
    Somebody,
    Help,
}

/// One call, as its caller and whoever is called know it.
#[derive(Debug)]
pub(crate) struct Call {
    wish: Wish,
    began: Instant,
    invite: Option<Open>,
    bye: Option<Open>,
    /// The caller's To with its tag, and whom it asks within the dialog.
    to: String,
    target: String,
    has_rung: bool,
    /// The INVITE that the callee has, and its last answer.
    heard: Vec<u8>,
    answer: Vec<u8>,
    /// The callee's 200, until it is acknowledged.
    success: Option<Open>,
}

/// What differs between the caller's requests.
struct Say {
    method: &'static str,
    cseq: u32,
    body: Option<(&'static str, &'static [u8])>,
}

impl Storm {
    pub(crate) fn dial(&mut self, now: Instant, wish: Wish, out: &mut Vec<Blown>) {
        let index = self.calls.len();
        let called =
            if wish == Wish::Help { "911".to_owned() } else { format!("+1425{:07}", 5_550_000 + index) };
        let target = format!("sip:{called}@{}", self.plan.house);
        self.sum.calls += 1;
        self.sum.help += usize::from(wish == Wish::Help);
        self.calls.push(Call {
            wish,
            began: now,
            invite: None,
            bye: None,
            to: format!("<{target}>"),
            target,
            has_rung: false,
            heard: Vec::new(),
            answer: Vec::new(),
            success: None,
        });
        let body = Some(("application/sdp", SDP));
        let bytes = self.written(index, &Say { method: "INVITE", cseq: 1, body });
        out.push((self.plan.callers, bytes.clone()));
        let open = Open::new(now, bytes);
        self.plan_at(open.next(), Doing::InviteAgain(index));
        self.calls[index].invite = Some(open);
    }

    fn written(&self, index: usize, say: &Say) -> Vec<u8> {
        let (callers, call) = (self.plan.callers, &self.calls[index]);
        let request = Request {
            method: say.method,
            uri: &call.target,
            transport: Transport::Udp,
            sent_by: callers,
            branch: &format!("z9hG4bKc{index}{}", say.method),
            routes: &[],
            from: &format!("<sip:+14255559999@{callers}>;tag=c{index}"),
            to: &call.to,
            call_id: &format!("c{index}"),
            cseq: say.cseq,
            contact: &format!("<sip:{callers}>"),
            headers: &[],
            body: say.body,
        };
        request.print()
    }

    pub(crate) fn invite_again(&mut self, now: Instant, index: usize, out: &mut Vec<Blown>) {
        let open = self.calls[index].invite.as_mut();
        if let Again::Say(bytes, next) = Open::again(open, now, Duration::MAX) {
            self.sum.repeats += 1;
            out.push((self.plan.callers, bytes));
            self.plan_at(next, Doing::InviteAgain(index));
        }
    }

    pub(crate) fn bye_again(&mut self, now: Instant, index: usize, out: &mut Vec<Blown>) {
        let open = self.calls[index].bye.as_mut();
        if let Again::Say(bytes, next) = Open::again(open, now, SPAN_MAX) {
            self.sum.repeats += 1;
            out.push((self.plan.callers, bytes));
            self.plan_at(next, Doing::ByeAgain(index));
        }
    }

    pub(crate) fn hang_up(&mut self, now: Instant, index: usize, out: &mut Vec<Blown>) {
        let bytes = self.written(index, &Say { method: "BYE", cseq: 2, body: None });
        out.push((self.plan.callers, bytes.clone()));
        let open = Open::new(now, bytes);
        self.plan_at(open.next(), Doing::ByeAgain(index));
        self.calls[index].bye = Some(open);
    }

    /// An answer to whoever calls.
    pub(crate) fn caller_hears(&mut self, now: Instant, message: &Message<'_>, out: &mut Vec<Blown>) {
        let index: Option<usize> = message.call_id().strip_prefix('c').and_then(|index| index.parse().ok());
        let Some(index) = index.filter(|index| *index < self.calls.len()) else { return };
        let status = message.status().unwrap_or_default();
        let call = &mut self.calls[index];
        match (message.cseq().method, status) {
            (Method::Invite, 100..200) => {
                call.invite = None;
                if status == 180 && !std::mem::replace(&mut call.has_rung, true) {
                    self.sum.rang.push(now - call.began);
                }
            }
            (Method::Invite, 200..300) => {
                let is_first = message.contact().is_some() && !call.to.contains(";tag=");
                call.invite = None;
                call.to = message.line(Header::To).unwrap_or_default().to_owned();
                if let Some(Ok(contact)) = message.contact() {
                    call.target = contact.uri.to_owned();
                }
                let ack = self.written(index, &Say { method: "ACK", cseq: 1, body: None });
                out.push((self.plan.callers, ack));
                if is_first {
                    self.plan_at(now + TALKS, Doing::HangUp(index));
                }
            }
            (Method::Bye, 200..300) if call.bye.take().is_some() => {
                self.sum.well += 1;
                self.sum.help_well += usize::from(call.wish == Wish::Help);
            }
            // A refusal, which is not acknowledged: the call is not among those that went well.
            _ => (call.invite, call.bye) = (None, None),
        }
    }

    /// A request for whoever is called: the house's own dialog, found by the number of the call.
    pub(crate) fn callee_hears(&mut self, now: Instant, message: &Message<'_>, out: &mut Vec<Blown>) {
        let callees = self.plan.callees;
        match message.method() {
            Some(Method::Invite) => {
                let heard = |call: &Call| call.heard == message.bytes();
                if let Some(call) = self.calls.iter().rev().find(|call| heard(call)) {
                    self.sum.repeats += 1;
                    return out.push((callees, call.answer.clone()));
                }
                let Some(index) = self.called_by(message) else { return };
                self.calls[index].heard = message.bytes().to_vec();
                let ringing = self.answered(index, 180);
                self.calls[index].answer.clone_from(&ringing);
                out.push((callees, ringing));
                self.plan_at(now + RINGS, Doing::Answer(index));
            }
            Some(Method::Ack) => {
                let same = |call: &&mut Call| call_id_in(&call.heard) == message.call_id();
                if let Some(call) = self.calls.iter_mut().rev().find(same) {
                    call.success = None;
                }
            }
            Some(_) => out.push((callees, Response { status: 200, ..Response::default() }.print(message))),
            None => {}
        }
    }

    /// The first call to that number which nobody has taken.
    fn called_by(&self, message: &Message<'_>) -> Option<usize> {
        let user = |uri: &str| sip_message::Uri::parse(uri).ok()?.user().map(str::to_owned);
        let wanted = user(message.request_uri()?)?;
        let is_it = |call: &Call| call.heard.is_empty() && user(&call.target).as_deref() == Some(&*wanted);
        self.calls.iter().position(is_it)
    }

    fn answered(&self, index: usize, status: u16) -> Vec<u8> {
        let message = Message::parse(&self.calls[index].heard).expect("it was read before");
        let (tag, contact) = (format!("d{index}"), format!("<sip:{}>", self.plan.callees));
        let body = (status == 200).then_some(("application/sdp", SDP));
        let response =
            Response { status, to_tag: Some(&tag), contact: Some(&contact), body, ..Response::default() };
        response.print(&message)
    }

    pub(crate) fn answer(&mut self, now: Instant, index: usize, out: &mut Vec<Blown>) {
        let bytes = self.answered(index, 200);
        out.push((self.plan.callees, bytes.clone()));
        self.calls[index].answer.clone_from(&bytes);
        let open = Open::new(now, bytes);
        self.plan_at(open.next(), Doing::AnswerAgain(index));
        self.calls[index].success = Some(open);
    }

    pub(crate) fn answer_again(&mut self, now: Instant, index: usize, out: &mut Vec<Blown>) {
        if let Again::Say(bytes, next) = Open::again(self.calls[index].success.as_mut(), now, SPAN_MAX) {
            self.sum.repeats += 1;
            out.push((self.plan.callees, bytes));
            self.plan_at(next, Doing::AnswerAgain(index));
        }
    }
}

fn call_id_in(bytes: &[u8]) -> String {
    Message::parse(bytes).map(|message| message.call_id().to_owned()).unwrap_or_default()
}
