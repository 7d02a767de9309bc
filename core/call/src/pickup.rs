//! A call that rings at one phone is picked up at another: by Replaces (RFC 3891), or by a code.
//!
//! Caller and picker have both offered by then, and neither is asked again: each is answered with what both
//! can. The phones that ring are cancelled; the call goes on as one that the picker has answered.

use std::sync::Arc;
use std::time::Instant;

use media::Side;
use policy::history::Reason;
use policy::{AttemptPlan, Callee as Party, Code, Direction, MediaPlan, Refusal, Service, Whereabouts};
use sip_message::{Header, Message};
use sip_stack::{Dialog, Flow, Reply, ServerId, Token};

use crate::Room;
use crate::arrival::{self, Admitted, asked_as};
use crate::bridge::NoMedia;
use crate::call::{Call, Callee, State, Unacked};
use crate::draft::{Draft, Row};
use crate::end::End;
use crate::lines::lent_lines;
use crate::replaces::Replaced;
use crate::ring::ELSEWHERE;
use crate::stand::{Reached, Stand};
use crate::table::Calls;
use crate::talker::Talker;
use crate::timer::{FROM_CHANGE, lent};

/// A call, and which of its attempts rings.
pub(crate) type Ringing = (Token, Row);

impl Calls {
    /// Does what an INVITE wants that calls nobody.
    pub(crate) fn serve(
        &mut self,
        room: &mut Room<'_>,
        request: (ServerId, Flow),
        message: &Message<'_>,
        admitted: Admitted,
    ) {
        let found = match &admitted.plan.service {
            Some(Service::Orbit(parking)) => {
                let parking = parking.clone();
                return self.retrieve(room, request, message, (admitted, parking));
            }
            Some(Service::Meet(conference)) => {
                let conference = conference.clone();
                return self.enter(room, request, message, (admitted, conference));
            }
            Some(Service::Mark) => return self.mark(room, request, message, admitted),
            Some(Service::PickUp(users)) => {
                let picker = &admitted.plan.calling.0;
                let here = self.ringing_for_longest(picker, users);
                let proven = admitted.facts.authenticated.as_deref();
                let began = here.map(|(began, _)| began);
                if room.hands_on_to_ringing((request.0, proven), (picker, users), began) {
                    return;
                }
                here.map(|(_, ringing)| ringing)
            }
            None => None,
        };
        match found {
            Some(ringing) => self.pick_up(room, request, message, admitted, ringing),
            None => {
                let refusal = Refusal::new(Code::NOTHING_RINGS, "nothing rings there, or not any more");
                refuse(room, request.0, message, &admitted, &refusal);
            }
        }
    }

    /// The oldest call that rings at one of these users and may be picked up by this one.
    fn ringing_for_longest(&self, picker: &Arc<str>, users: &[Arc<str>]) -> Option<(Instant, Ringing)> {
        let is_own = |call: &&Call| call.end(Side::Caller).party == Party::User(picker.clone());
        let all = self.in_progress().filter(|call| !is_own(call));
        let ringing = all.filter_map(|call| Some((call.draft.began(), call.rings_at(users)?, call.key)));
        let oldest = ringing.min_by_key(|(began, _, key)| (*began, key.bits()));
        oldest.map(|(began, row, key)| (began, (key, row)))
    }

    /// The early dialog that a Replaces names, if it is one that the house began.
    pub(crate) fn ringing_named(&mut self, message: &Message<'_>) -> Option<Ringing> {
        let replaced = message.line(Header::Replaces).and_then(Replaced::parse)?;
        let call = self.lend(replaced.token()?)?;
        let row = call.row_replaced(&replaced);
        let key = call.key;
        self.put_back(call);
        row.map(|row| (key, row))
    }

    /// Whoever calls takes a call that rings elsewhere.
    pub(crate) fn pick_up(
        &mut self,
        room: &mut Room<'_>,
        (server, flow): (ServerId, Flow),
        message: &Message<'_>,
        admitted: Admitted,
        (key, row): Ringing,
    ) {
        let Some(mut call) = self.lend(key) else { return room.reply(server, 481) };
        let parent = call.draft.id();
        let outcome = call.picked_up(room, (server, flow), message, (&admitted, row));
        self.settle(room, call);
        match outcome {
            Ok(words) => {
                let Admitted { facts, trail, plan, .. } = admitted;
                let record = Draft::served(room, message, (facts, trail, &plan), (parent, words));
                room.keep.push(record);
            }
            Err(refusal) => refuse(room, server, message, &admitted, &refusal),
        }
    }
}

