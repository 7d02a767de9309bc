//! What the callee answers to our INVITE, and what the caller is told of it.

use std::sync::Arc;
use std::time::Duration;

use media::{Sending, Side};
use policy::Cause;
use sdp::Session;
use sip_message::{Header, Message, Method};
use sip_stack::{ClientId, Dialog, Flow, Reply, auth};
use targets::Outcome;

use crate::attempt::{Progress, Stage};
use crate::body::{self, Body};
use crate::call::{Ack, Call, Callee, State, Unacked};
use crate::early::Early;
use crate::end::End;
use crate::lines::{handed, lent_lines};
use crate::ring::ELSEWHERE;
use crate::timer::{FROM_CHANGE, lent};
use crate::{Room, part, stray};

/// How often a challenge is answered: once, and once more when only the nonce was stale.
const PROOFS_MAX: u32 = 2;
/// So many letters of a far end's warning are kept.
const WARNING_SHOWN: usize = 200;

impl Call {
    /// A response to one of this call's requests.
    pub(crate) fn answered(
        &mut self,
        room: &mut Room<'_>,
        client: ClientId,
        part: u16,
        flow: Flow,
        message: &Message<'_>,
    ) {
        if part == part::RECORDER {
            return self.recorder_answered(room, client, flow, message);
        }
        self.take_up(|attempt| attempt.is_client(client) || attempt.earlies.pracking(client).is_some());
        // Whoever it comes from has left, or is in another call: nothing but its ACK is owed.
        let is_inside = matches!(part, part::EXCHANGE | part::REFRESH | part::JOIN);
        if is_inside && matches!(message.status(), Some(200..300)) && self.side_of(message).is_none() {
            return stray::answered_again(room, flow, message);
        }
        if part != part::INVITE
            && message.line(Header::SessionId).is_some()
            && let Some(side) = self.side_of(message)
        {
            self.hear_session(room, side, message);
        }
        match part {
            part::INVITE => self.invite_answered(room, client, flow, message),
            part::EXCHANGE => self.exchange_answered(room, client, message),
            part::REFRESH => self.refresh_answered(room, client, message),
            part::PASSING => self.passing_answered(room, client, message),
            part::PRESS => self.press_answered(room, client, message),
            part::PRACK => self.prack_answered(room, client, message),
            part::NOTICE => self.notice_answered(room, client, message.status().unwrap_or_default()),
            part::JOIN => self.join_answered(room, client, message),
            _ => self.bye_answered(room, client, message),
        }
    }

    fn invite_answered(&mut self, room: &mut Room<'_>, client: ClientId, flow: Flow, message: &Message<'_>) {
        let is_ours = matches!(&self.state, State::Placing(attempt) if attempt.is_client(client));
        let status = message.status().unwrap_or_default();
        if let State::Placing(attempt) = &self.state
            && let Stage::Calling { .. } = attempt.stage
            && is_ours
        {
            self.note_outcome(room, Outcome::Answered);
        }
        if is_ours {
            self.draft.attempt_heard(room, status);
        }
        match status {
            100 if is_ours => self.somebody_is_there(room),
            101..=199 if is_ours => self.progressed(room, status, flow, message),
            200..=299 if is_ours => self.accepted(room, flow, message),
            300.. if is_ours => self.rejected(room, status, flow, message),
            200..=299 => self.accepted_again(room, flow, message),
            300.. => stray::refused(room, flow, message),
            _ => {}
        }
    }

    /// From now on it may ring as long as the plan says.
    pub(crate) fn somebody_is_there(&mut self, room: &mut Room<'_>) {
        let State::Placing(attempt) = &mut self.state else { return };
        let Stage::Calling { client, .. } = attempt.stage else { return };
        let since = attempt.rings_since.unwrap_or(room.now.instant);
        let until = (since + self.plan.attempts[attempt.index].ring_max).max(room.now.instant);
        attempt.stage = Stage::Ringing { client, until, progress: Progress::Trying };
    }

