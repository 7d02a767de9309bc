//! What the two ends of a call are called, whatever stands between them (RFC 7989): each leg hears of the
//! other's name as far as its rules let it, and whoever has none gets one.

use media::Side;
use policy::SessionIds;
use sip_message::{Header, Message, SessionId};
use sip_stack::ServerId;

use crate::Room;
use crate::call::{Call, State};
use crate::talker::{Claim, Talker};

/// So many new names wait for their answers; whoever brings more has them accepted.
const CLAIMS_MAX: usize = 8;

impl Call {
    /// The caller has a name from the first message on.
    pub(crate) fn name_caller(&mut self, room: &mut Room<'_>, message: &Message<'_>) {
        let rules = self.end(Side::Caller).rules.clone();
        self.ends[Side::Caller as usize].session = Talker::of_request(room, &rules, message);
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
        let said = if said.uuid.is_nil() { said.known_as(session.uuid) } else { said };
        if *session != said {
            *session = said;
            self.pair_up(room);
        }
    }

    /// The same of a request: a new name counts only if it is not answered with a failure (RFC 7989 8), which
    /// bears it all the same.
    pub(crate) fn hear_claim(
        &mut self,
        room: &mut Room<'_>,
        (side, server): (Side, ServerId),
        message: &Message<'_>,
    ) {
        let before = self.end(side).session;
        self.hear_session(room, side, message);
        let claimed = self.end(side).session;
        if claimed != before && self.claims.len() < CLAIMS_MAX {
            self.claims.push(Claim { side, server, before, claimed });
            room.stack.watch(server);
        }
    }

    /// Requests that named their senders anew may be answered by now.
    pub(crate) fn settle_claims(&mut self, room: &mut Room<'_>) {
        let mut place = 0;
        while let Some(claim) = self.claims.get(place) {
            match room.stack.outcome(claim.server) {
                Some(status) => {
                    let claim = self.claims.remove(place);
                    if status >= 400 {
                        self.take_name_back(room, place, &claim);
                    }
                }
                None => place += 1,
            }
        }
    }

    /// As if the name had never been said: whatever came after it follows on what was before.
    fn take_name_back(&mut self, room: &mut Room<'_>, place: usize, refused: &Claim) {
        let mut later = self.claims[place..].iter_mut();
        if let Some(next) = later.find(|claim| claim.side == refused.side) {
            next.before = refused.before;
        } else if self.end(refused.side).session == refused.claimed {
            self.ends[refused.side as usize].session = refused.before;
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
