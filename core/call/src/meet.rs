//! Calls to a conference: each has one party, and the house is the other. All that are in one room have
//! their media in one relay, whose `meeting.rs` lets each hear the others.
//!
//! A room is in one shard, which its name tells; its calls draw the same lot, which tells the relay.

use std::sync::Arc;
use std::time::{Duration, Instant};

use media::{Begins, MeetingKey, Muted, Order, Played, Press, Seat, Side};
use policy::{Cause, Code, Conference, Direction, Refusal, Whereabouts};
use sip_message::{Header, Message};
use sip_stack::{Flow, Reply, ServerId};

use crate::arrival::{self, Admitted};
use crate::body::{self, Body};
use crate::bridge::{NoMedia, Part};
use crate::call::{Call, Callee, State, Unacked};
use crate::closing::Ending;
use crate::exchange::Verb;
use crate::lines::lent_lines;
use crate::meets::{Door, Meets, Offer, Typed, meeting_of};
use crate::moving::Presence;
use crate::plays::Wish;
use crate::table::Calls;
use crate::timer::lent;
use crate::{EndedBy, Room, host, plays, refresh};

/// So long the PIN is waited for.
const PIN_WITHIN: Duration = Duration::from_secs(45);

impl Calls {
    /// Whoever calls meets others.
    pub(crate) fn enter(
        &mut self,
        room: &mut Room<'_>,
        (server, flow): (ServerId, Flow),
        message: &Message<'_>,
        (admitted, conference): (Admitted, Arc<Conference>),
    ) {
        let meeting = meeting_of(&conference);
        if room.hands_on_to_meeting((server, admitted.facts.authenticated.as_deref()), meeting) {
            return;
        }
        if let Err(refusal) = self.lets_in(room, &admitted, &conference) {
            let Admitted { facts, trail, .. } = admitted;
            return arrival::refuse(room, server, message, facts, trail, &refusal);
        }
        let key = self.reserve_for(room, meeting);
        self.lend_out(key);
        let mut call = Box::new(Call::new(room, key, server, flow, message, admitted));
        call.timer(Side::Caller).note_abilities(message);
        call.name_caller(room, message);
        call.tell_started(room);
        call.enter(room, conference);
        self.settle(room, call);
    }

    /// Whether a place is left, and everybody there may speak with whoever comes.
    fn lets_in(&self, room: &Room<'_>, admitted: &Admitted, conference: &Conference) -> Result<(), Refusal> {
        let name = conference.name();
        if conference.is_full() {
            let words = format!("{} are in conference {name}, which is its limit", conference.ceiling());
            return Err(Refusal::new(Code::CONFERENCE_FULL, words));
        }
        let newcomer = match admitted.plan.direction {
            Direction::Inbound | Direction::Transit => Whereabouts::Trunk(admitted.plan.calling.0.clone()),
            Direction::Outbound | Direction::Internal => Whereabouts::Address(admitted.facts.source.ip()),
        };
        let is_there = |call: &&Call| call.meets.as_ref().is_some_and(|one| *one.conference == *conference);
        let mut there = self.in_progress().filter(is_there);
        there.try_for_each(|call| policy::may_speak(room.policy, &newcomer, &call.member()))
    }
}

impl Call {
    /// Where the party of a call to a conference is.
    fn member(&self) -> Whereabouts {
        match &self.end(Side::Caller).party {
            policy::Callee::Trunk(name) => Whereabouts::Trunk(name.clone()),
            policy::Callee::User(_) => Whereabouts::Address(self.caller.dialog.flow().remote.ip()),
        }
    }

