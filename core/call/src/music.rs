//! Whoever waits hears something: on hold at a phone that plays nothing itself, parked, or left alone while
//! a transfer is under way; and that a phone rings, where their own does not say so.

use media::{Begins, Played, Side};
use policy::Music;

use crate::Room;
use crate::attempt::{Attempt, Stage};
use crate::call::{Call, State};
use crate::early::Silence;
use crate::moving::{Presence, Transfer};
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
        let is_here = self.here[side as usize] == Presence::Here;
        if self.plan.emergency || !is_here || !self.bridge.listens(side) {
            return None;
        }
        match &self.state {
            State::Placing(attempt) if side == Side::Caller => self.rings_early(attempt),
            State::Refusing(_) if side == Side::Caller => self.heard_refused(),
            State::Up(_) if self.caller.invite.is_none() => {
                self.notice().or_else(|| self.heard_in_vain()).or_else(|| self.waits(side))
            }
            State::Placing(_) | State::Refusing(_) | State::Up(_) | State::Closing(_) => None,
        }
    }

    /// What a side hears while the other does not listen to it, or is not there.
    fn waits(&self, side: Side) -> Option<Wish> {
        if let Some(wish) = self.wished_at_door() {
            return Some(wish);
        }
        let other = side.other();
        let begins = match self.here[other as usize] {
            Presence::Away => Begins::AtOnce,
            Presence::Here => self.bridge.waits_for(other)?,
        };
        let rules = &self.end(side).rules;
        let is_reached = |transfer: &Transfer| transfer.by == other && transfer.rings;
        let rings = self.parked.is_none() && self.transfer.as_ref().is_some_and(is_reached);
        let what = match (&rules.music, &rules.ringback) {
            (_, Some(ringback)) if rings => Played::Tone(ringback.clone()),
            (Music::Nothing, _) => return None,
            (Music::Tone(tone), _) => Played::Tone(tone.clone()),
            (Music::Recording(recording), _) => Played::Looped(recording.clone()),
        };
        Some(Wish { what, begins })
    }

    /// A caller who was told that the callee is heard, and whose phone does not ring by itself for that,
    /// hears it ring where nothing comes.
    fn rings_early(&self, attempt: &Attempt) -> Option<Wish> {
        let Attempt { stage: Stage::Ringing { .. }, earlies, .. } = attempt else { return None };
        let is_silent = earlies.rings || earlies.silence == Silence::Bridged;
        let expects_sound = self.caller.told.described.is_some();
        let ringback = self.end(Side::Caller).rules.ringback.as_ref();
        let ringback = ringback.filter(|_| is_silent && expects_sound)?;
        Some(Wish { what: Played::Tone(ringback.clone()), begins: Begins::AfterSilence })
    }
}
