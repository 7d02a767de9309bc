//! What the callee says before it answers: who of several is heard, and what the caller is told.
//!
//! Sound decides, not the number of the status: a caller who was told of sound that doesn't come is told to
//! ring by itself, and told of the sound again when it comes.

use std::sync::Arc;

use media::{Sending, Side};
use policy::{CallPlan, Cause, MediaPath};
use sip_message::{Header, Message, Method};
use sip_stack::{Dialog, Flow, Sent};

use crate::attempt::{Progress, Stage};
use crate::body::{self, Body};
use crate::bridge::Part;
use crate::call::{Call, State};
use crate::early::{REMEMBERED_MAX, Silence};
use crate::told::{About, Way, Word};
use crate::{Room, part};

/// What one provisional answer brought.
struct News {
    early: usize,
    /// Whether it described media that its dialog hadn't described before.
    is_new: bool,
    /// Whether it described media at all.
    describes: bool,
}

impl Call {
    pub(crate) fn progressed(&mut self, room: &mut Room<'_>, status: u16, flow: Flow, message: &Message<'_>) {
        self.somebody_is_there(room);
        self.hear_session(room, Side::Callee, message);
        let Some(news) = self.hear_early(room, flow, message) else { return };
        self.draft.rang(room);
        self.meet_callee(room, message);
        self.note_ringback(status, &news);
        let is_ringing = self.ring.beside.iter().any(|other| other.attempt.was_told());
        if let State::Placing(attempt) = &mut self.state
            && let Stage::Ringing { progress, .. } = &mut attempt.stage
        {
            *progress = Progress::Told;
        }
        if self.origin.is_some() {
            return self.report(status);
        }
        // Others ring, and the caller knows.
        if is_ringing {
            return;
        }
        if self.caller.offer.is_none() {
            return self.pass_offer_on(room, status, &news);
        }
        if let Some(word) = self.word_of(room, status, &news) {
            self.tell_caller(room, word);
        }
    }

    /// Finds the dialog that an answer belongs to. Nothing: a copy, out of order, or one dialog too many.
    fn hear_early(&mut self, room: &mut Room<'_>, flow: Flow, message: &Message<'_>) -> Option<News> {
        let plan = Arc::clone(&self.plan);
        let tag = message.to().tag().unwrap_or_default();
        let dialog = self.dialog_of(room, flow, message);
        let State::Placing(attempt) = &mut self.state else { return None };
        let most = early_max(&plan, attempt.index);
        let early = match attempt.earlies.find(tag) {
            Some(early) => early,
            None if attempt.earlies.len() < most => attempt.earlies.begin(tag, dialog),
            None => {
                self.end_early(room, dialog);
                return None;
            }
        };
        let theirs = match body::of(message) {
            Body::Sdp(theirs) => Some(theirs),
            Body::None | Body::Unknown => None,
        };
        let rseq = reliable(message);
        if let Some(rseq) = rseq {
            let last = &mut attempt.earlies.get_mut(early).rseq;
            if last.is_some_and(|last| last.checked_add(1) != Some(rseq)) {
                return None;
            }
            *last = Some(rseq);
        }
        let is_new = attempt.earlies.learn(early, message, theirs);
        if let Some(rseq) = rseq {
            let about = if theirs.is_some() { About::Media } else { About::Status };
            self.owe_or_send_prack(room, early, rseq, about);
        }
        Some(News { early, is_new, describes: theirs.is_some() })
    }

    /// A PRACK at once, unless it has to carry the caller's answer to the callee's offer.
    fn owe_or_send_prack(&mut self, room: &mut Room<'_>, index: usize, rseq: u32, about: About) {
        let describes = about == About::Media;
        let is_offer = describes && self.caller.offer.is_none() && self.caller.told.way == Way::Reliable;
        let State::Placing(attempt) = &mut self.state else { return };
        let early = attempt.earlies.get_mut(index);
        if is_offer && !early.is_settled {
            early.owed = Some((rseq, "".into()));
            return;
        }
        early.is_settled |= describes && self.caller.offer.is_some();
        self.prack(room, index, rseq, None);
    }