    fn accepted(&mut self, room: &mut Room<'_>, flow: Flow, message: &Message<'_>) {
        if self.was_ended(room, message) {
            return;
        }
        if let Some(words) = self.is_a_mailbox(room) {
            self.outrun.push(message.to().tag().unwrap_or_default().into());
            stray::answered(room, flow, message);
            return self.attempt_failed(room, Cause::Status(480), &words);
        }
        let Some(dialog) = self.dialog_of(room, flow, message) else {
            return self.attempt_failed(room, Cause::Status(500), "its answer made no dialog");
        };
        let (dialog, said) = self.take_over_early(dialog, message);
        let is_left_open = self.caller.offer.is_none() && said != Said::Agreed;
        let described = match &said {
            Said::This(theirs) if self.takes_over(theirs) => Some(Vec::new()),
            Said::Agreed => Some(Vec::new()),
            Said::This(theirs) => self.answer_to_caller(room, theirs),
            Said::Nothing => None,
        };
        let Some(ours) = described else {
            stray::answered(room, flow, message);
            let words = "its answer held no session description that both sides can use";
            return self.attempt_failed(room, Cause::Media, words);
        };
        let known = self.meet_callee(room, message);
        let session = self.answered_session(room, message);
        self.let_others_go(room, Some(ELSEWHERE), "answered elsewhere");
        self.bridge.is_alone();
        let State::Placing(attempt) = &self.state else { return };
        if attempt.is_gated {
            self.bridge.gate(room, Side::Caller, Sending::Allowed);
        }
        self.permits.append(&mut self.ring.permits);
        let callee = Callee { dialog, attempt: attempt.index, contact: attempt.contact.clone() };
        let cseq = attempt.cseq;
        self.ends[Side::Callee as usize] =
            End { known, session, ..End::of_callee(&self.plan.attempts[attempt.index]) };
        self.state = State::Up(callee);
        self.note_displaced();
        self.hear_location(Side::Callee, message);
        self.pair_up(room);
        self.timer(Side::Callee).accepted(room.now.instant, message);
        // The INVITE said who called then.
        if self.end(Side::Caller).known != self.plan.caller {
            self.introduce(room, Side::Callee);
        }
        if is_left_open {
            self.acks[Side::Callee as usize] = Ack::Owed(cseq);
        } else {
            self.acknowledge(room, Side::Callee, cseq, None);
        }
        self.draft.answered(room);
        self.both_talk(room);
        self.accept_caller(room, &ours);
        self.tell_answered(room);
        self.dials_for_user(room);
    }

    /// Why whoever answers is no person (the carrier of a mobile that is switched off answers at once).
    fn is_a_mailbox(&self, room: &Room<'_>) -> Option<String> {
        let State::Placing(attempt) = &self.state else { return None };
        let least = self.plan.attempts[attempt.index].escape?;
        let waited = room.now.instant.saturating_duration_since(attempt.sent_at);
        let is_one = waited < least && !self.plan.emergency;
        is_one.then(|| format!("it answered after {} ms: its carrier's mailbox", waited.as_millis()))
    }

    /// A 2xx of a dialog that was one too many, and got its BYE: another BYE.
    fn was_ended(&mut self, room: &mut Room<'_>, message: &Message<'_>) -> bool {
        let State::Placing(attempt) = &mut self.state else { return false };
        let Some(dialog) = attempt.earlies.ended.iter_mut().find(|dialog| dialog.is_of(message)) else {
            return false;
        };
        room.stack.send_ack(room.now.instant, &dialog.ack_for(attempt.cseq).as_request(), room.sends);
        let bye = dialog.next_request(Method::Bye);
        room.stack.request(room.now.instant, &bye.as_request(), part::nobody(), room.sends);
        true
    }

    /// The answer's dialog goes on where its early one stood; what it says of media, and did say before.
    fn take_over_early(&mut self, mut dialog: Dialog, message: &Message<'_>) -> (Dialog, Said) {
        let State::Placing(attempt) = &mut self.state else { return (dialog, Said::Nothing) };
        let early = attempt.earlies.find(dialog.remote_tag());
        if let Some(before) = early.and_then(|early| attempt.earlies.get(early).dialog.as_ref()) {
            dialog.follow(before);
        }
        let is_heard = early.is_some_and(|early| attempt.earlies.is_the_heard(early));
        let (early, heard) = (early.map(|early| attempt.earlies.get(early)), attempt.earlies.heard());
        if heard.is_some() && !is_heard {
            self.bridge.expect_another();
        }
        let said = match (early, body::of(message)) {
            (Some(early), _) if early.is_settled && self.caller.offer.is_none() => Said::Agreed,
            (Some(early), _) if early.is_settled => said_before(Some(early)),
            (_, Body::Sdp(theirs)) => Said::This(theirs.into()),
            // An answer that came early and isn't said again.
            (Some(early), _) if early.theirs.is_some() => said_before(Some(early)),
            _ => said_before(heard),
        };
        (dialog, said)
    }

