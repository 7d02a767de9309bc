//! The caller changes its mind.

use sip_message::Message;
use sip_stack::ServerId;

use crate::call::{Call, State};
use crate::closing::Ending;
use crate::{EndedBy, Room};

impl Call {
    /// A CANCEL reached an INVITE that we still have to answer.
    pub(crate) fn cancelled(&mut self, room: &mut Room<'_>, server: ServerId, message: &Message<'_>) {
        if self.caller.invite == Some(server) && matches!(self.state, State::Up(_)) {
            return self.refuse_answer(room);
        }
        if self.caller.invite == Some(server) && matches!(self.state, State::Refusing(_)) {
            return self.leaves_refused(room);
        }
        if self.caller.invite == Some(server) {
            return self.cancel_attempt(room, message.line(sip_message::Header::Reason));
        }
        // A re-INVITE: whatever its far end answers to our CANCEL is the answer, so that both legs agree.
        self.cancel_exchange(room, server);
    }

    /// Ends a call that nobody has answered yet. A 2xx that crosses is acknowledged and ended.
    pub(crate) fn cancel_attempt(&mut self, room: &mut Room<'_>, reason: Option<&str>) {
        self.let_others_go(room, reason, "the caller gave up");
        if let State::Placing(attempt) = &self.state
            && let Some(client) = attempt.client()
        {
            room.stack.cancel(room.now.instant, client, reason, room.sends);
        }
        self.answer_last(room, 487, Vec::new());
        self.close(room, Ending::Cancelled);
    }

    /// The callee has answered, and the caller gives up before it heard so.
    fn refuse_answer(&mut self, room: &mut Room<'_>) {
        self.answer_last(room, 487, Vec::new());
        self.end_both(room, EndedBy::Caller, Ending::Cancelled);
    }
}