    /// One early dialog more than allowed is ended (RFC 3261 15): an emergency call ends none.
    fn end_early(&mut self, room: &mut Room<'_>, dialog: Option<Dialog>) {
        let is_urgent = self.plan.emergency;
        let State::Placing(attempt) = &mut self.state else { return };
        let Some(mut dialog) = dialog else { return };
        let ended = &mut attempt.earlies.ended;
        let is_known = ended.iter().any(|one| one.remote_tag() == dialog.remote_tag());
        if is_urgent || is_known || ended.len() >= REMEMBERED_MAX {
            return;
        }
        let bye = dialog.next_request(Method::Bye);
        room.stack.request(room.now.instant, &bye.as_request(), part::nobody(), room.sends);
        ended.push(dialog);
    }

    /// A phone rings, or says that it will be heard.
    fn note_ringback(&mut self, status: u16, news: &News) {
        let State::Placing(attempt) = &mut self.state else { return };
        match status {
            180 if !news.describes => attempt.earlies.rings = true,
            _ if news.is_new => attempt.earlies.rings = false,
            _ => {}
        }
    }

    /// What the caller is told of an answer, after whoever should be heard is heard.
    fn word_of(&mut self, room: &mut Room<'_>, status: u16, news: &News) -> Option<Word> {
        let (is_switched, ours) = self.hear_the_best(room, news);
        let State::Placing(attempt) = &self.state else { return None };
        let heard = attempt.earlies.heard().is_some();
        let is_its_own = attempt.earlies.is_the_heard(news.early);
        let leave = self.leave_for_caller();
        if let (Some(ours), true) = (ours, news.describes || is_switched) {
            let status = if is_its_own { status } else { 183 };
            return Some(Word { status, description: Some(ours), leave });
        }
        match status {
            // Somebody else is heard: this one's session in progress is no news for the caller.
            183 if heard && !is_its_own => None,
            // Sound that isn't let through: the phone rings by itself.
            183 if news.describes => Some(Word { leave, ..Word::plain(180) }),
            _ => Some(Word { leave, ..Word::plain(status) }),
        }
    }

    /// Lets that early dialog be heard that should be. Whether it is another than before, and what the
    /// caller is told of it.
    fn hear_the_best(&mut self, room: &mut Room<'_>, news: &News) -> (bool, Option<Vec<u8>>) {
        let plan = Arc::clone(&self.plan);
        let State::Placing(attempt) = &mut self.state else { return (false, None) };
        // Of several who ring, nobody is heard before the answer.
        let best = match self.ring.is_shared() {
            true => None,
            false => attempt.earlies.best([&plan.leg, &plan.attempts[attempt.index].leg]),
        };
        let before = attempt.earlies.heard_index();
        attempt.earlies.hear(best);
        let Some(index) = best else {
            if before.is_some() {
                self.bridge.gate(room, Side::Caller, Sending::Held);
                attempt.is_gated = true;
            }
            return (before.is_some(), None);
        };
        let is_switched = before != best;
        let is_changed = is_switched || (news.early == index && news.is_new);
        if !is_changed {
            let described = self.caller.told.described.as_ref();
            return (false, described.map(|described| described.text.clone()));
        }
        if attempt.is_gated {
            self.bridge.gate(room, Side::Caller, Sending::Allowed);
            attempt.is_gated = false;
        }
        if is_switched && (before.is_some() || attempt.earlies.len() > 1) {
            self.bridge.expect_another();
        }
        let theirs = attempt.earlies.get(index).theirs.clone();
        let ours = theirs.and_then(|theirs| self.answer_to_caller(room, &theirs));
        if ours.is_some() {
            self.promise_sound(room);
        }
        (is_switched, ours)
    }

    pub(crate) fn leave_for_caller(&self) -> Option<Box<str>> {
        if !self.caller.told.knows_leave {
            return None;
        }
        let State::Placing(attempt) = &self.state else { return None };
        Some(if attempt.earlies.heard().is_some() { "sendrecv" } else { "inactive" }.into())
    }