    /// The caller hears of the answer; what it has acknowledged of media already isn't said again.
    pub(crate) fn accept_caller(&mut self, room: &mut Room<'_>, ours: &[u8]) {
        if self.caller.told.holds_back_the_answer() {
            self.caller.told.waiting.clear();
            self.caller.told.held = Some(ours.to_vec());
            return;
        }
        let tag = self.tag_for((!ours.is_empty()).then_some(ours));
        let is_settled = self.caller.told.described.as_ref().is_some_and(|described| described.is_settled);
        self.caller.offer = None;
        self.report(200);
        let Some(server) = self.caller.take_invite() else { return };
        let session = self.caller.session;
        self.timer(Side::Caller).agree(room.now.instant, session);
        let session = session.map(|agreement| agreement.answer_headers()).unwrap_or_default();
        let mut headers = vec![("Allow", sip_stack::ALLOW), ("Supported", FROM_CHANGE)];
        headers.extend(lent(&session));
        let passed = std::mem::take(&mut self.caller.told.passed);
        headers.extend(handed(&passed));
        let lines = self.answer_lines(Side::Caller, &headers);
        let headers = lent_lines(&lines);
        let reply = Reply {
            status: 200,
            to_tag: Some(&tag),
            contact: Some(&self.caller.contact),
            headers: &headers,
            body: (!is_settled && !ours.is_empty()).then_some(("application/sdp", ours)),
            ..Reply::default()
        };
        let now = room.now.instant;
        if let Some(wire) = room.stack.respond(now, server, &reply, room.sends) {
            let cseq = self.caller.invite_cseq;
            self.unacked[Side::Caller as usize] = Some(Unacked::boxed(now, wire, self.caller.flow, cseq));
        }
    }

    /// A copy of the 2xx that was taken, or one of another fork, or one that crossed our CANCEL.
    fn accepted_again(&mut self, room: &mut Room<'_>, flow: Flow, message: &Message<'_>) {
        if self.side_of(message).is_some() {
            return self.acknowledge_again(room, message);
        }
        let tag = message.to().tag().unwrap_or_default();
        if self.outrun.iter().any(|one| **one == *tag) {
            stray::answered_again(room, flow, message);
        } else {
            self.outrun.push(tag.into());
            stray::answered(room, flow, message);
        }
    }

    fn rejected(&mut self, room: &mut Room<'_>, status: u16, flow: Flow, message: &Message<'_>) {
        if matches!(status, 401 | 407) && self.prove(room, flow, message) {
            return;
        }
        if status == 422 && self.invite_for_longer(room, flow, message) {
            return;
        }
        let State::Placing(attempt) = &self.state else { return };
        let plan = Arc::clone(&self.plan);
        let plan = &plan.attempts[attempt.index];
        let was_told = attempt.was_told();
        let taken = plan.responses.becomes(status, q850_of(message)).unwrap_or(status);
        let phrase = phrase_of(status, taken, message);
        self.note_objections(status, message);
        if let (503, Ok(Some(seconds))) = (status, message.retry_after()) {
            self.note_outcome(room, Outcome::Rests(Duration::from_secs(seconds.into())));
        }
        let cause = Cause::Status(taken);
        // A server that says 503 speaks for this address only (RFC 3263 4.3).
        if taken == 503
            && !was_told
            && plan.moves_on.contains(cause)
            && self.next_address(room, cause, &phrase)
        {
            return;
        }
        if matches!(taken, 300..=399) && self.redirected(room, taken, &phrase, message) {
            return;
        }
        self.attempt_failed(room, cause, &phrase);
    }

