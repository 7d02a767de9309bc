//! The end of a call: BYEs, the relay's figures, the record.
//!
//! Who hung up is answered only when the record is kept, and so is who called in vain: a call that its
//! parties know to be over has one.

use std::sync::Arc;
use std::time::{Duration, Instant};

use media::{ChatFigures, SessionKey, Side};
use performance::Leave;
use policy::{Callee, Cause, HeaderPlace, Line};
use sip_message::{Header, Message, Method};
use sip_stack::{ClientId, ServerId};

use crate::call::{Call, State};
use crate::closing::{Bye, Closing, Ending, Stage};
use crate::draft::part_of;
use crate::end::{Asked, End};
use crate::lines::handed;
use crate::said::Said;
use crate::{EndedBy, Room, part};

/// How often a call takes other ports when those it leased can't be opened.
const FRESH_PORTS_MAX: u8 = 4;

/// How long the record waits for the relay's figures.
const FIGURES_WAIT: Duration = Duration::from_millis(500);

impl Call {
    /// A BYE from a side.
    pub(crate) fn bye(&mut self, room: &mut Room<'_>, server: ServerId, side: Side, message: &Message<'_>) {
        self.unacked[side as usize] = None;
        let is_transferor = self.is_transferor(side);
        self.note_leave(room, side);
        match &mut self.state {
            State::Placing(_) => {
                self.cancel_attempt(room, None);
                self.answer_bye(room, server);
            }
            State::Refusing(_) => {
                self.leaves_refused(room);
                self.answer_bye(room, server);
            }
            State::Up(_) if is_transferor => {
                room.reply(server, 200);
                self.goes_on_without(room, side);
            }
            State::Up(_) => {
                let ended_by = match side {
                    Side::Caller => EndedBy::Caller,
                    Side::Callee => EndedBy::Callee,
                };
                let mut lines = self.passed_on(side, HeaderPlace::Bye, message);
                if let Some(reason) = message.line(Header::Reason)
                    && lines.iter().all(|(name, _)| !name.eq_ignore_ascii_case("Reason"))
                {
                    lines.push(("Reason".into(), reason.to_owned()));
                }
                self.draft.ended_by(ended_by);
                self.leave_exchange(room);
                self.take_leave(room);
                self.send_bye(room, side.other(), lines);
                if let State::Closing(closing) = &mut self.state {
                    closing.held.push(server);
                }
                self.close(room, Ending::HungUp);
            }
            State::Closing(_) => self.answer_bye(room, server),
        }
    }

    /// A side has said that its session is over, perhaps while we were saying so.
    fn note_leave(&mut self, room: &mut Room<'_>, side: Side) {
        let is_news = match &mut self.state {
            State::Up(_) => true,
            State::Closing(closing) => closing.is_crossed_by(side),
            State::Placing(_) | State::Refusing(_) => false,
        };
        if is_news {
            self.count_completed(room, side);
        }
    }

    /// A session with a trunk is over as it should be. Those that it asked us for are not its service.
    fn count_completed(&self, room: &mut Room<'_>, side: Side) {
        if let End { party: Callee::Trunk(name), asked: Asked::ByUs, .. } = self.end(side) {
            room.performance.of(name).completed += 1;
        }
    }

    /// Counts how long a BYE of ours to a trunk was out.
    fn count_leave(&self, room: &mut Room<'_>, bye: (Side, Instant), leave: Leave) {
        let (side, since) = bye;
        if let Callee::Trunk(name) = &self.end(side).party {
            let waited = room.now.instant.saturating_duration_since(since).as_millis();
            room.performance.of(name).left(leave, u64::try_from(waited).unwrap_or(u64::MAX));
        }
    }

    /// Nothing was said to a BYE of ours.
    pub(crate) fn bye_unanswered(&mut self, room: &mut Room<'_>, client: ClientId, cause: Cause) {
        let State::Closing(closing) = &mut self.state else { return };
        let Some(Bye { side, since, .. }) = closing.bye_ended(client) else { return };
        if cause == Cause::Timeout {
            self.count_leave(room, (side, since), Leave::TimedOut);
        }
    }

    /// As soon as the record is kept.
    fn answer_bye(&mut self, room: &mut Room<'_>, server: ServerId) {
        match &mut self.state {
            State::Closing(Closing { stage: Stage::Counting(_), held, .. }) => held.push(server),
            _ => room.reply(server, 200),
        }
    }

