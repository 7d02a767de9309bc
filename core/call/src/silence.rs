//! Calls whose media has stopped. The relay has no timer: the call asks it when each side was heard last, at
//! the moment when that might be too long ago, and looks again when it next might.

use std::time::{Duration, Instant};

use media::{Side, Signs};
use policy::Silence;
use sdp::{Direction, Session};

use crate::call::{Call, State};
use crate::closing::Ending;
use crate::moving::Presence;
use crate::quiet::{Patience, Quiet};
use crate::{EndedBy, Event, Room};

/// No call asks more often: what is a hair too early today is looked at a little later.
const PAUSE: Duration = Duration::from_millis(100);

impl Call {
    /// From now on its parties talk, and are to be heard.
    pub(crate) fn listen(&mut self, room: &Room<'_>) {
        self.quiet.look_at = self.patience().shortest().map(|shortest| room.now.instant + shortest);
        self.expect_sound(room);
    }

    /// Asks the relay, when it is time. One that gives no answer is asked again.
    pub(crate) fn ask_for_sound(&mut self, room: &mut Room<'_>) {
        let Quiet { look_at, alarm_at, .. } = self.quiet;
        let [is_due, may_be_missed] =
            [look_at, alarm_at].map(|at| at.is_some_and(|at| at <= room.now.instant));
        if !(is_due || may_be_missed) || !matches!(self.state, State::Up(_)) {
            return;
        }
        match is_due {
            true => self.listen(room),
            false => self.expect_sound(room),
        }
        self.bridge.ask_for_sound(room);
    }

    /// The relay says when it heard each side last.
    pub(crate) fn judge_silence(&mut self, room: &mut Room<'_>, heard: [Instant; 2], signs: &[Signs; 2]) {
        let is_whole = self.here == [Presence::Here; 2] && self.joining.is_none() && self.parked.is_none();
        if !matches!(self.state, State::Up(_)) {
            return;
        }
        if !is_whole || self.bridge.only_chats() {
            return self.misses_nobody(room);
        }
        let Patience { usual, on_hold } = self.patience();
        let is_on_hold = !talks([Side::Caller, Side::Callee].map(|side| self.bridge.heard(side)));
        match is_on_hold {
            true => self.misses_nobody(room),
            false => self.judge_one_way(room, heard, signs),
        }
        let Silence::After(limit) = (if is_on_hold { on_hold } else { usual }) else { return };
        if !is_on_hold {
            self.note_silence(room, heard, limit);
        }
        let now = room.now.instant;
        let latest = heard[0].max(heard[1]);
        if latest + limit <= now && !self.plan.emergency {
            return self.end_both(room, EndedBy::House, Ending::NoSound);
        }
        let next = heard.map(|heard| heard + limit).into_iter().filter(|at| *at > now).min();
        if let (Some(next), Some(usual)) = (next, self.quiet.look_at) {
            self.quiet.look_at = Some(next.max(now + PAUSE).min(usual));
        }
    }

    fn note_silence(&mut self, room: &mut Room<'_>, heard: [Instant; 2], limit: Duration) {
        for side in [Side::Caller, Side::Callee] {
            let last = heard[side as usize];
            let is_noted = self.quiet.noted[side as usize] == Some(last);
            let silent = room.now.instant.saturating_duration_since(last);
            if silent < limit || is_noted {
                continue;
            }
            self.quiet.noted[side as usize] = Some(last);
            let party = self.end(side).party.clone();
            let who = self.draft.fell_silent(room, side, &party, silent);
            let call = self.draft.id();
            room.tells.push(Event::CallSilent { call, at: room.now.wall, who, seconds: silent.as_secs() });
        }
    }

    fn patience(&self) -> Patience {
        Patience::of(self.ends.iter().map(|end| &*end.rules))
    }
}

/// Whether both sides said of a stream that they send and receive; who holds, or is held, need send nothing.
fn talks(heard: [&[u8]; 2]) -> bool {
    let [Ok(caller), Ok(callee)] = heard.map(Session::parse) else { return false };
    let both = sdp::media_targets(&caller).into_iter().zip(sdp::media_targets(&callee));
    both.into_iter().any(|(one, other)| {
        [one, other].iter().all(|target| target.direction == Direction::SendRecv && target.rtp.is_some())
    })
}