    /// What a far end said against the session, and what it was offered: together they say what did not
    /// fit.
    fn note_objections(&mut self, status: u16, message: &Message<'_>) {
        if let Some(warning) = message.line(Header::Warning) {
            let warning: String = warning.chars().take(WARNING_SHOWN).collect();
            self.draft.attempt_note(format!("it warned: {warning}"));
        }
        if matches!(status, 415 | 488 | 606)
            && let Ok(offered) = Session::parse(self.bridge.told(Side::Callee))
        {
            self.draft.attempt_note(format!("it was offered {}", sdp::in_words(&offered)));
        }
    }

    /// Answers a provider's challenge with the trunk's account.
    fn prove(&mut self, room: &mut Room<'_>, flow: Flow, message: &Message<'_>) -> bool {
        let plan = Arc::clone(&self.plan);
        let State::Placing(attempt) = &mut self.state else { return false };
        let attempt_plan = &plan.attempts[attempt.index];
        let Some(account) = &attempt_plan.credentials else { return false };
        if attempt.proofs >= PROOFS_MAX {
            return false;
        }
        let Some((name, challenge)) = auth::pick(message) else { return false };
        let proof = auth::answer(
            challenge,
            auth::Credentials { user: &account.user, password: account.password.reveal() },
            Method::Invite.as_str(),
            &attempt_plan.heading.request_uri.text(),
            &[],
            room.stack.chance(),
            1,
        );
        let Some(value) = proof else { return false };
        attempt.proofs += 1;
        attempt.cseq += 1;
        let large = attempt.large;
        self.invite(room, attempt_plan, (flow, large), Some((name, &value))).is_ok()
    }

    /// The callee takes only longer session intervals: the same INVITE again with one (RFC 4028, 7.3).
    fn invite_for_longer(&mut self, room: &mut Room<'_>, flow: Flow, message: &Message<'_>) -> bool {
        let plan = Arc::clone(&self.plan);
        let State::Placing(attempt) = &mut self.state else { return false };
        if attempt.timer.raise(message).is_none() {
            return false;
        }
        attempt.cseq += 1;
        let (attempt_plan, large) = (&plan.attempts[attempt.index], attempt.large);
        self.invite(room, attempt_plan, (flow, large), None).is_ok()
    }

    /// No attempt is left: the caller hears why.
    pub(crate) fn fail(&mut self, room: &mut Room<'_>) {
        if let Some(round) = self.next_round_for_help(room.now.instant) {
            self.rounds.now = round;
            return self.try_from(room, 0);
        }
        let status = self.draft.last_cause().map_or(480, caller_status);
        self.report(status);
        if !self.says_why(room, status) {
            self.refuse_caller(room, status);
        }
    }
}

/// The Q.850 cause of a response (RFC 6432).
fn q850_of(message: &Message<'_>) -> Option<u8> {
    message.values(Header::Reason).find_map(|value| {
        let mut parts = value.split(';').map(str::trim);
        parts.next().filter(|protocol| protocol.eq_ignore_ascii_case("Q.850"))?;
        parts.find_map(|part| {
            let (name, figure) = part.split_once('=')?;
            name.trim().eq_ignore_ascii_case("cause").then(|| figure.trim().parse().ok()).flatten()
        })
    })
}

fn phrase_of(status: u16, taken: u16, message: &Message<'_>) -> String {
    let said = match message.line(Header::Reason) {
        Some(reason) => format!("it answered {status} ({reason})"),
        None => format!("it answered {status} {}", sip_message::reason_phrase(status)),
    };
    if taken == status { said } else { format!("{said}, taken for {taken}") }
}

/// What is known of an answer's media.
#[derive(PartialEq)]
enum Said {
    Nothing,
    This(Box<[u8]>),
    /// The callee's offer was answered before the answer.
    Agreed,
}

fn said_before(early: Option<&Early>) -> Said {
    early.and_then(|early| early.theirs.clone()).map_or(Said::Nothing, Said::This)
}

/// What a caller is told when the last attempt failed.
fn caller_status(cause: Cause) -> u16 {
    match cause {
        // A challenge is between the provider and us; so is a redirection that isn't followed.
        Cause::Status(401 | 407) => 403,
        Cause::Status(300..=399) => 480,
        Cause::Status(status) => status,
        Cause::Timeout | Cause::NoAnswer => 408,
        Cause::Dns | Cause::Transport | Cause::Limit => 503,
        Cause::Media => 488,
    }
}
