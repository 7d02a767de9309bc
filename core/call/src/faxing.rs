//! A fax or a modem is heard in a call: from then on its sound crosses untouched. Whoever speaks another
//! codec than G.711 is asked for that alone, by a re-INVITE, and nothing is made of its sound here any more.
//!
//! It is heard where sound is made into another codec, or listened to for keys. What is only relayed crosses
//! untouched as it is, and nobody looks into it. T.38 is a matter of the two far ends.

use std::time::{Duration, Instant};

use media::{Side, Signal};
use policy::Fax as Wish;

use crate::call::{Call, State};
use crate::closing::Ending;
use crate::draft::who;
use crate::fax::{Fax, Stage};
use crate::joining::{self, Course, Joining};
use crate::moving::Presence;
use crate::{Event, Room};

/// Each side once, and as often again where requests met.
const TRIES_MAX: u8 = 6;

const BOTH: [Side; 2] = [Side::Caller, Side::Callee];

impl Call {
    /// A side has said that it is a fax or a modem. A call for help is left as it is.
    pub(crate) fn signalled(&mut self, room: &mut Room<'_>, side: Side, signal: Signal) {
        if self.meets.is_some() || self.plan.emergency {
            return;
        }
        let who = who(side, &self.end(side).party);
        self.draft.fax_heard(room, &who, signal);
        let (call, at, signal) = (self.draft.id(), room.now.wall, signal.name());
        room.tells.push(Event::FaxHeard { call, at, who, signal });
        self.fax.get_or_insert_with(|| Box::new(Fax::new()));
    }

    /// Sees to it that the sound of a fax crosses untouched, once nothing else is under way.
    pub(crate) fn keep_fax_whole(&mut self, room: &mut Room<'_>) {
        let Some(Fax { stage: Stage::Wanted(due), tries }) = self.fax.as_deref() else { return };
        let is_up = matches!(self.state, State::Up(_)) && self.caller.invite.is_none();
        let is_moving = self.transfer.is_some() || self.origin.is_some() || self.lender.is_some();
        let is_whole = self.here == [Presence::Here; 2] && self.parked.is_none() && !is_moving;
        let is_due = due.is_none_or(|due| due <= room.now.instant);
        if !(is_up && is_whole && is_due && self.is_settled()) {
            return;
        }
        if self.ends.iter().any(|end| end.rules.fax == Wish::AsItIs) {
            return self.fax_spoilt(room, "media.fax leaves it as it is".to_owned());
        }
        if *tries >= TRIES_MAX {
            return self.fax_spoilt(room, "the far ends changed it too often".to_owned());
        }
        match BOTH.into_iter().find(|side| self.bridge.speaks_otherwise(*side)) {
            Some(side) => self.ask_for_g711(room, side),
            None => {
                self.bridge.leave_sound(room);
                self.set_fax(Stage::Kept);
                self.draft.fax_kept();
            }
        }
    }

    fn ask_for_g711(&mut self, room: &mut Room<'_>, side: Side) {
        let plan = self.media_plan();
        let before = self.bridge.told(side).to_vec();
        if self.bridge.offer_g711(room, side, &plan).is_err() {
            let who = who(side, &self.end(side).party);
            return self.fax_spoilt(room, format!("{who}, may not be offered G.711"));
        }
        self.bridge.expect_g711(room, side);
        if let Some(fax) = &mut self.fax {
            fax.tries += 1;
        }
        self.joining = Some(Joining::on(Course::Fax, joining::Stage::Asking(side), before));
        self.ask_to_join(room, None);
    }

    /// A side has answered what it was asked.
    pub(crate) fn fax_answered(&mut self, room: &mut Room<'_>, side: Side, theirs: &[u8]) {
        self.joining = None;
        let is_heard = self.bridge.hear_answer(room, side, theirs).is_ok();
        self.listen(room);
        if !is_heard || self.bridge.speaks_otherwise(side) {
            self.fax_refused(room, side);
        }
    }

    /// It would not have it: it goes on with what it knows.
    pub(crate) fn fax_not_answered(&mut self, room: &mut Room<'_>, joining: Joining, ending: Ending) {
        let side = joining.stage.side();
        self.bridge.told_again(side, joining.before);
        match ending {
            Ending::Lost(side) => self.lost(room, side),
            _ => self.fax_refused(room, side),
        }
    }

    /// What was asked met a request of the far end, which goes first: it may be one for T.38.
    pub(crate) fn fax_waits(&mut self, room: &Room<'_>, wait: Duration) {
        if let Some(joining) = self.joining.take() {
            self.bridge.told_again(joining.stage.side(), joining.before);
        }
        self.set_fax(Stage::Wanted(Some(room.now.instant + wait)));
    }

    fn fax_refused(&mut self, room: &mut Room<'_>, side: Side) {
        let who = who(side, &self.end(side).party);
        self.fax_spoilt(room, format!("{who}, would not speak G.711 alone"));
    }

    /// The call goes on as it is, and it is told why its fax may come to nothing.
    fn fax_spoilt(&mut self, room: &mut Room<'_>, words: String) {
        self.bridge.may_change_sound();
        self.set_fax(Stage::Spoilt);
        self.draft.fax_spoilt(&words);
        let (call, at) = (self.draft.id(), room.now.wall);
        room.tells.push(Event::FaxSpoilt { call, at, words });
    }

    fn set_fax(&mut self, stage: Stage) {
        if let Some(fax) = &mut self.fax {
            fax.stage = stage;
        }
    }

    pub(crate) fn fax_deadline(&self) -> Option<Instant> {
        self.fax.as_ref()?.deadline()
    }
}
