//! A transfer, carried out inside: one call gives a party away, another takes it (RFC 5589 by a third party).
//!
//! Blind: a new call reaches for the new party, planned with the rights of whoever transfers. Attended: the
//! transferor's other call takes over. Either way the party that stays keeps its dialog, and the record of
//! the call that goes on names the one it came out of.

use std::sync::Arc;

use media::Side;
use policy::{CallPlan, MediaPlan};
use sip_message::{Message, Method};
use sip_stack::{Flow, ServerId, Token};

use crate::arrival::Admitted;
use crate::bridge::Continued;
use crate::call::{Call, Callee, State};
use crate::closing::Ending;
use crate::errand::Errand;
use crate::handing::Given;
use crate::lines::lent_lines;
use crate::moving::{Lender, Media, Origin, Presence, Stage, Transfer};
use crate::stand::{Reached, Stand};
use crate::{EndedBy, Room, part};

/// So many of those who were let go are remembered: their BYE comes soon or never.
const DISMISSED_MAX: usize = 4;

impl Call {
    /// Whether no negotiation is under way that a move would tear apart.
    pub(crate) fn is_settled(&self) -> bool {
        self.exchange.is_none() && !self.is_unsettled()
    }

    /// Whether this call can give its party to that one now.
    pub(crate) fn is_ready_for(&mut self, by: Token) -> bool {
        let is_settled = self.is_settled();
        match &mut self.transfer {
            Some(transfer) if transfer.target == Some(by) => {
                transfer.stage = Stage::Ready;
                is_settled
            }
            // Nothing to wait for: there is no transfer any more.
            _ => true,
        }
    }

    /// Whether this call can take a party now.
    pub(crate) fn is_taking(&mut self) -> bool {
        let is_settled = self.is_settled();
        match &mut self.origin {
            Some(origin) => {
                origin.stage = Stage::Ready;
                is_settled
            }
            None => false,
        }
    }

    /// What this call has to do with another one, now that it has handled an event.
    pub(crate) fn note_readiness(&mut self) {
        if !matches!(self.state, State::Up(_)) || !self.is_settled() {
            return;
        }
        if let Some(Transfer { stage: Stage::Ready, target: Some(by), .. }) = self.transfer {
            self.errands.push(Errand::HandOver { of: self.key, by });
        }
        if let Some(Origin { stage: Stage::Ready, of, .. }) = self.origin {
            self.errands.push(Errand::HandOver { of, by: self.key });
        }
    }

    /// The call that reaches for the new party has come so far.
    pub(crate) fn transfer_reported(&mut self, room: &mut Room<'_>, status: u16) {
        let Some(transfer) = &self.transfer else { return };
        let by = transfer.by;
        match status {
            ..=199 => {
                self.note_ringing(status);
                self.notify(room, status);
            }
            _ if self.parked.is_some() => {
                self.transfer = None;
                self.wait_in_orbit(room);
            }
            _ if self.made.is_some() => self.made_in_vain(room, status),
            _ => {
                self.draft.note(&format!("the transfer to {} failed with {status}", transfer.words));
                self.transfer = None;
                self.notify(room, status);
                if self.here[by as usize] == Presence::Away {
                    self.end_both(room, EndedBy::House, Ending::NotTransferred);
                }
            }
        }
    }

    /// The new party of a transfer has said something before its answer.
    fn note_ringing(&mut self, status: u16) {
        if let Some(transfer) = self.transfer.as_mut().filter(|_| status > 100) {
            transfer.rings = true;
        }
    }

