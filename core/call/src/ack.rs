//! ACKs, and 2xx that are repeated until they come.

use media::Side;
use sip_message::{Message, Method};

use crate::body::{self, Body};
use crate::bridge::Part;
use crate::call::{Ack, Call, State};
use crate::closing::Ending;
use crate::time::T2;
use crate::{EndedBy, Room};

impl Call {
    /// The ACK of a 2xx of ours. Where we left the offer open, it holds the answer.
    pub(crate) fn acked(&mut self, room: &mut Room<'_>, message: &Message<'_>) {
        if self.is_of_recorder(message) {
            return self.recorder_acked(message);
        }
        let Some(side) = self.side_of(message) else { return };
        let cseq = message.cseq().number;
        let slot = &mut self.unacked[side as usize];
        if slot.as_ref().is_none_or(|unacked| unacked.cseq != cseq) {
            return;
        }
        *slot = None;
        self.hear_session(room, side, message);
        let answer = match body::of(message) {
            Body::Sdp(answer) => Some(answer),
            Body::None | Body::Unknown => None,
        };
        let is_first = side == Side::Caller && cseq == self.caller.invite_cseq;
        match &self.state {
            State::Up(_) => {
                self.carry_ack(room, side, answer);
                if is_first {
                    self.tell_who_answered(room);
                    self.tell_identity(room, Side::Callee);
                }
            }
            State::Closing(_) => self.bye_owed(room, side),
            State::Placing(_) | State::Refusing(_) => {}
        }
    }

    /// Pays the ACK that the other leg waits for, with the answer that came.
    fn carry_ack(&mut self, room: &mut Room<'_>, from: Side, answer: Option<&[u8]>) {
        if self.meets.is_some() {
            return self.acked_in_room(room, answer);
        }
        if self.exchange.as_ref().is_some_and(|exchange| exchange.owes_ack_to(from.other())) {
            return self.acknowledge_exchange(room, from, answer);
        }
        let Ack::Owed(cseq) = self.acks[Side::Callee as usize] else { return };
        if from != Side::Caller {
            return;
        }
        let assumed = self.assumed_answer(answer);
        let answer = assumed.as_deref().or(answer);
        let ours = answer.and_then(|answer| self.describe_across(room, from, Part::Answer, answer));
        self.acknowledge(room, Side::Callee, cseq, ours.as_deref());
        if ours.is_none() {
            self.end_both(room, EndedBy::House, Ending::NoDescription);
        }
    }

    /// Sends the ACK of a side's 2xx.
    pub(crate) fn acknowledge(&mut self, room: &mut Room<'_>, to: Side, cseq: u32, answer: Option<&[u8]>) {
        let Some(dialog) = self.dialog(to) else { return };
        let next = dialog.ack_for(cseq);
        let mut request = next.as_request();
        request.body = answer.map(|answer| ("application/sdp", answer));
        let wire = room.stack.send_ack(room.now.instant, &request, room.sends);
        self.acks[to as usize] = Ack::Sent(cseq, answer.map(|_| wire));
    }

    /// A side's 2xx that waits for an answer from across: there will be none.
    pub(crate) fn pay_ack(&mut self, room: &mut Room<'_>, side: Side) {
        if let Ack::Owed(cseq) = self.acks[side as usize] {
            self.acknowledge(room, side, cseq, None);
        }
    }

    /// The same where whoever should answer has left, while the call goes on: as if that side had taken all
    /// that it was offered.
    pub(crate) fn answer_in_place_of(&mut self, room: &mut Room<'_>, left: Side) {
        let Ack::Owed(cseq) = self.acks[left.other() as usize] else { return };
        let from = self.dialog(left).map(|dialog| dialog.flow().remote.ip());
        let assumed = from.and_then(|from| sdp::assumed(self.bridge.told(left), from));
        let ours = assumed.and_then(|answer| self.describe_across(room, left, Part::Answer, &answer));
        self.acknowledge(room, left.other(), cseq, ours.as_deref());
    }

    /// A copy of a 2xx: its ACK was lost.
    pub(crate) fn acknowledge_again(&mut self, room: &mut Room<'_>, message: &Message<'_>) {
        if message.cseq().method != Method::Invite {
            return;
        }
        let number = message.cseq().number;
        for side in [Side::Caller, Side::Callee] {
            let Some(dialog) = self.dialog(side).filter(|dialog| dialog.is_of(message)) else { continue };
            let flow = dialog.flow();
            match &self.acks[side as usize] {
                Ack::Sent(cseq, Some(wire)) if *cseq == number => {
                    room.stack.resend(flow, wire.clone(), room.sends);
                }
                Ack::Owed(cseq) if *cseq == number => {}
                _ => self.acknowledge(room, side, number, None),
            }
        }
    }

    /// Repeats what is due; gives up on who never acknowledges.
    pub(crate) fn repeat_unacked(&mut self, room: &mut Room<'_>) {
        let now = room.now.instant;
        let mut lost = None;
        for side in [Side::Caller, Side::Callee] {
            let slot = &mut self.unacked[side as usize];
            let Some(unacked) = slot else { continue };
            if unacked.give_up_at <= now {
                *slot = None;
                lost = Some(side);
                continue;
            }
            if unacked.repeat_at.is_some_and(|at| at <= now) {
                unacked.gap = (unacked.gap * 2).min(T2);
                unacked.repeat_at = Some(now + unacked.gap);
                room.stack.resend(unacked.flow, unacked.wire.clone(), room.sends);
            }
        }
        let Some(side) = lost else { return };
        match &self.state {
            State::Up(_) => self.end_both(room, EndedBy::House, Ending::NoAck(side)),
            State::Closing(_) => self.bye_owed(room, side),
            State::Placing(_) | State::Refusing(_) => {}
        }
    }
}