    fn enter(&mut self, room: &mut Room<'_>, conference: Arc<Conference>) {
        let plan = Arc::clone(&self.plan);
        self.draft.attempt_began(room, &plan.attempts[0]);
        self.draft.meets(conference.name());
        let contact = self.caller.contact.clone();
        self.state = State::Up(Callee { dialog: self.caller.dialog.clone(), attempt: 0, contact });
        self.here[Side::Callee as usize] = Presence::Away;
        let theirs = self.caller.offer.take();
        let offer = if theirs.is_some() { Offer::Answered } else { Offer::Made };
        let user = match &self.end(Side::Caller).party {
            policy::Callee::User(name) => Some(name),
            policy::Callee::Trunk(_) => None,
        };
        let pin = conference.pin_of(user);
        let door =
            pin.map(|pin| Door::new(pin, Played::Tone(conference.prompt()), room.now.instant + PIN_WITHIN));
        self.meets = Some(Box::new(Meets::new(conference, door, offer)));
        let taken = self.take_claims(&plan.attempts[0]);
        self.permits.append(&mut self.ring.permits);
        let ours = taken.and_then(|()| match theirs {
            Some(theirs) => self.answer_of_room(room, &theirs),
            None => self.offer_of_room(room),
        });
        match ours {
            Ok(ours) => {
                self.draft.answered(room);
                self.both_talk(room);
                self.accept_caller(room, &ours);
                self.tell_answered(room);
            }
            Err((cause, words)) => {
                self.draft.attempt_failed(room, cause, &words);
                self.fail(room);
            }
        }
    }

    /// What the party is told that has offered this: the room takes part as a far end that understands all
    /// that can be mixed.
    fn answer_of_room(&mut self, room: &mut Room<'_>, theirs: &[u8]) -> Result<Vec<u8>, (Cause, String)> {
        let plan = Arc::clone(&self.plan);
        let media = &plan.attempts[0].media;
        let offered = self.describe(room, Side::Caller, Part::Offer, theirs, media).map_err(failure)?;
        let Some(answer) = host::answer(&offered) else {
            let words = "it offered no codec that a conference can mix".to_owned();
            return Err((Cause::Media, words));
        };
        self.describe(room, Side::Callee, Part::Answer, &answer, media).map_err(failure)
    }

    /// What a party is offered that has left the offer to us.
    fn offer_of_room(&mut self, room: &mut Room<'_>) -> Result<Vec<u8>, (Cause, String)> {
        let plan = Arc::clone(&self.plan);
        let media = &plan.attempts[0].media;
        self.describe(room, Side::Callee, Part::Offer, &host::offer(), media).map_err(failure)
    }

    /// A party of a conference offers something else than before, or asks for our offer.
    pub(crate) fn negotiate_in_room(&mut self, room: &mut Room<'_>, server: ServerId, message: &Message<'_>) {
        let Ok(agreement) = self.end(Side::Caller).timer.judge(message) else {
            return refresh::too_short(room, server);
        };
        if self.is_unsettled() {
            return room.reply(server, 491);
        }
        self.timer(Side::Caller).note_abilities(message);
        let before = self.bridge.agreed(Side::Caller);
        let (ours, offer) = match body::of(message) {
            Body::Unknown => return room.reply_with(server, 415, None, &body::READABLE),
            Body::None => (Ok(self.bridge.told(Side::Caller).to_vec()), Offer::Made),
            Body::Sdp(theirs) => (self.answer_of_room(room, theirs), Offer::Answered),
        };
        let Ok(ours) = ours else {
            self.bridge.restore(room, Side::Caller, before);
            return room.reply(server, 488);
        };
        if let Some(meets) = &mut self.meets {
            meets.offer = offer;
        }
        self.timer(Side::Caller).agree(room.now.instant, agreement);
        self.learn(room, Side::Caller, message);
        let contact = self.contact(Side::Caller).to_owned();
        let session = agreement.map(|agreement| agreement.answer_headers()).unwrap_or_default();
        let mut headers = vec![("Allow", sip_stack::ALLOW)];
        headers.extend(lent(&session));
        let lines = self.answer_lines(Side::Caller, &headers);
        let headers = lent_lines(&lines);
        let reply = Reply {
            status: 200,
            contact: Some(&contact),
            headers: &headers,
            body: Some(("application/sdp", &ours)),
            ..Reply::default()
        };
        let now = room.now.instant;
        let wire = room.stack.respond(now, server, &reply, room.sends);
        let Some(dialog) = self.dialog(Side::Caller) else { return };
        dialog.retarget(message);
        room.registered.settle(dialog);
        message.line(Header::From).into_iter().for_each(|from| dialog.renamed_by(from));
        let flow = dialog.flow();
        if let Some(wire) = wire.filter(|_| Verb::of(message) == Verb::Invite) {
            let unacked = Unacked::boxed(now, wire, flow, message.cseq().number);
            self.unacked[Side::Caller as usize] = Some(unacked);
        }
    }

