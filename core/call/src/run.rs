//! Errands: what several calls have to do with each other, done by the table that holds them all.

use media::Side;
use policy::{Callee, Code, Direction, Refusal, Whereabouts};
use sip_message::{Header, Message};
use sip_stack::{Flow, ServerId, Token};

use crate::arrival::Admitted;
use crate::call::{Call, State};
use crate::closing::Ending;
use crate::errand::Errand;
use crate::moving::Begin;
use crate::replaces::{Found, ReferTo, Replaced, Sought};
use crate::table::Calls;
use crate::{EndedBy, Room, arrival, replaces};

/// Why a dialog can't be replaced (RFC 3891, 3).
fn unfit(status: u16, words: &str) -> Refusal {
    Refusal { status, ..Refusal::new(Code::NO_SUCH_CALL, words) }
}

impl Calls {
    /// Carries out what one call wants of another.
    pub(crate) fn run(&mut self, room: &mut Room<'_>, errand: Errand) {
        match errand {
            Errand::Place { of, begin } => self.place(room, of, *begin),
            Errand::Park { of, parked } => {
                if let Some(mut call) = self.lend(of) {
                    call.park(room, parked);
                    self.settle(room, call);
                }
            }
            Errand::Join { of, target, side } => self.join(room, of, target, side),
            Errand::Report { to, status } => {
                if let Some(mut call) = self.lend(to) {
                    call.transfer_reported(room, status);
                    self.settle(room, call);
                }
            }
            Errand::HandOver { of, by } => self.hand_over(room, of, by),
            Errand::Settle { of, by } => self.hand_over_for_good(room, of, by),
            Errand::Return { of, by, status, ending } => self.hand_back(room, (of, by), status, ending),
            Errand::Abandon { call } => {
                if let Some(mut call) = self.lend(call) {
                    call.abandoned(room);
                    self.settle(room, call);
                }
            }
        }
    }

    fn place(&mut self, room: &mut Room<'_>, of: Token, begin: Begin) {
        let key = self.reserve(room);
        self.aim_transfer(of, key);
        self.lend_out(key);
        let call = Call::begin_for_transfer(room, key, of, begin);
        self.settle(room, call);
    }

    fn join(&mut self, room: &mut Room<'_>, of: Token, target: Token, side: Side) {
        let Some(mut call) = self.lend(target) else {
            return self.run(room, Errand::Report { to: of, status: 481 });
        };
        if !call.is_wanted_by(of, side) {
            self.put_back(call);
            return self.run(room, Errand::Report { to: of, status: 491 });
        }
        self.aim_transfer(of, target);
        call.wait_for(room, of, side);
        self.settle(room, call);
    }

    fn aim_transfer(&mut self, of: Token, target: Token) {
        if let Some(mut call) = self.lend(of) {
            if let Some(transfer) = &mut call.transfer {
                transfer.target = Some(target);
            }
            self.put_back(call);
        }
    }

    /// Moves what is left of one call into another, as soon as neither negotiates anything.
    fn hand_over(&mut self, room: &mut Room<'_>, of: Token, by: Token) {
        let Some(mut giver) = self.lend(of) else { return self.run(room, Errand::Abandon { call: by }) };
        let Some(mut taker) = self.lend(by) else { return self.put_back(giver) };
        if !giver.is_ready_for(by) || !taker.is_taking() {
            self.put_back(taker);
            return self.put_back(giver);
        }
        let given = giver.give(room);
        self.move_to(of, by);
        self.settle(room, giver);
        match given {
            Some(given) => taker.receive(room, given),
            None => taker.abandoned(room),
        }
        self.lend_out(by);
        self.settle(room, taker);
    }

    /// The party has taken to its new call: nobody is left for the old one.
    fn hand_over_for_good(&mut self, room: &mut Room<'_>, of: Token, by: Token) {
        if let Some(mut giver) = self.lend(of) {
            giver.transferred(room, by);
            self.settle(room, giver);
        }
    }

    /// The party has not taken to its new call: it is in the old one as before, if that still waits.
    fn hand_back(&mut self, room: &mut Room<'_>, (of, by): (Token, Token), status: u16, ending: Ending) {
        let Some(mut taker) = self.lend(by) else { return };
        let giver = self.lend(of);
        let given = giver.as_ref().filter(|giver| giver.waits_for(by)).and_then(|_| taker.give_back(ending));
        taker.end_both(room, EndedBy::House, ending);
        self.settle(room, taker);
        let Some(mut giver) = giver else { return };
        match given {
            Some(given) => {
                self.stay_at(of);
                giver.take_back(room, given, status);
            }
            None => giver.party_lost(room, by, status),
        }
        self.settle(room, giver);
    }

    /// Whether an INVITE is one of ours that came back as it was sent (RFC 5393): to another number it would
    /// be a call of its own.
    pub(crate) fn is_our_own(&mut self, message: &Message<'_>) -> bool {
        let token = Token::find(message.call_id());
        let Some(call) = token.and_then(|token| self.lend(token)) else { return false };
        let is_back = call.has_sent(message);
        self.put_back(call);
        is_back
    }

