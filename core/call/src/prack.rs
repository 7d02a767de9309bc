//! Provisional answers that are acknowledged (RFC 3262), on each leg by itself.
//!
//! To the callee: one PRACK for each reliable answer, in order. To the caller: one reliable answer at a time,
//! repeated until its PRACK comes. Descriptions in PRACKs are answered here: media is ours on both sides.

use std::sync::Arc;

use media::Side;
use policy::Cause;
use sdp::Session;
use sip_message::{Message, Method};
use sip_stack::{ClientId, Flow, Reply, ServerId};

use crate::body::{self, Body};
use crate::bridge::Part;
use crate::call::{Call, State};
use crate::closing::Ending;
use crate::lines::{handed, lent_lines};
use crate::said::Said;
use crate::timer::FROM_CHANGE;
use crate::told::{About, Described, Due, Pending, Way, Word, rack_of};
use crate::{EndedBy, Room, arrival, part, prove};

impl Call {
    /// Acknowledges a reliable answer of the callee's.
    pub(crate) fn prack(&mut self, room: &mut Room<'_>, index: usize, rseq: u32, answer: Option<&[u8]>) {
        let owner = part::owner(self.key, part::PRACK);
        let State::Placing(attempt) = &self.state else { return };
        let rack = format!("{rseq} {} INVITE", attempt.cseq);
        let lines = self.request_lines(Side::Callee, Method::Prack, &[("RAck", &rack)]);
        let State::Placing(attempt) = &mut self.state else { return };
        let said = Said::new(Method::Prack, &lent_lines(&lines))
            .with_body(answer.map(|answer| ("application/sdp", answer)));
        let early = attempt.earlies.get_mut(index);
        let Some(dialog) = &mut early.dialog else { return };
        let client = prove::say(room, dialog, &said, None, owner);
        early.prack = Some((client, said));
    }

    /// A PRACK of ours was answered: a challenge is met, the rest is seen by what the INVITE is answered.
    pub(crate) fn prack_answered(&mut self, room: &mut Room<'_>, client: ClientId, message: &Message<'_>) {
        let owner = part::owner(self.key, part::PRACK);
        let plan = Arc::clone(&self.plan);
        let State::Placing(attempt) = &mut self.state else { return };
        let Some(index) = attempt.earlies.pracking(client) else { return };
        let account = plan.attempts[attempt.index].credentials.as_deref();
        let early = attempt.earlies.get_mut(index);
        let (Some(dialog), Some((_, mut said))) = (&mut early.dialog, early.prack.take()) else { return };
        if let Some((name, value)) = prove::proof(room, account, dialog.next_uri(), &mut said, message) {
            let client = prove::say(room, dialog, &said, Some((name, &value)), owner);
            early.prack = Some((client, said));
        }
    }

    /// Tells the caller something before the answer, now or when it has acknowledged what it was told before.
    pub(crate) fn tell_caller(&mut self, room: &mut Room<'_>, word: Word) {
        let Some(server) = self.caller.invite else { return };
        match self.caller.told.sent {
            Some(_) => self.caller.told.put_off(word),
            None => self.say(room, server, word),
        }
    }

    /// The tag under which the caller hears a description: another dialog for each that differs, because a
    /// dialog's answer may not change before the call is answered (RFC 3261 13.2.1).
    pub(crate) fn tag_for(&mut self, description: Option<&[u8]>) -> Box<str> {
        let told = &mut self.caller.told;
        let differs = |described: &Described| description.is_some_and(|text| *text != *described.text);
        if told.described.as_ref().is_some_and(differs) {
            told.described = None;
            let tag = format!("{}-{}", self.key, told.former.len() + 1);
            let next = self.caller.dialog.under_tag(&tag);
            told.former.push(std::mem::replace(&mut self.caller.dialog, next));
        }
        self.caller.dialog.local_tag().into()
    }

    fn say(&mut self, room: &mut Room<'_>, server: ServerId, word: Word) {
        let tag = self.tag_for(word.description.as_deref());
        let told = &self.caller.told;
        let is_reliable = told.way == Way::Reliable && word.status > 100;
        let is_known = told.described.as_ref().is_some_and(|described| described.is_settled);
        let description = word.description.filter(|_| !is_known);
        let rseq = told.rseq.to_string();
        let passed = told.passed.clone();
        let mut headers = vec![("Supported", FROM_CHANGE)];
        if is_reliable {
            headers.extend([("Require", "100rel"), ("RSeq", rseq.as_str())]);
        }
        headers.extend(word.leave.as_deref().map(|leave| ("P-Early-Media", leave)));
        headers.extend(handed(&passed));
        let lines = self.answer_lines(Side::Caller, &headers);
        let headers = lent_lines(&lines);
        let reply = Reply {
            status: word.status,
            to_tag: Some(&tag),
            contact: Some(&self.caller.contact),
            headers: &headers,
            body: description.as_deref().map(|ours| ("application/sdp", ours)),
            ..Reply::default()
        };
        let about = if description.is_some() { About::Media } else { About::Status };
        let now = room.now.instant;
        let Some(wire) = room.stack.respond(now, server, &reply, room.sends) else { return };
        let told = &mut self.caller.told;
        if is_reliable {
            told.sent = Some(Box::new(Pending::new(now, told.rseq, wire, about)));
            told.rseq += 1;
        }
        if let Some(text) = description {
            told.described = Some(Described { text, is_settled: false });
        }
    }

