//! A re-INVITE or UPDATE, carried from one leg to the other. One at a time: who comes second hears so.

use media::Side;
use policy::{HeaderPlace, Line};
use sip_message::{Header, Message};
use sip_stack::{ClientId, Reply, ServerId};

use crate::body::{self, Body};
use crate::bridge::{Described, Part};
use crate::call::{Ack, Call, Unacked};
use crate::closing::Ending;
use crate::exchange::{Exchange, Offer, Stage, Verb};
use crate::lines::{handed, lent_lines};
use crate::moving::Presence;
use crate::said::Said;
use crate::timer::{Agreement, lent};
use crate::{EndedBy, Room, arrival, part, refresh};

impl Call {
    /// Takes a negotiation that one side begins to the other.
    pub(crate) fn carry_exchange(
        &mut self,
        room: &mut Room<'_>,
        server: ServerId,
        from: Side,
        message: &Message<'_>,
    ) {
        if let Some(unsupported) = arrival::unsupported(message) {
            return room.reply_with(server, 420, None, &[("Unsupported", &unsupported)]);
        }
        if self.is_refresh(from, message) && !(self.exchange.is_some() && Verb::of(message) == Verb::Invite) {
            self.hear_location(from, message);
            return self.accept_refresh(room, server, from, message);
        }
        if self.meets.is_some() {
            return self.negotiate_in_room(room, server, message);
        }
        let Ok(session) = self.end(from).timer.judge(message) else {
            return refresh::too_short(room, server);
        };
        if self.here[from.other() as usize] == Presence::Away {
            return room.reply(server, 491);
        }
        match &self.exchange {
            Some(exchange) if exchange.from == from => {
                return room.reply_with(server, 500, None, &[("Retry-After", "2")]);
            }
            Some(_) => return room.reply(server, 491),
            None if self.is_unsettled() => return room.reply(server, 491),
            None => {}
        }
        self.timer(from).note_abilities(message);
        let before = self.bridge.agreed(from);
        match body::of(message) {
            Body::Unknown => room.reply_with(server, 415, None, &body::READABLE),
            Body::None => {
                self.prepare_home(room, from, message);
                self.ask_across(room, (server, from, message), (session, before), None);
            }
            Body::Sdp(theirs) => match self.describe_across(room, from, Part::Offer, theirs) {
                Some(ours) => {
                    self.prepare_home(room, from, message);
                    self.ask_across(room, (server, from, message), (session, before), Some(&ours));
                }
                None => room.reply(server, 488),
            },
        }
    }

    /// Whether the first INVITE, or an earlier one, still waits for an ACK somewhere.
    pub(crate) fn is_unsettled(&self) -> bool {
        let is_owed = self.acks.iter().any(|ack| matches!(ack, Ack::Owed(_)));
        let is_refreshing = [Side::Caller, Side::Callee].into_iter().any(|side| self.is_refreshing(side));
        let is_answered = self.caller.invite.is_none();
        let is_joining = self.joining.is_some();
        is_owed || is_joining || is_refreshing || !is_answered || self.unacked.iter().any(Option::is_some)
    }