    /// Takes the place that somebody had in a call: its other party comes over.
    pub(crate) fn begin_in_place(
        room: &mut Room<'_>,
        key: Token,
        (server, flow): (ServerId, Flow),
        message: &Message<'_>,
        (admitted, of, given): (Admitted, Token, Option<Given>),
    ) -> Box<Call> {
        let mut call = Box::new(Call::new(room, key, server, flow, message, admitted));
        call.timer(Side::Caller).note_abilities(message);
        call.name_caller(room, message);
        call.tell_started(room);
        let Some(given) = given else {
            call.fail(room);
            return call;
        };
        let callee = Callee { dialog: given.dialog.clone(), attempt: 0, contact: given.contact.clone() };
        call.state = State::Up(callee);
        call.here[Side::Callee as usize] = Presence::Away;
        call.origin = Some(Origin { of, side: Side::Callee, media: Media::OfAnother, stage: Stage::Ready });
        call.receive(room, given);
        call
    }

    /// Takes a party over from another call, in the place of whoever was there.
    pub(crate) fn receive(&mut self, room: &mut Room<'_>, given: Given) {
        let Some(origin) = self.origin.take() else { return };
        let side = origin.side;
        self.dismiss(room, side);
        self.draft.linked(&given.parent, given.by.as_ref().map(|by| &**by.name()));
        let lender = Lender { of: given.of, side, permits: given.permits, left: given.left };
        self.lender = Some(Box::new(lender));
        self.aliases.extend(given.tokens);
        self.remember(given.former, given.by.as_ref());
        (self.ends[side as usize], self.acks[side as usize]) = (given.end, given.ack);
        self.seat(side, given.dialog, given.contact);
        self.pair_up(room);
        self.introduce(room, side);
        self.introduce(room, side.other());
        match origin.media {
            Media::OfNewcomer(Some(answered)) => {
                self.bridge.continue_as(side, given.description);
                self.join_by_telling(room, side, &answered);
                self.tell_identity(room, side.other());
            }
            Media::OfNewcomer(None) | Media::OfAnother => {
                self.renew_media(room, side, given.description, &given.media);
                match self.caller.offer.take().filter(|_| self.caller.invite.is_some()) {
                    Some(offer) => {
                        self.bridge.hear_of(Side::Caller, &offer);
                        self.join_by_asking(room, Side::Caller);
                    }
                    None => self.join_by_asking(room, side),
                }
            }
        }
    }

    /// Keeps who was in the calls that this one came out of.
    fn remember(&mut self, former: Vec<Arc<str>>, by: Option<&policy::Callee>) {
        let by = match by {
            Some(policy::Callee::User(name)) => Some(name.clone()),
            Some(policy::Callee::Trunk(_)) | None => None,
        };
        for user in former.into_iter().chain(by) {
            if !self.former.contains(&user) {
                self.former.push(user);
            }
        }
    }

    /// Whoever is at a side is no party of this call any more.
    pub(crate) fn dismiss(&mut self, room: &mut Room<'_>, side: Side) {
        if self.here[side as usize] == Presence::Away {
            return;
        }
        let lines = self.request_lines(side, Method::Bye, &[]);
        let headers = lent_lines(&lines);
        let Some(dialog) = self.dialog(side) else { return };
        let bye = dialog.next_request(Method::Bye);
        let request = sip_stack::Request { headers: &headers, ..bye.as_request() };
        room.stack.request(room.now.instant, &request, part::nobody(), room.sends);
        let dialog = dialog.clone();
        self.dismissed.truncate(DISMISSED_MAX - 1);
        self.dismissed.insert(0, dialog);
        self.has_time(room, side);
        self.here[side as usize] = Presence::Away;
    }

    /// A BYE that crossed ours: its sender has left, as it was to.
    pub(crate) fn is_from_dismissed(&self, message: &Message<'_>) -> bool {
        message.method() == Some(Method::Bye) && self.dismissed.iter().any(|dialog| dialog.is_of(message))
    }