    /// The ACK of a party of a conference; it holds the answer, where we had offered.
    pub(crate) fn acked_in_room(&mut self, room: &mut Room<'_>, answer: Option<&[u8]>) {
        let offer = self.meets.as_mut().map(|meets| std::mem::replace(&mut meets.offer, Offer::Answered));
        if offer != Some(Offer::Made) {
            return;
        }
        let described =
            answer.and_then(|answer| self.describe_across(room, Side::Caller, Part::Answer, answer));
        if described.is_none() {
            self.end_both(room, EndedBy::House, Ending::NoDescription);
        }
    }

    /// Lets a party that has described itself hear the others, and be heard.
    pub(crate) fn take_seat(&mut self, room: &mut Room<'_>) {
        let Some(meets) = self.meets.as_mut().filter(|_| self.bridge.is_open()) else { return };
        let described = self.bridge.described();
        if meets.described == Some(described) || meets.offer == Offer::Made {
            return;
        }
        meets.described = Some(described);
        let (heard, told) = (self.bridge.heard(Side::Caller), self.bridge.told(Side::Caller));
        let Some((stream, payload_type, codec)) = plays::ear(heard, told) else { return };
        let hears = (payload_type, codec);
        let before = meets.seat.as_ref().filter(|seat| seat.hears.1.clock() == codec.clock());
        let ssrc = before.map_or_else(|| room.stack.chance().u32(), |seat| seat.ssrc);
        let spoken = host::understood(told, usize::from(stream));
        // At the door everybody is alone.
        let meeting = match &meets.door {
            Some(_) => MeetingKey(self.key.bits()),
            None => meeting_of(&meets.conference),
        };
        let seat = Box::new(Seat { meeting, spoken, hears, ssrc, voice: meets.voice });
        if meets.seat.as_ref() != Some(&seat) {
            let (session, side) = (self.bridge.session(), Side::Caller);
            meets.seat = Some(seat.clone());
            room.orders.push(Order::Meet { session, stream, side, seat: Some(seat) });
        }
    }
}

impl Call {
    /// The party of a conference has pressed a key, as its media or an INFO told.
    pub(crate) fn types(&mut self, room: &mut Room<'_>, press: Press) {
        if !matches!(self.state, State::Up(_)) {
            return;
        }
        match self.meets.as_mut().map_or(Typed::Nothing, |meets| meets.types(press)) {
            Typed::Nothing => {}
            Typed::Entered => self.draft.note("the PIN was typed"),
            Typed::Voice(Muted::Yes) => self.draft.note("muted by *6"),
            Typed::Voice(Muted::No) => self.draft.note("heard again by *6"),
            Typed::Refused => self.end_both(room, EndedBy::House, Ending::NoPin),
        }
    }

    pub(crate) fn door_deadline(&self) -> Option<Instant> {
        Some(self.meets.as_ref()?.door.as_ref()?.until)
    }

    /// Nobody waits at the door for ever.
    pub(crate) fn expire_door(&mut self, room: &mut Room<'_>) {
        let is_due = self.door_deadline().is_some_and(|until| until <= room.now.instant);
        if is_due && matches!(self.state, State::Up(_)) {
            self.end_both(room, EndedBy::House, Ending::NoPin);
        }
    }

    /// What is heard at the door.
    pub(crate) fn wished_at_door(&self) -> Option<Wish> {
        let door = self.meets.as_ref()?.door.as_ref()?;
        Some(Wish { what: door.prompt.clone(), begins: Begins::AtOnce })
    }
}

fn failure(none: NoMedia) -> (Cause, String) {
    match none {
        NoMedia::Ports => (Cause::Limit, "no media port is free".to_owned()),
        NoMedia::Incompatible(words) | NoMedia::Malformed(words) | NoMedia::Unprotected(words) => {
            (Cause::Media, words)
        }
    }
}
