//! Parking: a call waits in an orbit, without whoever parked it, until somebody dials its number.
//!
//! The party that stays is put on hold and keeps its call, which goes on with one side empty. Whoever takes
//! it, or is called back, has a call of their own that takes the party over, as after a transfer.

use std::time::Instant;

use media::Side;
use policy::{Callee, Code, Decision, Facts, Parking, Refusal, Trail, Whereabouts};
use sip_message::Message;
use sip_stack::{Flow, ServerId, Token};

use crate::arrival::{self, Admitted};
use crate::bridge::Part;
use crate::call::{Call, State};
use crate::closing::Ending;
use crate::errand::Errand;
use crate::joining::{self, Joining};
use crate::moving::{Begin, Newcomer, Stage, Transfer};
use crate::parked::Parked;
use crate::table::Calls;
use crate::{EndedBy, Room};

impl Calls {
    /// Whoever calls takes the call that is parked at a number.
    pub(crate) fn retrieve(
        &mut self,
        room: &mut Room<'_>,
        (server, flow): (ServerId, Flow),
        message: &Message<'_>,
        (admitted, parking): (Admitted, Parking),
    ) {
        let is_here = parking.number.as_ref().is_some_and(|number| self.key_parked_at(number).is_some());
        if let (Some(number), false) = (&parking.number, is_here)
            && room.hands_on_to_parked((server, admitted.facts.authenticated.as_deref()), number)
        {
            return;
        }
        let found = match self.parked(room, &admitted, &parking) {
            Ok(call) => call,
            Err(refusal) => {
                let Admitted { facts, trail, .. } = admitted;
                return arrival::refuse(room, server, message, facts, trail, &refusal);
            }
        };
        let (mut giver, side) = found;
        let (key, of) = (self.reserve(room), giver.key);
        let words = format!("{}, who dialled {}", admitted.plan.calling, admitted.plan.called);
        let given = giver.give_in_place_of(room, side, (key, words));
        self.move_to(of, key);
        self.settle(room, giver);
        self.lend_out(key);
        let call = Call::begin_in_place(room, key, (server, flow), message, (admitted, of, given));
        self.settle(room, call);
    }

    fn key_parked_at(&self, number: &str) -> Option<Token> {
        let is_there = |call: &&Call| call.parked.as_ref().is_some_and(|parked| *parked.number == *number);
        self.in_progress().find(is_there).map(|call| call.key)
    }

    /// The call at a number, lent out, and the side that is empty.
    fn parked(
        &mut self,
        room: &Room<'_>,
        admitted: &Admitted,
        Parking { orbit, number }: &Parking,
    ) -> Result<(Box<Call>, Side), Refusal> {
        let Some(number) = number else {
            let words = "a call is parked by a transfer to the code; dial a number to take one";
            return Err(Refusal::new(Code::NOBODY_PARKED, words));
        };
        if admitted.offer.is_none() {
            return Err(Refusal::new(Code::NOT_THEIR_CALL, "whoever takes a call says what it can hear"));
        }
        let Some(key) = self.key_parked_at(number) else {
            let is_elsewhere = orbit.is_taken(number);
            let words = if is_elsewhere { "another shard has the call" } else { "nobody is parked there" };
            return Err(Refusal::new(Code::NOBODY_PARKED, format!("{number}: {words}")));
        };
        let mut call = self.lend(key).expect("a call in progress can be lent");
        match call.leave_orbit(room, admitted) {
            Ok(side) => Ok((call, side)),
            Err(refusal) => {
                self.put_back(call);
                Err(refusal)
            }
        }
    }
}

impl Call {
    /// Takes a place in an orbit for the party that stays when a side has transferred it there.
    pub(crate) fn begin_parking(
        &self,
        room: &Room<'_>,
        by: Side,
        (parking, facts): (&Parking, Facts),
    ) -> Result<Errand, Refusal> {
        let Callee::User(name) = &self.end(by).party else {
            return Err(Refusal::new(Code::NOT_PARKED, "only users park calls"));
        };
        if self.parked.is_some() {
            return Err(Refusal::new(Code::NOT_PARKED, "it is parked already"));
        }
        let Some((number, place)) = parking.orbit.take(parking.number.as_deref()) else {
            return Err(Refusal::new(Code::ORBIT_TAKEN, "no number that was asked for is free"));
        };
        let parked = Parked {
            number,
            orbit: parking.orbit.clone(),
            by: name.clone(),
            side: by,
            facts,
            turn: 0,
            until: room.now.instant + parking.orbit.wait(),
            place,
        };
        Ok(Errand::Park { of: self.key, parked: Box::new(parked) })
    }