impl Call {
    /// The attempt that rings at one of these users, if the call may be picked up there.
    fn rings_at(&self, users: &[Arc<str>]) -> Option<Row> {
        let is_meant = |party: &Party| matches!(party, Party::User(name) if users.contains(name));
        let ringing = self.attempts().filter(|attempt| attempt.was_told());
        let mut meant = ringing.filter(|attempt| is_meant(&self.plan.attempts[attempt.index].callee));
        meant.find(|attempt| self.may_be_picked_up(attempt.index).is_ok()).map(|attempt| attempt.row)
    }

    /// The users at whose phones it rings, and may be picked up.
    pub(crate) fn rings_for_others(&self) -> Vec<Arc<str>> {
        let mut users: Vec<Arc<str>> = Vec::new();
        for attempt in self.attempts().filter(|attempt| attempt.was_told()) {
            let Party::User(name) = &self.plan.attempts[attempt.index].callee else { continue };
            if self.may_be_picked_up(attempt.index).is_ok() && !users.contains(name) {
                users.push(name.clone());
            }
        }
        users
    }

    /// The attempt that has this early dialog with a phone.
    fn row_replaced(&self, replaced: &Replaced) -> Option<Row> {
        let has_it = |dialog: &Dialog| {
            dialog.call_id() == replaced.call_id
                && dialog.local_tag().eq_ignore_ascii_case(&replaced.to_tag)
                && dialog.remote_tag().eq_ignore_ascii_case(&replaced.from_tag)
        };
        self.attempts().find(|attempt| attempt.earlies.dialogs().any(has_it)).map(|attempt| attempt.row)
    }

    fn may_be_picked_up(&self, index: usize) -> Result<(), Refusal> {
        let attempt = &self.plan.attempts[index];
        let refused = |words: &str| Err(Refusal::new(Code::NO_PICKUP, words));
        if self.plan.emergency {
            return Err(Refusal::new(Code::TRANSFER_OF_HELP, "a call for help stays as it is"));
        }
        match &attempt.callee {
            Party::Trunk(_) => refused("it rings outside"),
            Party::User(_) if self.plan.is_private => refused("it rings on a private line"),
            Party::User(_) if self.plan.is_callback => refused("it answers a call for help"),
            Party::User(_) if is_for_a_team(attempt) => refused("somebody else was called: it rings along"),
            Party::User(_) if self.origin.is_some() => refused("it is being transferred"),
            Party::User(_) if self.made.is_some() => refused("it rings for somebody who wants to call"),
            Party::User(_) if self.caller.offer.is_none() => {
                refused("its caller left the offer to who answers")
            }
            Party::User(_) => Ok(()),
        }
    }

    /// The call is that of whoever sent this INVITE; what its record says.
    fn picked_up(
        &mut self,
        room: &mut Room<'_>,
        (server, flow): (ServerId, Flow),
        message: &Message<'_>,
        (admitted, row): (&Admitted, Row),
    ) -> Result<String, Refusal> {
        let picker = &admitted.plan.calling.0;
        let is_outside = matches!(admitted.plan.direction, Direction::Inbound | Direction::Transit);
        let taker = policy::taker(room.policy, picker).filter(|_| !is_outside);
        let (Some(mut taker), Some(theirs)) = (taker, admitted.offer.as_deref()) else {
            let words = "only a phone of ours may, and it says what it can hear";
            return Err(Refusal::new(Code::NOT_THEIR_CALL, words));
        };
        let Some(index) = self.attempts().find(|attempt| attempt.row == row).map(|attempt| attempt.index)
        else {
            return Err(Refusal::new(Code::NOTHING_RINGS, "it does not ring any more"));
        };
        let plan = Arc::clone(&self.plan);
        let rings_at = plan.attempts[index].callee.name();
        self.may_be_picked_up(index)?;
        policy::may_pick_up(room.policy, picker, rings_at)?;
        if let Some(across) = self.whereabouts(Side::Caller) {
            policy::may_speak(room.policy, &Whereabouts::Address(admitted.facts.source.ip()), &across)?;
        }
        taker.media = both_allow(&plan.attempts[index].media, &taker.media);
        self.take_up(|attempt| attempt.row == row);
        let stand = Stand::of(room, flow, Reached::asked_by(message), &taker.leg);
        let told = self.meet(room, stand, theirs, &taker.media)?;
        if let Some(ringing) = self.ring.beside.last_mut() {
            self.permits.append(&mut ringing.permits);
        }
        let words = format!("picked up by {picker}");
        self.let_others_go(room, Some(ELSEWHERE), &words);
        self.draft.note(&words);
        self.seat_taker(room, flow, message, (taker, admitted));
        self.answer_taker(room, (server, flow), message, (admitted, &told[1]));
        self.accept_caller(room, &told[0]);
        self.tell_answered(room);
        Ok(format!("{picker} picked up what rang at {rings_at}"))
    }

