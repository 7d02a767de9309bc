//! Who talks, who has time, and how many calls each user has: what the next decision wants to know.

use std::sync::Arc;

use media::Side;
use policy::{Callee, Idle};

use crate::Room;
use crate::call::{Call, State};
use crate::moving::Presence;

impl Call {
    /// Counts this call for each user in it and each that it rings, and for nobody else.
    pub(crate) fn count_for_users(&mut self, room: &Room<'_>) {
        if !room.policy.counts_calls() && self.counted.is_empty() {
            return;
        }
        let users = self.users();
        self.counted.retain(|(user, _)| users.contains(user));
        for user in users {
            if self.counted.iter().all(|(counted, _)| *counted != user)
                && let Some(permit) = room.policy.call_of(&user)
            {
                self.counted.push((user, permit));
            }
        }
    }

    fn users(&self) -> Vec<Arc<str>> {
        let sides: &[Side] = match &self.state {
            State::Placing(_) | State::Refusing(_) => &[Side::Caller],
            State::Up(_) => &[Side::Caller, Side::Callee],
            State::Closing(_) => &[],
        };
        let here = sides.iter().filter(|side| self.here[**side as usize] == Presence::Here);
        let parties = here.map(|side| &self.end(*side).party);
        let ringing = self.attempts().map(|attempt| &self.plan.attempts[attempt.index].callee);
        let user = |party: &Callee| if let Callee::User(name) = party { Some(name.clone()) } else { None };
        parties.chain(ringing).filter_map(user).collect()
    }

    /// Somebody has answered: both are in a call.
    pub(crate) fn both_talk(&mut self, room: &mut Room<'_>) {
        self.limit_length(room);
        self.listen(room);
        for side in [Side::Caller, Side::Callee] {
            self.is_now(room, side, Idle::Not);
        }
    }

    /// Whoever is still there talks no more.
    pub(crate) fn both_have_time(&self, room: &mut Room<'_>) {
        for side in [Side::Caller, Side::Callee] {
            if self.here[side as usize] == Presence::Here {
                self.has_time(room, side);
            }
        }
    }

    pub(crate) fn has_time(&self, room: &mut Room<'_>, side: Side) {
        let at = room.now.wall;
        self.is_now(room, side, Idle::Since(at));
    }

    fn is_now(&self, room: &mut Room<'_>, side: Side, idle: Idle) {
        let who = match &self.end(side).party {
            Callee::User(name) => Some(name.clone()),
            Callee::Trunk(_) => self.number_outside(side),
        };
        if let Some(who) = who.filter(|who| room.policy.is_timed(who)) {
            room.turns.is(&who, idle);
        }
    }

    /// The number that was called at the far end of a trunk.
    fn number_outside(&self, side: Side) -> Option<Arc<str>> {
        match (&self.state, side) {
            (State::Up(callee), Side::Callee) => self.plan.attempts[callee.attempt].connected.number.clone(),
            _ => self.end(side).known.number.clone(),
        }
    }
}