    /// Whoever parks the call is let go, and the party that stays is put on hold.
    pub(crate) fn park(&mut self, room: &mut Room<'_>, parked: Box<Parked>) {
        let by = parked.side;
        let is_its = |transfer: &mut Transfer| transfer.by == by && transfer.target.is_none();
        if !matches!(self.state, State::Up(_)) || self.transfer.take_if(is_its).is_none() {
            return;
        }
        if let Some(notices) = &mut self.notices {
            notices.at = Some(policy::at_orbit(room.policy, &parked.number));
        }
        self.notify_at_last(room, 200);
        self.draft.note(&format!("parked at {} by {}", parked.number, parked.by));
        // Whatever the party that stays has asked it may ask again: 481 would end its call.
        self.put_off_passing(room, |_| true);
        self.parked = Some(parked);
        self.leave_exchange(room);
        self.pay_ack(room, by);
        self.answer_in_place_of(room, by);
        let nobody = sdp::asleep(self.bridge.heard(by));
        let is_held = self.describe_across(room, by, Part::Offer, &nobody).is_some();
        self.unacked[by as usize] = None;
        self.dismiss(room, by);
        self.timer(by).agree(room.now.instant, None);
        if is_held {
            self.joining = Some(Joining::at(joining::Stage::Holding(by.other())));
            self.ask_to_join(room, None);
        }
    }

    /// The call is about to be taken: nobody is called back any more. The side that is empty.
    fn leave_orbit(&mut self, room: &Room<'_>, admitted: &Admitted) -> Result<Side, Refusal> {
        let busy = || Refusal::new(Code::NOBODY_PARKED, "somebody takes it just now").with_status(491);
        let side = self.parked.as_ref().map(|parked| parked.side).ok_or_else(busy)?;
        if let Some(across) = self.whereabouts(side.other()) {
            policy::may_speak(room.policy, &Whereabouts::Address(admitted.facts.source.ip()), &across)?;
        }
        if self.transfer.as_ref().is_some_and(|transfer| transfer.stage == Stage::Handed) {
            return Err(busy());
        }
        // A hold on its way is overtaken by what the newcomer can hear.
        self.joining = None;
        if !matches!(self.state, State::Up(_)) || !self.is_settled() {
            return Err(busy());
        }
        self.leave_transfer();
        Ok(side)
    }

    pub(crate) fn parking_deadline(&self) -> Option<Instant> {
        self.parked.as_ref().filter(|_| self.transfer.is_none()).map(|parked| parked.until)
    }

    /// It may be time to call somebody back.
    pub(crate) fn expire_parking(&mut self, room: &mut Room<'_>) {
        let is_due = self.parking_deadline().is_some_and(|until| until <= room.now.instant);
        let Some(parked) = self.parked.as_mut().filter(|_| is_due && matches!(self.state, State::Up(_)))
        else {
            return;
        };
        parked.turn = parked.turn.saturating_add(1);
        let who = parked.orbit.turn(parked.turn, &parked.by);
        if !who.is_some_and(|who| self.ring_back(room, &who)) {
            self.wait_in_orbit(room);
        }
    }

    /// Nobody has taken it: it waits on, if somebody is left who could be called back.
    pub(crate) fn wait_in_orbit(&mut self, room: &mut Room<'_>) {
        let Some(parked) = &mut self.parked else { return };
        parked.until = room.now.instant + parked.orbit.wait();
        if parked.orbit.turn(parked.turn.saturating_add(1), &parked.by).is_none() {
            self.end_both(room, EndedBy::House, Ending::Unclaimed);
        }
    }

    /// Calls somebody back for the party that waits; whether that could be begun.
    fn ring_back(&mut self, room: &mut Room<'_>, who: &str) -> bool {
        let Some(parked) = &self.parked else { return false };
        let (mut facts, number, side) = (parked.facts.clone(), parked.number.clone(), parked.side);
        arrival::renew(room, &mut facts);
        facts.stays = self.whereabouts(side.other());
        let mut trail = Trail::default();
        let plan = match policy::ring_back(room.policy, &mut facts, (&number, who), &mut trail) {
            Decision::Go(plan) => *plan,
            Decision::No(_) => return false,
        };
        let stays = side.other();
        let Some(dialog) = self.dialog(stays).cloned() else { return false };
        let (rules, session) = (self.end(stays).rules.clone(), self.end(stays).session);
        let newcomer = Newcomer { dialog, rules, session };
        let offer = sdp::awake(self.bridge.heard(stays)).into();
        let begin = Begin { plan, facts, trail, offer, newcomer, parent: self.draft.id() };
        let words = format!("{who}, who was called back from {number}").into();
        self.transfer =
            Some(Transfer { by: side, target: None, stage: Stage::Reaching, words, rings: false });
        self.errands.push(Errand::Place { of: self.key, begin: Box::new(begin) });
        true
    }
}