    /// Ports and keys of both sides are made anew: whoever spoke here before is not heard any more.
    fn renew_media(&mut self, room: &mut Room<'_>, side: Side, description: Continued, theirs: &MediaPlan) {
        let both = [Side::Caller, Side::Callee];
        let ways = both.map(|side| self.dialog(side).map(|dialog| (dialog.flow(), Reached::by(dialog))));
        let stand = |side: Side| {
            let (flow, reached) = ways[side as usize]?;
            Some(Stand::of(room, flow, reached, &self.ends[side as usize].rules))
        };
        let [Some(caller), Some(callee)] = both.map(stand) else { return };
        self.bridge.renew(room, [caller, callee]);
        self.bridge.continue_as(side, description);
        self.allow_both(theirs);
    }

    /// What both calls allowed is allowed now; if that is nothing, what this one did.
    fn allow_both(&mut self, theirs: &MediaPlan) {
        let State::Up(callee) = &self.state else { return };
        let mut plan = CallPlan::clone(&self.plan);
        let media = &mut plan.attempts[callee.attempt].media;
        let common: Vec<_> = media.codecs.iter().filter(|one| theirs.codecs.contains(one)).cloned().collect();
        if !common.is_empty() {
            media.codecs = common.into();
        }
        self.plan = plan.into();
    }

    /// The call that wanted this one for a transfer is over.
    pub(crate) fn abandoned(&mut self, room: &mut Room<'_>) {
        let Some(origin) = self.origin.take() else { return };
        if self.here[origin.side as usize] == Presence::Here {
            return;
        }
        match self.state {
            State::Placing(_) => self.cancel_attempt(room, None),
            State::Up(_) => self.end_both(room, EndedBy::House, Ending::NotTransferred),
            State::Refusing(_) | State::Closing(_) => {}
        }
    }

    pub(crate) fn is_transferor(&self, side: Side) -> bool {
        self.transfer.as_ref().is_some_and(|transfer| transfer.by == side)
    }

    /// The transferor leaves before its transfer is done: the call waits for that without it.
    pub(crate) fn goes_on_without(&mut self, room: &mut Room<'_>, side: Side) {
        self.notices = None;
        self.put_off_passing(room, |passing| passing.to == side);
        self.leave_exchange(room);
        self.leaves_while_placing(side);
        self.pay_ack(room, side);
        self.answer_in_place_of(room, side);
        self.has_time(room, side);
        self.here[side as usize] = Presence::Away;
        self.timer(side).agree(room.now.instant, None);
        self.unacked[side as usize] = None;
    }

    /// This call ends: whatever was begun for it ends too.
    pub(crate) fn leave_transfer(&mut self) {
        if let Some(Transfer { target: Some(call), .. }) = self.transfer.take() {
            self.errands.push(Errand::Abandon { call });
        }
    }

    /// Tells the call that this one was begun for.
    pub(crate) fn report(&mut self, status: u16) {
        let Some(Origin { of, .. }) = self.origin else { return };
        self.errands.push(match status {
            200..=299 => Errand::HandOver { of, by: self.key },
            status => Errand::Report { to: of, status },
        });
    }

    /// Keeps what a new party said of itself for the newcomer that it will speak with.
    pub(crate) fn takes_over(&mut self, theirs: &[u8]) -> bool {
        let Some(origin) = &mut self.origin else { return false };
        if let Media::OfNewcomer(answered) = &mut origin.media {
            *answered = Some(theirs.into());
        }
        true
    }

    /// Another call's party comes to a side of this one: now, or as soon as somebody has answered.
    pub(crate) fn wait_for(&mut self, room: &mut Room<'_>, of: Token, side: Side) {
        self.origin = Some(Origin { of, side, media: Media::OfAnother, stage: Stage::Reaching });
        if matches!(self.state, State::Up(_)) {
            return self.errands.push(Errand::HandOver { of, by: self.key });
        }
        // Who transfers while it rings need not wait for the answer: it would hear nothing of it.
        if let Some(server) = self.caller.take_invite() {
            let tag = self.caller.dialog.local_tag().to_owned();
            room.reply_with(server, 487, Some(&tag), &[]);
        }
        self.here[side as usize] = Presence::Away;
    }
}
