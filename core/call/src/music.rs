//! Whoever waits hears something: on hold at a phone that plays nothing itself, parked, or left alone while
//! a transfer is under way.

use media::{Begins, Played, Side};
use policy::Music;

use crate::Room;
use crate::call::{Call, State};
use crate::moving::Presence;
use crate::plays::{Meanwhile, Wish};

impl Call {
    /// Lets each side hear what it is to hear now.
    pub(crate) fn entertain(&mut self, room: &mut Room<'_>) {
        for side in [Side::Caller, Side::Callee] {
            let wish = self.wished_for(side);
            self.bridge.play(room, side, wish);
        }
    }

    /// Whether a side may be told that it will hear us.
    pub(crate) fn meanwhile(&self, side: Side) -> Meanwhile {
        match &self.end(side).rules.music {
            _ if self.plan.emergency => Meanwhile::Silence,
            Music::Nothing => Meanwhile::Silence,
            Music::Tone(_) | Music::Recording(_) => Meanwhile::Music,
        }
    }

    fn wished_for(&self, side: Side) -> Option<Wish> {
        let is_up = matches!(self.state, State::Up(_)) && self.caller.invite.is_none();
        let is_here = self.here[side as usize] == Presence::Here;
        if !is_up || !is_here || !self.bridge.listens(side) || self.meanwhile(side) == Meanwhile::Silence {
            return None;
        }
        let other = side.other();
        let begins = match self.here[other as usize] {
            Presence::Away => Begins::AtOnce,
            Presence::Here => self.bridge.waits_for(other)?,
        };
        let what = match &self.end(side).rules.music {
            Music::Nothing => return None,
            Music::Tone(tone) => Played::Tone(tone.clone()),
            Music::Recording(recording) => Played::Looped(recording.clone()),
        };
        Some(Wish { what, begins })
    }
}
