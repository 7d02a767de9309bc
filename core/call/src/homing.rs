//! Where the media of a leg lies, while its call goes on: the far end says that its party is inside of our
//! network, or is there no more.
//!
//! Who says so in an offer is answered from the other place. Who says so in an answer is told of the other
//! place by a re-INVITE. The other leg keeps its ports, and its far end hears nothing of it.

use std::sync::Arc;
use std::time::Duration;

use media::Side;
use sip_message::Message;

use crate::Room;
use crate::call::{Call, State};
use crate::closing::Ending;
use crate::draft::who;
use crate::home::Said;
use crate::joining::{self, Course, Joining};
use crate::location;
use crate::moving::Presence;

/// How often a re-INVITE for it may go out in one call: far ends move, and may meet us.
const TRIES_MAX: u8 = 16;

const BOTH: [Side; 2] = [Side::Caller, Side::Callee];

impl Call {
    /// The far end of a side has answered, and may have said where its party is.
    pub(crate) fn hear_location(&mut self, side: Side, message: &Message<'_>) {
        let Some(said) = self.said_in(side, message) else { return };
        if said.party == self.end(side).rules.home.party {
            self.note_home(side, &said.words);
        }
        self.homing.said[side as usize] = Some(Box::new(said));
    }

    /// The far end of a side offers something, and may say that its party is elsewhere than before: ports are
    /// taken there, for the answer.
    pub(crate) fn prepare_home(&mut self, room: &mut Room<'_>, side: Side, message: &Message<'_>) {
        self.bridge.stay(room, side);
        let Some(said) = self.said_in(side, message) else { return };
        if said.party != self.end(side).rules.home.party {
            self.takes_ports(room, side, said.party);
        }
        self.homing.said[side as usize] = Some(Box::new(said));
    }

    /// What was prepared for a side holds from now on.
    pub(crate) fn move_home(&mut self, room: &mut Room<'_>, side: Side) {
        if !self.bridge.move_over(room, side) {
            return;
        }
        let home = &mut Arc::make_mut(&mut self.ends[side as usize].rules).home;
        home.party = home.party_at(self.bridge.lies_at(side));
        let (party, said) = (home.party, self.homing.said[side as usize].as_ref());
        if let Some(words) = said.filter(|said| said.party == party).map(|said| said.words.clone()) {
            self.note_home(side, &words);
        }
    }

    /// Says whose media lies elsewhere than it should, because no port was left there.
    pub(crate) fn note_displaced(&mut self) {
        for side in BOTH {
            let rules = &mut self.ends[side as usize].rules;
            if rules.home.inside.is_none() || !self.bridge.is_displaced(side) {
                continue;
            }
            let home = &mut Arc::make_mut(rules).home;
            let name = home.name(home.party).to_owned();
            home.party = model::Side::Outside;
            let instead = home.name(home.party).to_owned();
            let words = format!("no media port was free at interface {name}: media lies at {instead}");
            self.note_home(side, &words);
        }
    }

    fn said_in(&self, side: Side, message: &Message<'_>) -> Option<Said> {
        let home = &self.end(side).rules.home;
        home.inside.as_ref()?;
        let said = location::said_in(message)?;
        let words = home.why(Some(&said))?.to_string();
        Some(Said { party: said.party, words })
    }

    fn note_home(&mut self, side: Side, words: &str) {
        let who = who(side, &self.end(side).party);
        self.draft.followed(format!("{who}: {words}"));
    }

    /// Takes ports where a party is reached; whether there are any.
    fn takes_ports(&mut self, room: &mut Room<'_>, side: Side, party: model::Side) -> bool {
        let Some(flow) = self.dialog(side).map(|dialog| dialog.flow()) else { return false };
        let home = &self.end(side).rules.home;
        let interface = home.of_party(party).interface(room.places.interface_of(flow.listener));
        let name = home.name(party).to_owned();
        let is_ready = self.bridge.prepare(room, side, interface).is_ok();
        if !is_ready {
            let words = format!("no media port is free at interface {name}: media stays where it is");
            self.note_home(side, &words);
        }
        is_ready
    }

    /// Sees to it that media of both legs lies where it should, once nothing else is under way.
    pub(crate) fn seek_home(&mut self, room: &mut Room<'_>) {
        let is_home = |side: &Side| {
            let said = self.homing.said[*side as usize].as_ref();
            said.is_none_or(|said| said.party == self.end(*side).rules.home.party)
        };
        let Some(side) = BOTH.into_iter().find(|side| !is_home(side)) else {
            self.homing.due = None;
            return;
        };
        let is_up =
            matches!(self.state, State::Up(_)) && self.caller.invite.is_none() && self.meets.is_none();
        let is_moving = self.transfer.is_some() || self.origin.is_some() || self.lender.is_some();
        let is_whole = self.here[side as usize] == Presence::Here && !is_moving;
        let is_due = self.homing.due.is_none_or(|due| due <= room.now.instant);
        if is_up && is_whole && is_due && self.is_settled() {
            self.ask_home(room, side);
        }
    }

    fn ask_home(&mut self, room: &mut Room<'_>, side: Side) {
        self.homing.due = None;
        let Some(party) = self.homing.said[side as usize].as_ref().map(|said| said.party) else { return };
        let may_ask = self.homing.tries < TRIES_MAX && self.bridge.is_open();
        if !may_ask || !self.takes_ports(room, side, party) {
            self.homing.said[side as usize] = None;
            return;
        }
        let before = self.bridge.told(side).to_vec();
        if self.bridge.offer_prepared(room, side).is_err() {
            return self.stays_home(room, side);
        }
        self.homing.tries += 1;
        self.joining = Some(Joining::on(Course::Home, joining::Stage::Asking(side), before));
        self.ask_to_join(room, None);
    }

    /// A side has answered from where it is told of the other place.
    pub(crate) fn home_answered(&mut self, room: &mut Room<'_>, side: Side, theirs: &[u8]) {
        self.joining = None;
        self.move_home(room, side);
        let _ = self.bridge.hear_answer(room, side, theirs);
        self.listen(room);
    }

    /// It would not have it: its media stays where it is.
    pub(crate) fn home_refused(&mut self, room: &mut Room<'_>, joining: Joining, ending: Ending) {
        let side = joining.stage.side();
        self.bridge.told_again(side, joining.before);
        if let Ending::Lost(side) = ending {
            return self.lost(room, side);
        }
        self.note_home(side, "it would not have its media elsewhere, and that stays where it is");
        self.stays_home(room, side);
    }

    /// What was asked met a request of the far end, which goes first: it may say the same.
    pub(crate) fn home_waits(&mut self, room: &mut Room<'_>, wait: Duration) {
        if let Some(joining) = self.joining.take() {
            let side = joining.stage.side();
            self.bridge.told_again(side, joining.before);
            self.bridge.stay(room, side);
        }
        self.homing.due = Some(room.now.instant + wait);
    }

    fn stays_home(&mut self, room: &mut Room<'_>, side: Side) {
        self.bridge.stay(room, side);
        self.homing.said[side as usize] = None;
    }
}
