//! The calls of one shard: finds the call that an event belongs to, lends it out, looks at it again in time.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};
use std::sync::Arc;
use std::time::Instant;

use media::{MeetingKey, Order, SessionKey, Side};
use sip_message::{Header, Message, Method};
use sip_stack::locate::DnsAnswer;
use sip_stack::{ClientId, Flow, Late, Owner, ServerId, Token};

use crate::arrival::Gate;
use crate::call::Call;
use crate::replaces::{Replaced, Sought};
use crate::sitting::Sitting;
use crate::stray::Ended;
use crate::waking::Sleepers;
use crate::{OnOffer, Room, Sighting, arrival, bridge, part, stray};

/// A party goes through so many calls at most.
const MOVES_MAX: usize = 64;

/// All calls of one shard.
pub struct Calls {
    shard: u8,
    slots: Vec<Slot>,
    free: Vec<u32>,
    looks: BinaryHeap<Reverse<(Instant, u32, u32)>>,
    pub(crate) gate: Gate,
    /// The call that is out, and its sessions with the relay.
    lent: Option<(Token, SessionKey, Vec<SessionKey>)>,
    ended: Ended,
    sleepers: Sleepers,
}

/// What became of an operator's wish to end a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HungUp {
    /// It ends, or is about to.
    Ends,
    /// It is a call for help, or whoever was called for help calls back: it goes on.
    ForHelp,
    /// There is none of that name here.
    Unknown,
}

#[derive(Default)]
struct Slot {
    nonce: u32,
    call: Option<Box<Call>>,
    /// The call that has a party of this one: its requests bear this one's token.
    moved: Option<Token>,
}

impl Calls {
    pub fn new(shard: u8) -> Calls {
        Calls {
            shard,
            slots: Vec::new(),
            free: Vec::new(),
            looks: BinaryHeap::new(),
            gate: Gate::Open,
            lent: None,
            ended: Ended::default(),
            sleepers: Sleepers::default(),
        }
    }

    /// Takes no further call that has nothing to do with help, until it resumes.
    pub fn drain(&mut self) {
        if self.gate == Gate::Open {
            self.gate = Gate::Draining;
        }
    }

    /// Takes calls as before, unless the house is about to stop.
    pub fn resume(&mut self) {
        if self.gate == Gate::Draining {
            self.gate = Gate::Open;
        }
    }

    /// Drains for good: the house is about to stop.
    pub fn leave(&mut self) {
        self.gate = Gate::Leaving;
    }

