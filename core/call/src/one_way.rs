//! A party that is to be heard and is not, while its call goes on: that is told at once, with what is known
//! of the cause. It ends nothing: whoever only listens may.

use std::time::{Duration, Instant};

use media::{Lack, Side, Signs};

use crate::call::Call;
use crate::quiet::Missed;
use crate::verdict::{
    NO_CHECK, NO_KEYS, NOTHING_CAME, ONLY_STRANGERS, STOPPED, UNPROVEN, Verdict, verdict_of,
};
use crate::{Event, Room};

/// Whoever is not heard for so long is missed. Reports (RTCP) count as a sign of life.
const MISSED_AFTER: Duration = Duration::from_millis(2_500);
/// No call asks more often.
const PAUSE: Duration = Duration::from_millis(100);
/// A phone that sends nothing while its user is silent is missed again and again: so often is enough.
const ALARMS_MAX: u8 = 6;

impl Call {
    /// From now on both are to be heard, as far as media passes through us.
    pub(crate) fn expect_sound(&mut self, room: &Room<'_>) {
        let is_missed = self.quiet.missed.iter().any(Option::is_some);
        let may_tell = self.bridge.is_open() && (is_missed || self.quiet.alarms < ALARMS_MAX);
        self.quiet.alarm_at = may_tell.then_some(room.now.instant + MISSED_AFTER);
    }

    /// The relay says when it heard each side last, and what else came.
    pub(crate) fn judge_one_way(&mut self, room: &mut Room<'_>, heard: [Instant; 2], signs: &[Signs; 2]) {
        let now = room.now.instant;
        for side in [Side::Caller, Side::Callee] {
            let (last, missed) = (heard[side as usize], self.quiet.missed[side as usize]);
            let is_silent = now.saturating_duration_since(last) >= MISSED_AFTER;
            match missed {
                None if is_silent => self.miss(room, side, last, &signs[side as usize]),
                Some(missed) if !is_silent && last > missed.last => self.is_heard_again(room, side),
                _ => {}
            }
        }
        let next = heard.map(|heard| heard + MISSED_AFTER).into_iter().filter(|at| *at > now).min();
        if let (Some(next), Some(latest)) = (next, self.quiet.alarm_at) {
            self.quiet.alarm_at = Some(next.max(now + PAUSE).min(latest));
        }
    }

    fn miss(&mut self, room: &mut Room<'_>, side: Side, last: Instant, signs: &Signs) {
        if self.quiet.alarms >= ALARMS_MAX {
            return;
        }
        self.quiet.alarms += 1;
        let why = verdict_of(cause(signs));
        self.quiet.missed[side as usize] = Some(Missed { last, why });
        let party = self.end(side).party.clone();
        let silent = room.now.instant.saturating_duration_since(last);
        let who = self.draft.is_missed(room, (side, &party), silent, why);
        let call = self.draft.id();
        room.tells.push(Event::PartyMissed {
            call,
            at: room.now.wall,
            who,
            code: why.code,
            words: why.title,
        });
    }

    fn is_heard_again(&mut self, room: &mut Room<'_>, side: Side) {
        self.quiet.missed[side as usize] = None;
        let party = self.end(side).party.clone();
        let who = self.draft.is_not_missed(room, side, &party);
        let call = self.draft.id();
        room.tells.push(Event::PartyHeard { call, at: room.now.wall, who });
    }

    /// Nobody need be heard now: somebody holds, has left or is being joined to another.
    pub(crate) fn misses_nobody(&mut self, room: &Room<'_>) {
        for side in [Side::Caller, Side::Callee] {
            if self.quiet.missed[side as usize].take().is_some() {
                let party = self.end(side).party.clone();
                self.draft.is_not_missed(room, side, &party);
            }
        }
    }

    /// Who is missed now, for whoever looks at the call.
    pub(crate) fn missed(&self) -> Vec<String> {
        let sides = [Side::Caller, Side::Callee].into_iter();
        let missed = sides.filter_map(|side| Some((side, self.quiet.missed[side as usize]?)));
        let words = |(side, Missed { why: Verdict { code, title, .. }, .. }): (Side, Missed)| {
            format!("{}: {code}, {title}", crate::draft::who(side, &self.end(side).party))
        };
        missed.map(words).collect()
    }
}

/// The likeliest cause, by what came and what did not.
fn cause(signs: &Signs) -> &'static str {
    match signs {
        Signs { packets: 1.., .. } => STOPPED,
        Signs { lacks: Lack::Check, .. } => NO_CHECK,
        Signs { lacks: Lack::Keys, .. } => NO_KEYS,
        Signs { unproven: 1.., .. } => UNPROVEN,
        Signs { strangers: 1.., .. } => ONLY_STRANGERS,
        Signs { .. } => NOTHING_CAME,
    }
}
