//! What the two ends of a call are called, whatever stands between them (RFC 7989): each leg hears of the
//! other's name as far as its rules let it, and whoever has none gets one.

use media::Side;
use policy::SessionIds;
use sip_message::{Header, Message, Remote, SessionId, Uuid};
use sip_stack::{Chance, ServerId};

use crate::Room;
use crate::call::{Call, State};

/// The name of one far end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Talker {
    pub uuid: Uuid,
    /// What one hears that is older than RFC 7989: the same as it says, alone.
    alone: Option<Uuid>,
}

impl Talker {
    /// What a message says of its sender, who was told `before`; nothing, if it says nothing.
    fn of(message: &Message<'_>, before: Option<SessionId>) -> Option<Talker> {
        let said = SessionId::parse(message.line(Header::SessionId)?)?;
        if said.local.is_nil() {
            return None;
        }
        // Who answers with the name that it was asked with only repeats it (RFC 7329).
        let is_echo = before.is_some_and(|before| before.local == said.local);
        Some(match said.remote {
            Remote::Unsaid if is_echo => Talker { uuid: Uuid::NIL, alone: Some(said.local) },
            Remote::Unsaid => Talker { uuid: said.local, alone: Some(said.local) },
            Remote::Is(_) if is_echo => return None,
            Remote::Is(_) => Talker { uuid: said.local, alone: None },
        })
    }

    /// The same with a name in any case.
    fn named(self, chance: &mut Chance) -> Talker {
        if !self.uuid.is_nil() {
            return self;
        }
        let mut lot = [0; 16];
        chance.fill(&mut lot);
        Talker { uuid: Uuid::of_lot(lot), ..self }
    }

    /// What it is told, if the one that it speaks with has this name.
    fn hears_of(self, other: Uuid) -> SessionId {
        match self.alone {
            Some(own) => SessionId { local: own, remote: Remote::Unsaid },
            None => SessionId { local: other, remote: Remote::Is(self.uuid) },
        }
    }
}

impl Call {
    /// The caller has a name from the first message on.
    pub(crate) fn name_caller(&mut self, room: &mut Room<'_>, message: &Message<'_>) {
        let said = self.listens_to(Side::Caller).then(|| Talker::of(message, None)).flatten();
        self.ends[Side::Caller as usize].session = said.unwrap_or_default().named(room.stack.chance());
        self.pair_up(room);
    }

    /// What an INVITE says that reaches for a callee with these rules.
    pub(crate) fn session_for_callee(&mut self, rules: SessionIds) -> Option<SessionId> {
        self.ends[Side::Callee as usize].session = Talker::default();
        let caller = self.end(Side::Caller).session.uuid;
        (rules == SessionIds::Pass).then(|| Talker::default().hears_of(caller))
    }

    /// The callee has answered: from now on it has a name.
    pub(crate) fn answered_session(&self, room: &mut Room<'_>, message: &Message<'_>) -> Talker {
        let State::Placing(attempt) = &self.state else { return Talker::default() };
        let listens = self.plan.attempts[attempt.index].leg.session_ids == SessionIds::Pass;
        let told = Talker::default().hears_of(self.end(Side::Caller).session.uuid);
        let said = listens.then(|| Talker::of(message, Some(told))).flatten();
        said.unwrap_or_default().named(room.stack.chance())
    }

    /// What a side says of its name, which may change at any time (RFC 7989 6).
    pub(crate) fn hear_session(&mut self, room: &mut Room<'_>, side: Side, message: &Message<'_>) {
        if message.line(Header::SessionId).is_none() || !self.listens_to(side) {
            return;
        }
        let told = self.session_toward(side);
        let Some(said) = Talker::of(message, told) else { return };
        let session = &mut self.ends[side as usize].session;
        let said = if said.uuid.is_nil() { Talker { uuid: session.uuid, ..said } } else { said };
        if *session != said {
            *session = said;
            self.pair_up(room);
        }
    }

    /// A request of a side is answered in its own words.
    pub(crate) fn answer_in_session(&self, room: &mut Room<'_>, side: Side, server: ServerId) {
        room.stack.speak_of(server, self.session_toward(side));
    }

    /// Both legs, and whatever waits for an answer, hear of each other's names.
    pub(crate) fn pair_up(&mut self, room: &mut Room<'_>) {
        for side in [Side::Caller, Side::Callee] {
            let session = self.session_toward(side);
            let dialog = match (side, &mut self.state) {
                (Side::Caller, _) => Some(&mut self.caller.dialog),
                (Side::Callee, State::Up(callee)) => Some(&mut callee.dialog),
                (Side::Callee, _) => None,
            };
            if let Some(dialog) = dialog {
                dialog.set_session(session);
            }
            let asked = self.exchange.as_ref().filter(|exchange| exchange.from == side);
            let server = asked.map(|exchange| exchange.server);
            let first = self.caller.invite.filter(|_| side == Side::Caller);
            for server in server.into_iter().chain(first) {
                room.stack.speak_of(server, session);
            }
        }
        if matches!(self.state, State::Up(_)) {
            self.note_session();
        }
    }

    /// The record keeps every pair that was in force.
    pub(crate) fn note_session(&mut self) {
        let [caller, callee] = [Side::Caller, Side::Callee].map(|side| self.end(side).session.uuid);
        self.draft.sessions(caller, callee);
    }

    /// What a side is told.
    pub(crate) fn session_toward(&self, side: Side) -> Option<SessionId> {
        let other = self.end(side.other()).session.uuid;
        self.listens_to(side).then(|| self.end(side).session.hears_of(other))
    }

    fn listens_to(&self, side: Side) -> bool {
        let rules = match (side, &self.state) {
            (Side::Callee, State::Placing(attempt)) => &self.plan.attempts[attempt.index].leg,
            _ => &self.end(side).rules,
        };
        rules.session_ids == SessionIds::Pass
    }
}