    /// Media of caller and picker, beside that of those who ring; these ring on if there can be none.
    fn meet(
        &mut self,
        room: &mut Room<'_>,
        stand: Stand,
        theirs: &[u8],
        media: &MediaPlan,
    ) -> Result<[Vec<u8>; 2], Refusal> {
        let own = self.caller.offer.clone().unwrap_or_default();
        self.lay_aside(room, 0);
        self.bridge.face_callee(room, stand);
        let purpose = self.purpose();
        let told = self.bridge.meet(room, [&own, theirs], (media, purpose));
        told.map_err(|none| {
            self.drop_in_hand(room);
            let words = match none {
                NoMedia::Ports => "no media port is free".to_owned(),
                NoMedia::Incompatible(words) | NoMedia::Malformed(words) | NoMedia::Unprotected(words) => {
                    words
                }
            };
            Refusal::new(Code::NO_PICKUP, words).with_status(488)
        })
    }

    /// Whoever picked the call up is its callee from now on.
    fn seat_taker(
        &mut self,
        room: &mut Room<'_>,
        flow: Flow,
        message: &Message<'_>,
        (taker, admitted): (AttemptPlan, &Admitted),
    ) {
        self.draft.attempt_began(room, &taker);
        self.draft.attempt_sent(flow, message.call_id());
        self.draft.picked_up();
        self.draft.answered(room);
        let contact = room.places.contact(flow.listener, asked_as(message), admitted.dialled_user());
        let mut dialog = Dialog::as_callee(message, &self.key.tag(), flow);
        room.registered.settle(&mut dialog);
        let attempt = self.plan.attempts.len();
        let session = Talker::of_request(room, &taker.leg, message);
        let known = taker.connected.clone();
        self.ends[Side::Callee as usize] = End { known, session, ..End::of_callee(&taker) };
        let mut plan = policy::CallPlan::clone(&self.plan);
        plan.attempts.push(taker);
        self.plan = plan.into();
        self.bridge.is_alone();
        self.state = State::Up(Callee { dialog, attempt, contact: contact.into() });
        self.pair_up(room);
        self.timer(Side::Callee).note_abilities(message);
        self.timer(Side::Callee).agree(room.now.instant, admitted.session);
        self.caller.told.passed.clear();
        self.introduce(room, Side::Caller);
        self.introduce(room, Side::Callee);
        self.both_talk(room);
    }

    fn answer_taker(
        &mut self,
        room: &mut Room<'_>,
        (server, flow): (ServerId, Flow),
        message: &Message<'_>,
        (admitted, ours): (&Admitted, &[u8]),
    ) {
        let session = admitted.session.map(|agreement| agreement.answer_headers()).unwrap_or_default();
        let mut headers = vec![("Allow", sip_stack::ALLOW), ("Supported", FROM_CHANGE)];
        headers.extend(lent(&session));
        let lines = self.answer_lines(Side::Callee, &headers);
        let headers = lent_lines(&lines);
        let (tag, contact) = (self.key.tag(), self.contact(Side::Callee).to_owned());
        let reply = Reply {
            status: 200,
            to_tag: Some(&tag),
            contact: Some(&contact),
            headers: &headers,
            body: Some(("application/sdp", ours)),
            ..Reply::default()
        };
        self.answer_in_session(room, Side::Callee, server);
        let now = room.now.instant;
        if let Some(wire) = room.stack.respond(now, server, &reply, room.sends) {
            let cseq = message.cseq().number;
            self.unacked[Side::Callee as usize] = Some(Unacked::boxed(now, wire, flow, cseq));
        }
    }
}

/// Whether it rings because somebody else was called.
fn is_for_a_team(attempt: &AttemptPlan) -> bool {
    attempt.sent_on.last().is_some_and(|last| last.reason == Reason::FollowMe)
}

/// What may be spoken where it rings, as far as the picker may speak it too.
fn both_allow(ringing: &MediaPlan, taker: &MediaPlan) -> MediaPlan {
    let common: Vec<_> =
        ringing.codecs.iter().filter(|codec| taker.codecs.contains(codec)).cloned().collect();
    let codecs = if common.is_empty() { ringing.codecs.clone() } else { common.into() };
    MediaPlan { path: taker.path, codecs, also: taker.also.clone() }
}

fn refuse(
    room: &mut Room<'_>,
    server: ServerId,
    message: &Message<'_>,
    admitted: &Admitted,
    refusal: &Refusal,
) {
    arrival::refuse(room, server, message, admitted.facts.clone(), admitted.trail.clone(), refusal);
}
