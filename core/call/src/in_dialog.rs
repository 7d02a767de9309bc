//! A request inside of a dialog: which verb, and may it go on?

use sip_message::{Message, Method};
use sip_stack::{Flow, ServerId};

use crate::call::{Call, State};
use crate::{Room, arrival};

impl Call {
    pub(crate) fn in_dialog(
        &mut self,
        room: &mut Room<'_>,
        server: ServerId,
        _flow: Flow,
        message: &Message<'_>,
    ) {
        let Some(side) = self.side_of(message) else { return room.reply(server, 481) };
        let is_in_order = self.dialog(side).is_some_and(|dialog| dialog.admit(message).is_ok());
        if !is_in_order {
            return room.reply(server, 500);
        }
        let method = message.method().unwrap_or(Method::Other(""));
        if method == Method::Bye {
            return self.bye(room, server, side, message);
        }
        match (&self.state, method) {
            (State::Closing(_), _) => room.reply(server, 481),
            (_, Method::Options) => room.reply_with(server, 200, None, &[("Allow", arrival::ALLOW)]),
            // The first INVITE isn't answered yet (RFC 3261 14.2, RFC 3311 5.2).
            (State::Placing(_), Method::Invite | Method::Update | Method::Info) => {
                room.reply_with(server, 500, None, &[("Retry-After", "3")]);
            }
            (State::Up(_), Method::Invite | Method::Update) => {
                self.carry_exchange(room, server, side, message)
            }
            (State::Up(_), Method::Info) => self.pass(room, server, side, message),
            (State::Placing(_) | State::Up(_), _) => {
                room.reply_with(server, 405, None, &[("Allow", arrival::ALLOW)]);
            }
        }
    }
}