    pub fn len(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Permits that calls hold.
    pub fn permits(&self) -> usize {
        self.in_progress().map(Call::permits_held).sum()
    }

    pub(crate) fn in_progress(&self) -> impl Iterator<Item = &Call> {
        self.slots.iter().flat_map(|slot| &slot.call).map(|call| &**call)
    }

    pub(crate) fn of(&self, token: Token) -> Option<&Call> {
        let slot = self.slots.get(token.slot() as usize)?;
        let is_its = token.shard() == self.shard && slot.nonce == token.nonce();
        slot.call.as_deref().filter(|_| is_its)
    }

    /// Clears away a call that was out when a panic ended its event: its media is closed, its place is free.
    pub fn mend(&mut self, room: &mut Room<'_>) {
        let Some((token, session, beside)) = self.lent.take() else { return };
        room.orders.extend(beside.into_iter().chain([session]).map(|session| Order::Close { session }));
        if let Some(sightings) = room.seen.as_deref_mut() {
            sightings.push(Sighting { call: token, parties: Vec::new() });
        }
        if let Some(others) = &mut room.others {
            others.told.push(OnOffer::nothing(token, room.now.instant));
        }
        self.slots[token.slot() as usize] = Slot::default();
        self.free.push(token.slot());
    }

    /// An INVITE outside of any dialog.
    pub fn arrived(&mut self, room: &mut Room<'_>, server: ServerId, flow: Flow, message: &Message<'_>) {
        if self.is_our_own(message) {
            return room.reply(server, 482);
        }
        let Some(mut admitted) = arrival::admit(room, server, flow, message, self.gate) else { return };
        if let Some(refusal) = admitted.refusal.take() {
            return self.refuse_aloud(room, (server, flow), message, (admitted, refusal));
        }
        // A call for help is made, whatever else its INVITE asks for.
        let joins = [Header::Replaces, Header::Join].into_iter().any(|header| message.line(header).is_some());
        if joins && !admitted.plan.emergency {
            return self.replace(room, (server, flow), message, admitted);
        }
        if admitted.plan.service.is_some() {
            return self.serve(room, (server, flow), message, admitted);
        }
        let key = self.reserve(room);
        self.lend_out(key);
        let call = Call::begin(room, key, server, flow, message, admitted);
        self.settle(room, call);
    }

    /// A request inside of a dialog.
    pub fn in_dialog(&mut self, room: &mut Room<'_>, server: ServerId, flow: Flow, message: &Message<'_>) {
        let token = message.to().tag().and_then(Token::find);
        let sought =
            if message.method() == Some(Method::Refer) { self.sought(message) } else { Sought::Nothing };
        match token.and_then(|token| self.lend_for(token, message)) {
            Some(mut call) => {
                call.in_dialog(room, server, flow, message, sought);
                self.settle(room, call);
            }
            None => room.reply(server, 481),
        }
    }

    /// The ACK of a 2xx.
    pub fn acked(&mut self, room: &mut Room<'_>, message: &Message<'_>) {
        let token = message.to().tag().and_then(Token::find);
        if let Some(mut call) = token.and_then(|token| self.lend_for(token, message)) {
            call.acked(room, message);
            self.settle(room, call);
        }
    }

    /// A CANCEL of an INVITE of ours to answer.
    pub fn cancelled(
        &mut self,
        room: &mut Room<'_>,
        server: ServerId,
        owner: Option<Owner>,
        message: &Message<'_>,
    ) {
        match owner.and_then(|owner| self.lend(Token::from_bits(owner.key))) {
            Some(mut call) => {
                call.cancelled(room, server, message);
                self.settle(room, call);
            }
            None => room.reply(server, 487),
        }
    }

    /// A response to a request of ours.
    pub fn answered(
        &mut self,
        room: &mut Room<'_>,
        client: ClientId,
        owner: Owner,
        flow: Flow,
        message: &Message<'_>,
    ) {
        match self.lend_for(Token::from_bits(owner.key), message) {
            Some(mut call) => {
                call.answered(room, client, owner.part, flow, message);
                self.settle(room, call);
            }
            None if matches!(owner.part, part::INVITE | part::RECORDER) => {
                self.ended.answered(room, flow, message)
            }
            None => stray::answered_again(room, flow, message),
        }
    }

    /// Phones of these users have said where they are, or are there no more.
    pub fn phones_changed(&mut self, room: &mut Room<'_>, users: &BTreeSet<Arc<str>>) {
        for user in users {
            for token in self.sleepers.of(user) {
                match self.lend(token) {
                    Some(mut call) => {
                        call.phones_changed(room);
                        self.settle(room, call);
                    }
                    None => self.sleepers.forget(token, user),
                }
            }
        }
    }

    /// Nobody wakes a device that calls wait for (RFC 8599 5.6.2).
    pub fn not_woken(&mut self, room: &mut Room<'_>, user: &str, device: &str) {
        for token in self.sleepers.of(user) {
            if let Some(mut call) = self.lend(token) {
                call.not_woken(room, device);
                self.settle(room, call);
            }
        }
    }

    /// A connection is no more: whoever was heard on it is reached on a new one.
    pub fn flow_failed(&mut self, flow: Flow) {
        for call in self.slots.iter_mut().flat_map(|slot| &mut slot.call) {
            for dialog in call.sittings.iter_mut().filter_map(Sitting::dialog) {
                dialog.flow_failed(flow);
            }
            for side in [Side::Caller, Side::Callee] {
                let Some(dialog) = call.dialog(side) else { continue };
                dialog.flow_failed(flow);
                let next = dialog.flow();
                if let Some(unacked) = &mut call.unacked[side as usize]
                    && unacked.flow.connection == flow.connection
                {
                    unacked.flow = next;
                }
            }
        }
    }

    /// What came too late or not at all.
    pub fn late(&mut self, room: &mut Room<'_>, late: &Late) {
        let owner = match late {
            Late::Timeout { owner, .. } | Late::FlowFailed { owner, .. } => Some(*owner),
            Late::NoAck { owner, .. } => *owner,
        };
        if let Some(mut call) = owner.and_then(|owner| self.lend(Token::from_bits(owner.key))) {
            call.late(room, late);
            self.settle(room, call);
        }
    }

    /// The relay speaks of one of our sessions.
    pub fn heard(&mut self, room: &mut Room<'_>, event: &media::Event) {
        // Copies are for whoever writes them down.
        if matches!(event, media::Event::Taped(_) | media::Event::Excerpted(_)) {
            return;
        }
        if let Some(mut call) = self.lend_session(event.session()) {
            call.heard(room, event);
            self.settle(room, call);
        }
    }

    /// The answer to a call's question to the DNS.
    pub fn located(&mut self, room: &mut Room<'_>, key: Token, answers: &[DnsAnswer]) {
        if let Some(mut call) = self.lend(key) {
            call.located(room, answers);
            self.settle(room, call);
        }
    }

    /// When some call wants to be looked at next.
    pub fn deadline(&self) -> Option<Instant> {
        self.looks.peek().map(|Reverse((at, ..))| *at)
    }

    /// Looks at every call whose time has come.
    pub fn expire(&mut self, room: &mut Room<'_>) {
        while let Some(&Reverse((at, slot, nonce))) = self.looks.peek() {
            if at > room.now.instant {
                return;
            }
            self.looks.pop();
            if let Some(mut call) = self.lend(Token::new(self.shard, slot, nonce)) {
                call.looked = None;
                call.expire(room);
                self.settle(room, call);
            }
        }
    }

    /// Ends one call, unless it has to do with help: such a call ends by its parties alone.
    pub fn hang_up(&mut self, room: &mut Room<'_>, token: Token) -> HungUp {
        match self.of(token) {
            None => return HungUp::Unknown,
            Some(call) if call.plan.emergency || call.plan.is_callback => return HungUp::ForHelp,
            Some(_) => {}
        }
        let Some(mut call) = self.lend(token) else { return HungUp::Unknown };
        call.hang_up(room);
        self.settle(room, call);
        HungUp::Ends
    }

    /// Ends every call.
    pub fn hang_up_all(&mut self, room: &mut Room<'_>) {
        let keys: Vec<Token> = self.in_progress().map(|call| call.key).collect();
        for key in keys {
            if let Some(mut call) = self.lend(key) {
                call.hang_up(room);
                self.settle(room, call);
            }
        }
    }

    pub(crate) fn reserve(&mut self, room: &mut Room<'_>) -> Token {
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push(Slot::default());
            u32::try_from(self.slots.len() - 1).expect("fewer slots than calls can be told apart")
        });
        let nonce = room.stack.chance().u32();
        self.slots[slot as usize].nonce = nonce;
        Token::new(self.shard, slot, nonce)
    }

    /// A name whose lot is that of a meeting: all that have it are in one relay.
    pub(crate) fn reserve_for(&mut self, room: &mut Room<'_>, meeting: MeetingKey) -> Token {
        let key = self.reserve(room);
        let nonce = key.nonce() & !0xff | u32::from(meeting.lot());
        self.slots[key.slot() as usize].nonce = nonce;
        Token::new(self.shard, key.slot(), nonce)
    }

    /// Takes the call out for the time of one event, so that a panic costs this call and no other.
    pub(crate) fn lend(&mut self, token: Token) -> Option<Box<Call>> {
        let slot = self.slots.get_mut(token.slot() as usize)?;
        if token.shard() != self.shard || slot.nonce != token.nonce() {
            return None;
        }
        let call = slot.call.take()?;
        self.lent = Some((token, call.bridge.session(), call.sessions_beside()));
        Some(call)
    }

    /// The call that has the dialog of a message: the one of the token, or one that took its party over.
    fn lend_for(&mut self, token: Token, message: &Message<'_>) -> Option<Box<Call>> {
        let mut token = token;
        for _ in 0..MOVES_MAX {
            let slot = self.slots.get_mut(token.slot() as usize)?;
            if token.shard() != self.shard || slot.nonce != token.nonce() {
                return None;
            }
            let is_its = slot
                .call
                .as_mut()
                .is_some_and(|call| call.side_of(message).is_some() || call.is_of_recorder(message));
            match slot.moved {
                Some(next) if !is_its => token = next,
                _ => return self.lend(token),
            }
        }
        None
    }

    fn lend_session(&mut self, session: SessionKey) -> Option<Box<Call>> {
        let slot = self.slots.get(bridge::slot_of(session))?;
        let call = slot.call.as_ref().filter(|call| call.has_session(session))?;
        self.lend(call.key)
    }

    /// The call that has a dialog, or took its party over.
    pub(crate) fn lend_replaced(&mut self, replaced: &Replaced) -> Option<Box<Call>> {
        let mut token = replaced.token()?;
        for _ in 0..MOVES_MAX {
            let slot = self.slots.get_mut(token.slot() as usize)?;
            if token.shard() != self.shard || slot.nonce != token.nonce() {
                return None;
            }
            let is_its = slot.call.as_mut().is_some_and(|call| call.side_replaced(replaced).is_some());
            match slot.moved {
                Some(next) if !is_its => token = next,
                _ => return self.lend(token),
            }
        }
        None
    }

    /// A call of that name is out, until it is put back.
    pub(crate) fn lend_out(&mut self, key: Token) {
        self.lent = Some((key, bridge::session_of(key, 0), Vec::new()));
    }

    /// From now on, what bears one call's token may be for another.
    pub(crate) fn move_to(&mut self, of: Token, by: Token) {
        self.slots[of.slot() as usize].moved = Some(by);
    }

    /// Shows all calls to whoever watches.
    pub fn show_all(&mut self, room: &mut Room<'_>) {
        let calls = self.slots.iter_mut().flat_map(|slot| &mut slot.call);
        calls.for_each(|call| call.note_seen(room));
    }

    /// What bears a call's token is for that call again.
    pub(crate) fn stay_at(&mut self, of: Token) {
        self.slots[of.slot() as usize].moved = None;
    }

    /// Puts a call back, or lets it go when it has nothing left to wait for; then does what it wants done.
    pub(crate) fn settle(&mut self, room: &mut Room<'_>, mut call: Box<Call>) {
        call.note_readiness();
        call.keep_fax_whole(room);
        call.seek_home(room);
        call.place_media(room);
        call.record(room);
        call.keep_packets(room);
        call.sit(room);
        call.indicate_recording(room);
        call.take_seat(room);
        call.entertain(room);
        call.settle_claims(room);
        call.note_seen(room);
        call.note_offer(room);
        call.count_for_users(room);
        let errands = std::mem::take(&mut call.errands);
        self.put_back(call);
        for errand in errands {
            self.run(room, errand);
        }
    }

    pub(crate) fn put_back(&mut self, mut call: Box<Call>) {
        self.lent = None;
        let sleepers = call.sleepers();
        if sleepers != call.waited_for {
            self.sleepers.follow(call.key, &call.waited_for, &sleepers);
            call.waited_for = sleepers;
        }
        let slot = call.key.slot();
        if call.is_over() {
            for token in std::mem::take(&mut call.aliases) {
                self.slots[token.slot() as usize].moved = None;
                self.free_if_empty(token.slot());
            }
            return self.free_if_empty(slot);
        }
        if let Some(at) = call.deadline()
            && call.looked.is_none_or(|looked| at < looked)
        {
            call.looked = Some(at);
            self.looks.push(Reverse((at, slot, call.key.nonce())));
        }
        self.slots[slot as usize].call = Some(call);
    }

    fn free_if_empty(&mut self, slot: u32) {
        let place = &mut self.slots[slot as usize];
        if place.call.is_none() && place.moved.is_none() {
            *place = Slot::default();
            self.free.push(slot);
        }
    }
}