    /// A far end that no longer knows the call (RFC 3261 12.2.1.2), or says nothing any more. For a transfer
    /// the transferor is not needed: its BYE may be under way.
    pub(crate) fn lost(&mut self, room: &mut Room<'_>, side: Side) {
        if self.is_transferor(side) {
            return self.goes_on_without(room, side);
        }
        self.end_both(room, EndedBy::House, Ending::Lost(side));
    }

    /// The house ends an answered call.
    pub(crate) fn end_both(&mut self, room: &mut Room<'_>, by: EndedBy, ending: Ending) {
        self.draft.ended_by(by);
        self.leave_exchange(room);
        self.take_leave(room);
        let why: Vec<Line> =
            ending.reason().map(|why| ("Reason".into(), why.to_owned())).into_iter().collect();
        for side in [Side::Caller, Side::Callee] {
            let is_told = side == Side::Caller && matches!(ending, Ending::NoPrack | Ending::Cancelled);
            if ending != Ending::Lost(side) && !is_told {
                self.send_bye(room, side, why.clone());
            }
        }
        self.close(room, ending);
    }

    /// An operator ends whatever this call is doing.
    pub(crate) fn hang_up(&mut self, room: &mut Room<'_>) {
        match &self.state {
            State::Placing(attempt) => {
                if let Some(client) = attempt.client() {
                    room.stack.cancel(room.now.instant, client, None, room.sends);
                }
                self.answer_last(room, 503, Vec::new());
                self.report(503);
                self.draft.ended_by(EndedBy::House);
                self.close(room, Ending::Operator);
            }
            State::Refusing(refusing) => {
                let status = refusing.status;
                self.refuse_caller(room, status);
            }
            State::Up(_) => self.end_both(room, EndedBy::House, Ending::Operator),
            State::Closing(_) => {}
        }
    }

    /// From here on only the end is carried out; keeps the callee's dialog for it.
    fn take_leave(&mut self, room: &mut Room<'_>) {
        let before = std::mem::replace(&mut self.state, State::Closing(Closing::default()));
        let State::Up(callee) = before else { return };
        self.state = State::Closing(Closing { callee: Some(callee.dialog), ..Closing::default() });
        for side in [Side::Caller, Side::Callee] {
            self.pay_ack(room, side);
        }
    }

    fn send_bye(&mut self, room: &mut Room<'_>, side: Side, lines: Vec<Line>) {
        if side == Side::Caller && self.caller.invite.is_some() {
            // The answer was held back until the caller acknowledged what came before it.
            return self.answer_last(room, 480, Vec::new());
        }
        let must_wait = self.unacked[side as usize].is_some();
        if must_wait {
            if let State::Closing(closing) = &mut self.state {
                closing.owed = Some((side, lines));
            }
            return;
        }
        let said = Said::new(Method::Bye, &handed(&lines).collect::<Vec<_>>());
        let since = room.now.instant;
        if let Some(client) = self.say_inside(room, (side, part::BYE), &said, None)
            && let State::Closing(closing) = &mut self.state
        {
            closing.byes.push(Bye { side, client, said, since, is_crossed: false });
        }
    }

    /// The ACK that a BYE had to wait for has come, or never will.
    pub(crate) fn bye_owed(&mut self, room: &mut Room<'_>, side: Side) {
        let State::Closing(closing) = &mut self.state else { return };
        if closing.owed.as_ref().is_some_and(|(owed, _)| *owed == side)
            && let Some((_, lines)) = closing.owed.take()
        {
            self.send_bye(room, side, lines);
        }
    }

    /// Ends the media, and keeps the record as soon as it is whole.
    pub(crate) fn close(&mut self, room: &mut Room<'_>, ending: Ending) {
        self.let_others_go(room, None, "the call was over");
        self.keep_party();
        self.leave_line();
        if !matches!(self.state, State::Closing(_)) {
            self.state = State::Closing(Closing::default());
        }
        self.permits.clear();
        self.ring.permits.clear();
        self.passing.clear();
        self.leave_transfer();
        self.parked = None;
        self.leave_recorders(room);
        if self.draft.is_answered() {
            self.both_have_time(room);
        }
        self.note_session();
        let whose = ending.side().map(|side| (side, self.end(side).party.clone()));
        self.draft.ended(room, ending, whose);
        self.bridge.close(room);
        if let State::Closing(closing) = &mut self.state
            && self.bridge.is_closing()
        {
            closing.stage = Stage::Counting(room.now.instant + FIGURES_WAIT);
        } else {
            self.keep(room);
        }
    }