    /// An INVITE that wants the place of somebody in a call: a phone picks it up (RFC 3891).
    pub(crate) fn replace(
        &mut self,
        room: &mut Room<'_>,
        (server, flow): (ServerId, Flow),
        message: &Message<'_>,
        admitted: Admitted,
    ) {
        if message.line(Header::Join).is_none()
            && let Some(ringing) = self.ringing_named(message)
        {
            return self.pick_up(room, (server, flow), message, admitted, ringing);
        }
        let Admitted { facts, trail, .. } = &admitted;
        let call = match self.replaceable(room, message, &admitted) {
            Ok((token, side)) => self.lend(token).map(|call| (call, side)),
            Err(refusal) => {
                return arrival::refuse(room, server, message, facts.clone(), trail.clone(), &refusal);
            }
        };
        let Some((mut giver, side)) = call else { return room.reply(server, 481) };
        let (key, of) = (self.reserve(room), giver.key);
        let given = giver.give_in_place_of(room, side, (key, "another phone".to_owned()));
        self.move_to(of, key);
        self.settle(room, giver);
        self.lend_out(key);
        let call = Call::begin_in_place(room, key, (server, flow), message, (admitted, of, given));
        self.settle(room, call);
    }

    /// The side whose place an INVITE may take.
    fn replaceable(
        &mut self,
        room: &Room<'_>,
        message: &Message<'_>,
        admitted: &Admitted,
    ) -> Result<(Token, Side), Refusal> {
        let refused = |code: Code, words: &str| Err(Refusal::new(code, words));
        let replaced = message.line(Header::Replaces).and_then(Replaced::parse);
        if message.line(Header::Join).is_some() {
            return refused(Code::NO_JOIN, "it wants to be a third party");
        }
        let is_outside = matches!(admitted.plan.direction, Direction::Inbound | Direction::Transit);
        if is_outside || admitted.offer.is_none() {
            return refused(Code::NOT_THEIR_CALL, "only a phone of ours may, and it says what it can hear");
        }
        match replaced.and_then(|replaced| self.find(&replaced)) {
            Some(Sought::Help) => refused(Code::TRANSFER_OF_HELP, "a call for help stays as it is"),
            Some(Sought::Found(found)) => match found.party {
                Callee::Trunk(_) => refused(Code::NOT_THEIR_CALL, "a party outside keeps its place"),
                Callee::User(name) => {
                    if let Some(call) = self.lend(found.call) {
                        let by = &admitted.plan.calling.0;
                        let outcome = call.may_be_replaced(room.policy, &name, by);
                        self.put_back(call);
                        outcome?;
                    }
                    let newcomer = Whereabouts::Address(admitted.facts.source.ip());
                    let across = found.across.as_ref();
                    across.map_or(Ok(()), |across| policy::may_speak(room.policy, &newcomer, across))?;
                    self.free_to_move((found.call, found.side), message)
                }
            },
            Some(Sought::Nothing | Sought::Missing) | None => Err(unfit(481, "no call has this dialog")),
        }
    }

    fn free_to_move(
        &mut self,
        (token, side): (Token, Side),
        message: &Message<'_>,
    ) -> Result<(Token, Side), Refusal> {
        let Some(mut call) = self.lend(token) else { return Err(unfit(481, "no call has this dialog")) };
        let is_early_only = message.line(Header::Replaces).is_some_and(replaces::is_early_only);
        let is_free = call.is_settled() && call.is_wanted_by(Token::from_bits(0), side);
        let outcome = match call.state {
            State::Placing(_) | State::Refusing(_) => {
                Err(unfit(481, "it is not answered, and the house did not begin it"))
            }
            State::Up(_) if is_early_only => Err(unfit(486, "it is answered already")),
            _ if is_free => Ok((token, side)),
            _ => Err(unfit(491, "it is being changed just now")),
        };
        self.put_back(call);
        outcome
    }

    /// The call that a REFER names beside its own.
    pub(crate) fn sought(&mut self, message: &Message<'_>) -> Sought {
        match ReferTo::of(message).and_then(|refer_to| refer_to.replaces) {
            Some(replaced) => self.find(&replaced).unwrap_or(Sought::Missing),
            None => Sought::Nothing,
        }
    }

    /// The call that has a dialog.
    pub(crate) fn find(&mut self, replaced: &Replaced) -> Option<Sought> {
        let mut call = self.lend_replaced(replaced)?;
        let found = call.side_replaced(replaced).map(|side| match call.plan.emergency {
            true => Sought::Help,
            false => Sought::Found(Box::new(Found {
                call: call.key,
                side,
                party: call.end(side).party.clone(),
                beyond: call.named_by_far_end(side.other()),
                across: call.whereabouts(side.other()),
            })),
        });
        self.put_back(call);
        found
    }
}
