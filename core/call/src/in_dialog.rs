//! A request inside of a dialog: which verb, and may it go on?

use sip_message::{Message, Method};
use sip_stack::{Flow, ServerId};

use crate::Room;
use crate::call::{Call, State};
use crate::early_update::{Asker, put_off};
use crate::replaces::Sought;

impl Call {
    pub(crate) fn in_dialog(
        &mut self,
        room: &mut Room<'_>,
        server: ServerId,
        flow: Flow,
        message: &Message<'_>,
        sought: Sought,
    ) {
        if self.is_of_recorder(message) {
            return self.recorder_asks(room, server, flow, message);
        }
        if self.is_from_dismissed(message) {
            return room.reply(server, 200);
        }
        if message.method() == Some(Method::Prack) {
            return self.pracked(room, server, flow, message);
        }
        let Some(side) = self.side_of(message) else { return self.asked_early(room, server, flow, message) };
        let Some(dialog) = self.dialog(side) else { return room.reply(server, 481) };
        if let Err(fault) = dialog.admit(message) {
            return room.reply(server, fault.status());
        }
        // A phone whose connection broke, or whose NAT forgot it, is where it speaks from now.
        dialog.heard_on(flow);
        self.hear_claim(room, (side, server), message);
        self.answer_in_session(room, side, server);
        let method = message.method().unwrap_or(Method::Other(""));
        if method == Method::Bye {
            return self.bye(room, server, side, message);
        }
        match (&self.state, method) {
            (State::Closing(_), _) => room.reply(server, 481),
            (_, Method::Options) => room.reply_with(server, 200, None, &[("Allow", &self.allowed())]),
            (State::Up(_), Method::Refer) => self.refer(room, (server, flow), side, message, sought),
            (State::Up(_), Method::Notify) => self.pass_news(room, server, side, message),
            // Nobody subscribes to anything here but to the fate of a transfer (RFC 6665, 4.1.3).
            (_, Method::Subscribe) | (State::Placing(_) | State::Refusing(_), Method::Notify) => {
                room.reply_with(server, 489, None, &[("Allow-Events", "refer")]);
            }
            (State::Placing(_) | State::Refusing(_), Method::Update) => {
                self.update_early(room, server, Asker::Caller, message)
            }
            // The first INVITE isn't answered yet (RFC 3261 14.2).
            (State::Placing(_) | State::Refusing(_), Method::Invite | Method::Info | Method::Refer) => {
                put_off(room, server)
            }
            (State::Up(_), Method::Invite | Method::Update) => {
                self.carry_exchange(room, server, side, message)
            }
            (State::Up(_), _) => self.pass(room, server, side, message),
            (State::Placing(_) | State::Refusing(_), _) => {
                room.reply_with(server, 405, None, &[("Allow", &self.allowed())]);
            }
        }
    }

    /// A request of a callee that has not answered yet.
    fn asked_early(&mut self, room: &mut Room<'_>, server: ServerId, flow: Flow, message: &Message<'_>) {
        self.take_up(|attempt| attempt.earlies.dialog_of(message).is_some());
        let State::Placing(attempt) = &mut self.state else { return room.reply(server, 481) };
        let Some((index, dialog)) = attempt.earlies.dialog_of(message) else {
            return self.asked_unheard(room, server, message);
        };
        if let Err(fault) = dialog.admit(message) {
            return room.reply(server, fault.status());
        }
        dialog.heard_on(flow);
        match message.method().unwrap_or(Method::Other("")) {
            Method::Options => room.reply_with(server, 200, None, &[("Allow", &self.allowed())]),
            Method::Subscribe | Method::Notify => {
                room.reply_with(server, 489, None, &[("Allow-Events", "refer")]);
            }
            Method::Update => self.update_early(room, server, Asker::Callee(index), message),
            // Ours isn't answered yet (RFC 3261 14.2).
            Method::Invite => room.reply(server, 491),
            Method::Info | Method::Refer => put_off(room, server),
            // A callee ends by its answer, not by BYE (RFC 3261 15).
            Method::Bye => room.reply(server, 403),
            _ => room.reply_with(server, 405, None, &[("Allow", &self.allowed())]),
        }
    }

    /// A request that overtook the answer which makes its dialog: it may come again when that is here.
    fn asked_unheard(&mut self, room: &mut Room<'_>, server: ServerId, message: &Message<'_>) {
        let is_asked = self.take_up(|attempt| {
            let is_ended = attempt.earlies.ended.iter().any(|dialog| dialog.is_of(message));
            *attempt.call_id == *message.call_id() && attempt.client().is_some() && !is_ended
        });
        let has_offered = self.caller.offer.is_some();
        match message.method().unwrap_or(Method::Other("")) {
            _ if !is_asked => room.reply(server, 481),
            // Ours isn't answered yet, nor is what it offers (RFC 3261 14.2, RFC 3311 5.2).
            Method::Invite => room.reply(server, 491),
            Method::Update if has_offered && !message.body().is_empty() => room.reply(server, 491),
            Method::Update | Method::Info | Method::Refer => put_off(room, server),
            _ => room.reply(server, 481),
        }
    }
}