    /// The relay speaks.
    pub(crate) fn heard(&mut self, room: &mut Room<'_>, event: &media::Event) {
        let session = event.session();
        if let media::Event::Chatted { stream, figures, .. } = event {
            return self.chatted(room, session, *stream, figures);
        }
        if self.is_of_copies(session) {
            if let media::Event::Failed { why, .. } = event {
                self.copies_failed(room, session, why);
            }
            return;
        }
        if self.bridge.was(session) {
            if let media::Event::Finished { figures, .. } = event {
                self.bridge.counted_before(figures);
            }
            return;
        }
        if !self.take_up_session(session) {
            return;
        }
        match event {
            media::Event::Finished { figures, .. } => {
                self.bridge.finished(room, figures);
                if !self.bridge.is_closing() {
                    self.keep(room);
                }
            }
            media::Event::Failed { why, .. } => self.media_failed(room, why),
            media::Event::Latched { side: Side::Callee, .. } => self.sound_came(room),
            media::Event::Latched { .. }
            | media::Event::Chatted { .. }
            | media::Event::Taped(_)
            | media::Event::Excerpted(_) => {}
            media::Event::Pressed { press, .. } if self.meets.is_some() => self.types(room, *press),
            media::Event::Pressed { side, press, .. } => self.pressed(room, side.other(), *press),
            media::Event::Signalled { side, signal, .. } => self.signalled(room, *side, *signal),
            media::Event::NoWay { side, why, .. } => {
                self.draft.followed(format!("media of {}: {why}; it goes on without", part_of(*side)));
            }
            media::Event::LastHeard { caller, callee, signs, .. } => {
                self.judge_silence(room, [*caller, *callee], signs);
            }
        }
    }

    /// A session of messages is over.
    fn chatted(&mut self, room: &mut Room<'_>, session: SessionKey, stream: u8, figures: &ChatFigures) {
        self.draft.chatted(figures);
        if self.take_up_session(session) && self.bridge.chatted(room, stream) && !self.bridge.is_closing() {
            self.keep(room);
        }
    }

    fn media_failed(&mut self, room: &mut Room<'_>, why: &str) {
        if let State::Refusing(refusing) = &self.state {
            let status = refusing.status;
            return self.refuse_caller(room, status);
        }
        let State::Placing(attempt) = &self.state else { return self.draft.note(why) };
        let (index, was_told) = (attempt.index, attempt.was_told());
        if let Some(client) = attempt.client() {
            room.stack.cancel(room.now.instant, client, None, room.sends);
        }
        if was_told || self.bridge.rounds() >= FRESH_PORTS_MAX {
            return self.attempt_failed(room, Cause::Media, why);
        }
        // Somebody else sits on a port of ours: the same peer is asked again, with other ports.
        self.draft.attempt_failed(room, Cause::Media, why);
        self.bridge.begin_anew(room);
        let plan = Arc::clone(&self.plan);
        self.ring.permits.clear();
        self.draft.attempt_began(room, &plan.attempts[index]);
        if let Err((cause, words)) = self.start(room, index, &plan.attempts[index]) {
            self.attempt_failed(room, cause, &words);
        }
    }

    pub(crate) fn expire_closing(&mut self, room: &mut Room<'_>) {
        let State::Closing(closing) = &self.state else { return };
        if closing.deadline().is_some_and(|until| until <= room.now.instant) {
            self.bridge.shut(room);
            self.keep(room);
        }
    }

    /// Keeps the record, once, and then lets those go who hung up.
    fn keep(&mut self, room: &mut Room<'_>) {
        let State::Closing(closing) = &mut self.state else { return };
        closing.stage = Stage::Kept;
        let held = std::mem::take(&mut closing.held);
        if let Some(record) = self.draft.finish(self.bridge.sound()) {
            if self.draft.has_begun() {
                self.tell_ended(room, &record);
            }
            room.keep.push(record);
        }
        for server in held {
            room.reply(server, 200);
        }
        self.say_last(room);
    }

    /// A final answer to a BYE of ours.
    pub(crate) fn bye_answered(&mut self, room: &mut Room<'_>, client: ClientId, message: &Message<'_>) {
        let status = message.status().unwrap_or_default();
        let State::Closing(closing) = &mut self.state else { return };
        if status < 200 {
            return;
        }
        let Some(Bye { side, mut said, since, is_crossed, .. }) = closing.bye_ended(client) else { return };
        match status {
            200..=299 => {
                self.count_leave(room, (side, since), Leave::Answered);
                if !is_crossed {
                    self.count_completed(room, side);
                }
            }
            401 | 407 => {
                if let Some(client) = self.prove_inside(room, (side, part::BYE), &mut said, message)
                    && let State::Closing(closing) = &mut self.state
                {
                    closing.byes.push(Bye { side, client, said, since, is_crossed });
                }
            }
            _ => {}
        }
    }
}