    /// The caller acknowledges what it was told.
    pub(crate) fn pracked(
        &mut self,
        room: &mut Room<'_>,
        server: ServerId,
        flow: Flow,
        message: &Message<'_>,
    ) {
        if let Some(unsupported) = arrival::unsupported(message) {
            return room.reply_with(server, 420, None, &[("Unsupported", &unsupported)]);
        }
        let caller = &mut self.caller;
        let all = std::iter::once(&mut caller.dialog).chain(&mut caller.told.former);
        let Some(dialog) = all.into_iter().find(|dialog| dialog.is_of(message)) else {
            return room.reply(server, 481);
        };
        if let Err(fault) = dialog.admit(message) {
            return room.reply(server, fault.status());
        }
        dialog.heard_on(flow);
        let tag: Box<str> = dialog.local_tag().into();
        let Some(pending) = caller.told.acknowledged(rack_of(message), caller.invite_cseq) else {
            return room.reply(server, 481);
        };
        if pending.about == About::Media
            && let Some(described) = &mut caller.told.described
        {
            described.is_settled = true;
        }
        let theirs = match body::of(message) {
            Body::Sdp(theirs) => Some(theirs),
            Body::None | Body::Unknown => None,
        };
        if pending.about == About::Media && self.caller.offer.is_none() {
            room.reply(server, 200);
            self.carry_prack(room, &tag, theirs);
        } else {
            self.answer_prack(room, server, theirs);
        }
        self.say_next(room);
    }

    /// The caller's answer to the callee's offer goes on in the PRACK that was owed for it.
    fn carry_prack(&mut self, room: &mut Room<'_>, tag: &str, answer: Option<&[u8]>) {
        let plan = Arc::clone(&self.plan);
        let State::Placing(attempt) = &self.state else { return };
        let Some(index) = attempt.earlies.owing(tag) else { return };
        let media = &plan.attempts[attempt.index].media;
        let assumed = self.assumed_answer(answer);
        let answer = assumed.as_deref().or(answer);
        let ours =
            answer.and_then(|answer| self.describe(room, Side::Caller, Part::Answer, answer, media).ok());
        let State::Placing(attempt) = &mut self.state else { return };
        let early = attempt.earlies.get_mut(index);
        let Some((rseq, _)) = early.owed.take() else { return };
        early.is_settled = ours.is_some();
        let client = attempt.client();
        self.prack(room, index, rseq, ours.as_deref());
        if ours.is_none() {
            if let Some(client) = client {
                room.stack.cancel(room.now.instant, client, None, room.sends);
            }
            self.attempt_failed(room, Cause::Media, "the caller's PRACK held no usable answer");
        }
    }

    /// Answers a PRACK, and the offer in it if there is one.
    fn answer_prack(&mut self, room: &mut Room<'_>, server: ServerId, offer: Option<&[u8]>) {
        let Some(offer) = offer else { return room.reply(server, 200) };
        match self.answer_here(room, offer) {
            Some(ours) => {
                let body = Some(("application/sdp", ours.as_slice()));
                let reply = Reply { status: 200, body, ..Reply::default() };
                room.stack.respond(room.now.instant, server, &reply, room.sends);
            }
            None => room.reply(server, 488),
        }
    }

    /// An answer to the caller's new offer out of what the callee has described already.
    pub(crate) fn answer_here(&mut self, room: &mut Room<'_>, offer: &[u8]) -> Option<Vec<u8>> {
        let State::Placing(attempt) = &self.state else { return None };
        let theirs = attempt.earlies.heard()?.theirs.clone()?;
        let (asked, said) = (Session::parse(offer).ok()?, Session::parse(&theirs).ok()?);
        sdp::answer_matches(&asked, &said).ok()?;
        let plan = Arc::clone(&self.plan);
        let media = &plan.attempts[attempt.index].media;
        if media.path == policy::MediaPath::Direct {
            return None;
        }
        self.describe(room, Side::Caller, Part::Offer, offer, media).ok()?;
        let ours = self.describe(room, Side::Callee, Part::Answer, &theirs, media).ok()?;
        if let Some(described) = &mut self.caller.told.described {
            described.text.clone_from(&ours);
        }
        Some(ours)
    }

    /// What waited for a PRACK: the answer, or the next word.
    fn say_next(&mut self, room: &mut Room<'_>) {
        if let Some(ours) = self.caller.told.held.take() {
            return self.accept_caller(room, &ours);
        }
        if let (Some(server), Some(word)) = (self.caller.invite, self.caller.told.waiting.pop_front()) {
            self.say(room, server, word);
        }
    }

    /// Repeats what the caller was told, and gives up on a caller that never acknowledges it.
    pub(crate) fn repeat_told(&mut self, room: &mut Room<'_>) {
        match self.caller.told.due(room.now.instant) {
            Due::Nothing => {}
            Due::Copy(wire) => room.stack.resend(self.caller.flow, wire, room.sends),
            Due::GiveUp => {
                self.give_up_on_caller(room);
                self.answer_last(room, 504, Vec::new());
                match &self.state {
                    State::Up(_) => self.end_both(room, EndedBy::House, Ending::NoPrack),
                    State::Placing(_) | State::Refusing(_) => self.close(room, Ending::NoPrack),
                    State::Closing(_) => self.say_last(room),
                }
            }
        }
    }
}