    /// The callee's offer reaches a caller who left it open, and can acknowledge it before the answer.
    fn pass_offer_on(&mut self, room: &mut Room<'_>, status: u16, news: &News) {
        let State::Placing(attempt) = &self.state else { return };
        let early = attempt.earlies.get(news.early);
        let is_owed = early.owed.as_ref().is_some_and(|(_, tag)| tag.is_empty());
        if !is_owed {
            return self.tell_caller(room, Word::plain(status));
        }
        let theirs = early.theirs.clone();
        if attempt.earlies.len() > 1 {
            self.bridge.expect_another();
        }
        let ours = theirs.and_then(|theirs| self.answer_to_caller(room, &theirs));
        let tag = self.tag_for(ours.as_deref());
        let State::Placing(attempt) = &mut self.state else { return };
        attempt.earlies.hear(Some(news.early));
        if let Some((_, owed_to)) = &mut attempt.earlies.get_mut(news.early).owed {
            *owed_to = tag;
        }
        self.tell_caller(room, Word { status, description: ours, leave: None });
    }

    fn promise_sound(&mut self, room: &Room<'_>) {
        let State::Placing(attempt) = &mut self.state else { return };
        if self.plan.attempts[attempt.index].media.path != MediaPath::Direct {
            attempt.earlies.promise(room.now.instant);
        }
    }

    /// The callee's sound has come.
    pub(crate) fn sound_came(&mut self, room: &mut Room<'_>) {
        let State::Placing(attempt) = &mut self.state else { return };
        let before = std::mem::take(&mut attempt.earlies.silence);
        self.draft.early_heard(room);
        if before == Silence::Bridged
            && let Some(described) = &self.caller.told.described
        {
            let description = Some(described.text.clone());
            let leave = self.leave_for_caller();
            self.tell_caller(room, Word { status: 183, description, leave });
        }
    }

    /// Sound was promised and doesn't come: the caller's phone rings by itself meanwhile.
    pub(crate) fn bridge_silence(&mut self, room: &mut Room<'_>) {
        let State::Placing(attempt) = &mut self.state else { return };
        if attempt.earlies.silent_at().is_some_and(|at| at <= room.now.instant) {
            attempt.earlies.silence = Silence::Bridged;
            self.tell_caller(room, Word::plain(180));
        }
    }

    /// The dialog that an answer to our INVITE makes.
    pub(crate) fn dialog_of(&self, room: &Room<'_>, flow: Flow, message: &Message<'_>) -> Option<Dialog> {
        let State::Placing(attempt) = &self.state else { return None };
        let plan = &self.plan.attempts[attempt.index];
        let from = self.tagged_from(plan);
        let uri = plan.heading.request_uri.text();
        let sent = Sent { uri: &uri, from: &from, call_id: &attempt.call_id, cseq: attempt.cseq };
        let mut dialog = Dialog::as_caller(&sent, message, flow)?;
        room.registered.settle(&mut dialog);
        dialog.set_server_name(attempt.server_name.clone());
        dialog.set_session(self.session_toward(Side::Callee));
        Some(dialog)
    }

    /// What the caller is told of the callee's description, while both sides are pointed at each other.
    pub(crate) fn answer_to_caller(&mut self, room: &mut Room<'_>, theirs: &[u8]) -> Option<Vec<u8>> {
        let State::Placing(attempt) = &self.state else { return None };
        let plan = Arc::clone(&self.plan);
        let part = if self.caller.offer.is_some() { Part::Answer } else { Part::Offer };
        self.describe(room, Side::Callee, part, theirs, &plan.attempts[attempt.index].media).ok()
    }

    /// The caller never acknowledged what it was told: its call is over (RFC 3262 3).
    pub(crate) fn give_up_on_caller(&mut self, room: &mut Room<'_>) {
        if let State::Placing(attempt) = &self.state
            && let Some(client) = attempt.client()
        {
            room.stack.cancel(room.now.instant, client, None, room.sends);
            self.draft.attempt_failed(room, Cause::Timeout, "the caller never acknowledged the ringing");
        }
    }
}

fn early_max(plan: &CallPlan, index: usize) -> usize {
    if plan.emergency { REMEMBERED_MAX } else { plan.attempts[index].early_max }
}

/// The RSeq of an answer that wants a PRACK.
fn reliable(message: &Message<'_>) -> Option<u32> {
    if !message.has_token(Header::Require, "100rel") {
        return None;
    }
    message.line(Header::RSeq)?.trim().parse().ok()
}