    fn ask_across(
        &mut self,
        room: &mut Room<'_>,
        (server, from, message): (ServerId, Side, &Message<'_>),
        (session, before): (Option<Agreement>, Described),
        offer: Option<&[u8]>,
    ) {
        let (to, verb) = (from.other(), Verb::of(message));
        let contact = self.contact(to).to_owned();
        let hops = message.max_forwards().ok().flatten().unwrap_or(70).saturating_sub(1);
        let timer = self.end(to).timer.request_headers();
        let mut headers = vec![("Allow", sip_stack::ALLOW)];
        headers.extend(lent(&timer));
        let mut said =
            Said::new(verb.method(), &headers).with_body(offer.map(|offer| ("application/sdp", offer)));
        (said.contact, said.hops) = (Some(contact.into()), hops);
        self.learn(room, from, message);
        said.add(self.passed_on(from, verb.place(), message));
        let Some(client) = self.say_inside(room, (to, part::EXCHANGE), &said, None) else {
            return room.reply(server, 481);
        };
        room.stack.own(server, part::owner(self.key, part::EXCHANGE));
        let stage = Stage::Asked(if offer.is_some() { Offer::Made } else { Offer::LeftOpen });
        let target = message.contact().and_then(Result::ok).map(|contact| contact.uri.into());
        let (cseq, named) = (message.cseq().number, message.line(Header::From).map(Box::from));
        let exchange =
            Exchange { from, verb, server, cseq, client, target, named, stage, session, before, said };
        self.exchange = Some(Box::new(exchange));
    }

    pub(crate) fn exchange_answered(&mut self, room: &mut Room<'_>, client: ClientId, message: &Message<'_>) {
        let status = message.status().unwrap_or_default();
        let is_current = self.exchange.as_ref().is_some_and(|exchange| exchange.client == client);
        match (status, is_current) {
            (..=199, _) => {}
            (200..=299, true) => self.exchange_accepted(room, message),
            (200..=299, false) => self.acknowledge_again(room, message),
            (401 | 407, true) if self.exchange_proven(room, message) => {}
            (_, true) => self.exchange_refused(room, message),
            (_, false) => {}
        }
    }

    /// Whether the other side's challenge could be met.
    fn exchange_proven(&mut self, room: &mut Room<'_>, message: &Message<'_>) -> bool {
        let Some(mut exchange) = self.exchange.take() else { return false };
        let to = exchange.from.other();
        let again = self.prove_inside(room, (to, part::EXCHANGE), &mut exchange.said, message);
        exchange.client = again.unwrap_or(exchange.client);
        self.exchange = Some(exchange);
        again.is_some()
    }

    fn exchange_accepted(&mut self, room: &mut Room<'_>, message: &Message<'_>) {
        let Some(mut exchange) = self.exchange.take() else { return };
        let Stage::Asked(offer) = exchange.stage else {
            self.exchange = Some(exchange);
            return self.acknowledge_again(room, message);
        };
        let (from, to) = (exchange.from, exchange.from.other());
        self.timer(to).accepted(room.now.instant, message);
        self.timer(from).agree(room.now.instant, exchange.session);
        if let Some(dialog) = self.dialog(to) {
            dialog.retarget(message);
            room.registered.settle(dialog);
        }
        if let Some(target) = exchange.target.take()
            && let Some(dialog) = self.dialog(from)
        {
            dialog.retarget_to(&target);
            room.registered.settle(dialog);
        }
        if let Some(named) = exchange.named.take()
            && let Some(dialog) = self.dialog(from)
        {
            dialog.renamed_by(&named);
        }
        self.hear_location(to, message);
        if offer == Offer::LeftOpen {
            self.bridge.be_checked_anew(room, from);
        }
        self.move_home(room, from);
        let ours = match body::of(message) {
            Body::Sdp(theirs) => {
                let part = if offer == Offer::Made { Part::Answer } else { Part::Offer };
                self.describe_across(room, to, part, theirs)
            }
            Body::None | Body::Unknown => None,
        };
        let cseq = message.cseq().number;
        let is_invite = exchange.verb == Verb::Invite;
        if is_invite && (offer == Offer::Made || ours.is_none()) {
            self.acknowledge(room, to, cseq, None);
        }
        if ours.is_none() && (is_invite || offer == Offer::Made) {
            room.reply(exchange.server, 488);
            return self.end_both(room, EndedBy::House, Ending::NoDescription);
        }
        self.placed_anew();
        let passed = self.passed_on(to, HeaderPlace::Answers, message);
        self.accept_exchange(room, &exchange, ours.as_deref(), &passed);
        if is_invite && offer == Offer::LeftOpen {
            self.acks[to as usize] = Ack::Owed(cseq);
            exchange.stage = Stage::OwesAck;
            self.exchange = Some(exchange);
        }
    }

    fn accept_exchange(
        &mut self,
        room: &mut Room<'_>,
        exchange: &Exchange,
        ours: Option<&[u8]>,
        passed: &[Line],
    ) {
        let side = exchange.from;
        let contact = self.contact(side).to_owned();
        let session = exchange.session.map(|agreement| agreement.answer_headers()).unwrap_or_default();
        let mut headers = vec![("Allow", sip_stack::ALLOW)];
        headers.extend(lent(&session));
        headers.extend(handed(passed));
        let lines = self.answer_lines(side, &headers);
        let headers = lent_lines(&lines);
        let reply = Reply {
            status: 200,
            contact: Some(&contact),
            headers: &headers,
            body: ours.map(|ours| ("application/sdp", ours)),
            ..Reply::default()
        };
        let now = room.now.instant;
        let wire = room.stack.respond(now, exchange.server, &reply, room.sends);
        if let Some(wire) = wire
            && exchange.verb == Verb::Invite
            && let Some(dialog) = self.dialog(side)
        {
            let flow = dialog.flow();
            self.unacked[side as usize] = Some(Unacked::boxed(now, wire, flow, exchange.cseq));
        }
    }

    fn exchange_refused(&mut self, room: &mut Room<'_>, message: &Message<'_>) {
        let Some(exchange) = self.exchange.take() else { return };
        let status = message.status().unwrap_or_default();
        self.bridge.stay(room, exchange.from);
        if exchange.stage == Stage::Asked(Offer::Made) {
            self.bridge.restore(room, exchange.from, exchange.before.clone());
        }
        match status {
            408 | 481 => {
                let lost = exchange.from.other();
                room.reply(exchange.server, if self.is_transferor(lost) { 491 } else { 481 });
                self.lost(room, lost);
            }
            401 | 407 => room.reply(exchange.server, 403),
            300..=399 => room.reply(exchange.server, 488),
            // Between that leg and us; the one who asked tries again, with what we know now.
            422 if self.timer(exchange.from.other()).raise(message).is_some() => {
                room.reply(exchange.server, 491);
            }
            422 => room.reply(exchange.server, 488),
            _ => room.reply(exchange.server, status),
        }
    }

    /// A request of ours inside of the call was never answered: its side is gone.
    pub(crate) fn exchange_unanswered(
        &mut self,
        room: &mut Room<'_>,
        client: ClientId,
        cause: policy::Cause,
    ) {
        let exchange = self.exchange.as_ref().filter(|exchange| exchange.client == client);
        let passing = self.passing.iter().find(|passing| passing.client == client);
        if self.is_of_press(client) {
            return self.forget_presses(client);
        }
        if self.is_notice(client) {
            self.notices = None;
            return;
        }
        if let Some(side) = self.joining_side(client) {
            return self.not_joined(room, 480, Ending::Lost(side));
        }
        if let Some(side) = self.asked_side(client) {
            return self.refresh_unanswered(room, side, cause);
        }
        let side = exchange.map(|exchange| exchange.from.other()).or(passing.map(|passing| passing.to));
        if let Some(side) = side {
            self.lost(room, side);
        }
    }

    /// The answer to an offer that a 2xx made.
    pub(crate) fn acknowledge_exchange(&mut self, room: &mut Room<'_>, from: Side, answer: Option<&[u8]>) {
        self.exchange = None;
        let to = from.other();
        let Ack::Owed(cseq) = self.acks[to as usize] else { return };
        let ours = answer.and_then(|answer| self.describe_across(room, from, Part::Answer, answer));
        self.acknowledge(room, to, cseq, ours.as_deref());
        if ours.is_none() {
            self.end_both(room, EndedBy::House, Ending::NoDescription);
        }
    }

    /// A CANCEL of a re-INVITE goes across; the far end's answer decides.
    pub(crate) fn cancel_exchange(&mut self, room: &mut Room<'_>, server: ServerId) {
        if let Some(exchange) = self.exchange.as_ref().filter(|exchange| exchange.server == server)
            && matches!(exchange.stage, Stage::Asked(_))
        {
            room.stack.cancel(room.now.instant, exchange.client, None, room.sends);
        }
    }

    /// The call ends while something is on its way across: who asked hears so.
    pub(crate) fn leave_exchange(&mut self, room: &mut Room<'_>) {
        if let Some(exchange) = self.exchange.take()
            && matches!(exchange.stage, Stage::Asked(_))
        {
            match exchange.verb {
                Verb::Invite => {
                    room.stack.cancel(room.now.instant, exchange.client, None, room.sends);
                    room.reply(exchange.server, 487);
                }
                Verb::Update if self.transfer.is_some() || self.parked.is_some() => {
                    room.reply(exchange.server, 491)
                }
                Verb::Update => room.reply(exchange.server, 481),
            }
        }
        for passing in self.passing.drain(..) {
            room.reply(passing.server, 481);
        }
    }
}
