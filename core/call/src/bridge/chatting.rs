//! Sessions of messages between the sides: which lines are open, and what the relay is told of them.

use media::{ChatOrder, Order, Side};
use sdp::{Chat, Session};

use super::{Bridge, Part, STREAMS_MAX, Stage, number};
use crate::Room;

impl Bridge {
    /// Takes what one side brings, and says what the other is told of ours.
    pub(super) fn agree_on_chats(
        &mut self,
        room: &mut Room<'_>,
        from: Side,
        part: Part,
        session: &Session<'_>,
    ) -> Vec<Option<Chat>> {
        let is_usual = !session.media.iter().any(|media| media.is_chat());
        if is_usual && self.chats.iter().all(|chats| chats.are_none()) {
            return Vec::new();
        }
        let chance = room.stack.chance();
        let (own, other) = (from as usize, from.other() as usize);
        match part {
            Part::Offer => self.chats[own].take_offer(chance, session),
            Part::Answer | Part::Mediated => self.chats[own].take_answer(session),
        }
        let mut open = self.chats[own].open();
        open.truncate(STREAMS_MAX);
        match part {
            Part::Answer => self.chats[other].answer(&open),
            Part::Offer | Part::Mediated => self.chats[other].offer(chance, &open),
        }
    }

    /// Tells the relay what holds now.
    pub(super) fn aim_chats(&mut self, room: &mut Room<'_>) {
        if self.chatting == 0 && self.chats.iter().all(|chats| chats.are_none()) {
            return;
        }
        let session = self.session();
        for stream in 0..STREAMS_MAX {
            let bit = 1 << stream;
            let aims = [Side::Caller, Side::Callee].map(|side| (side, self.chats[side as usize].aim(stream)));
            let mut order = |order| room.orders.push(Order::Chat { session, stream: number(stream), order });
            match aims {
                [(caller, Some(one)), (callee, Some(other))] => {
                    self.chatting |= bit;
                    order(ChatOrder::Aim(caller, one));
                    order(ChatOrder::Aim(callee, other));
                }
                _ if self.chatting & bit != 0 => {
                    self.chatting &= !bit;
                    order(ChatOrder::Close);
                }
                _ => {}
            }
        }
    }

    /// Ends all of them; how many there are of which something is to be heard.
    pub(super) fn close_chats(&mut self, room: &mut Room<'_>) -> usize {
        let chatting = std::mem::take(&mut self.chatting);
        let session = self.session();
        for stream in (0..STREAMS_MAX).filter(|stream| chatting & (1 << stream) != 0) {
            room.orders.push(Order::Chat { session, stream: number(stream), order: ChatOrder::Close });
        }
        self.chats_owed = chatting;
        chatting.count_ones() as usize
    }

    /// One is over, and was counted; whether the call waited for that.
    pub(crate) fn chatted(&mut self, room: &mut Room<'_>, stream: u8) -> bool {
        let bit = 1_u8.checked_shl(stream.into()).unwrap_or_default();
        if self.chats_owed & bit == 0 {
            return false;
        }
        self.chats_owed &= !bit;
        self.one_is_closed(room);
        true
    }

    /// A stream or a session of messages is closed; when it was the last, the ports go back.
    pub(super) fn one_is_closed(&mut self, room: &mut Room<'_>) {
        let Stage::Closing(left) = &mut self.stage else { return };
        *left = left.saturating_sub(1);
        if *left == 0 {
            self.shut(room);
        }
    }

    /// Whether the sides exchange messages and nothing else: nobody need be heard then.
    pub(crate) fn only_chats(&self) -> bool {
        let is_chat = |side: Side| {
            Session::parse(self.heard(side))
                .is_ok_and(|session| session.media.iter().all(|media| media.port == 0 || media.is_chat()))
        };
        self.chatting != 0 && is_chat(Side::Caller) && is_chat(Side::Callee)
    }
}
