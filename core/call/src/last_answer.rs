//! The answer that ends an INVITE without a call. It leaves when the record is kept: a call that its caller
//! knows to be over has one. Whoever called for help hears at once.

use std::sync::Arc;

use policy::Line;
use sip_stack::ServerId;

use crate::Room;
use crate::call::Call;
use crate::lines::{Lines, handed};

/// What the caller is told when the record is kept. Until then its INVITE is under way: a copy of it hears
/// again what it heard last, and a CANCEL comes too late to change what became of the call.
pub(crate) struct LastAnswer {
    server: ServerId,
    status: u16,
    lines: Vec<Line>,
}

impl Call {
    /// Has the caller told a final status; the call must end in the same event.
    pub(crate) fn answer_last(&mut self, room: &mut Room<'_>, status: u16, lines: Lines<'_>) {
        let Some(server) = self.caller.take_invite() else { return };
        let lines = lines.into_iter().map(|(name, value)| (Arc::from(&*name), value.into_owned())).collect();
        self.caller.last = Some(Box::new(LastAnswer { server, status, lines }));
        if self.plan.emergency {
            self.say_last(room);
        }
    }

    /// It is said, if it was not before.
    pub(crate) fn say_last(&mut self, room: &mut Room<'_>) {
        let Some(last) = self.caller.last.take() else { return };
        let tag = self.caller.dialog.local_tag().to_owned();
        room.reply_with(last.server, last.status, Some(&tag), &handed(&last.lines).collect::<Vec<_>>());
    }
}
