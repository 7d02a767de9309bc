//! Who talks, and who has time: what teams that ring by idleness want to know.

use std::sync::Arc;

use media::Side;
use policy::{Callee, Idle};

use crate::Room;
use crate::call::{Call, State};
use crate::moving::Presence;

impl Call {
    /// Somebody has answered: both are in a call.
    pub(crate) fn both_talk(&self, room: &mut Room<'_>) {
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
        if let Some(who) = who.filter(|who| room.policy.is_watched(who)) {
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
