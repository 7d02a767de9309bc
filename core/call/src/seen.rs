//! What whoever watches people may know of a call: whom it engages, and how far it has come for them.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use media::Side;
use policy::{Callee, Connected};
use sip_stack::{Dialog, Token};

use crate::Room;
use crate::call::{Call, State};
use crate::moving::Presence;

/// One party of a call, as far as the house knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    pub party: Callee,
    /// In E.164, where anybody vouches for one.
    pub number: Option<Arc<str>>,
    pub part: SeenPart,
    pub stage: SeenStage,
    /// Of a phone that rings, unless nobody may take the call away from it.
    pub dialog: Option<SeenDialog>,
}

/// What a Replaces header names a dialog by, as the far end knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenDialog {
    pub call_id: Box<str>,
    /// The far end's tag, and ours.
    pub local_tag: Box<str>,
    pub remote_tag: Box<str>,
}

/// Who began the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SeenPart {
    Calling,
    Called,
}

/// How far it has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SeenStage {
    Trying,
    Ringing,
    Talking,
}

/// A call that engages others than before; nobody, when it ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sighting {
    pub call: Token,
    pub parties: Vec<Seen>,
}

impl Call {
    /// Tells whoever watches, if there is something new to see.
    pub(crate) fn note_seen(&mut self, room: &mut Room<'_>) {
        let Some(sightings) = room.seen.as_deref_mut() else { return };
        let figure = self.figure();
        if self.seen != figure {
            self.seen = figure;
            sightings.push(Sighting { call: self.key, parties: self.parties() });
        }
    }

    /// Another figure says that there is something new; nothing is allocated for it.
    fn figure(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.each_party(|party, connected, (part, stage), dialog| {
            (party, &connected.number, part, stage, dialog.map(Dialog::remote_tag)).hash(&mut hasher);
        });
        // Nobody is the figure that a call begins with.
        if matches!(self.state, State::Closing(_)) { 0 } else { hasher.finish() | 1 }
    }

    fn parties(&self) -> Vec<Seen> {
        let mut parties: Vec<Seen> = Vec::new();
        self.each_party(|party, connected, (part, stage), dialog| {
            let dialog = dialog.map(SeenDialog::of);
            let known = parties.iter_mut().find(|one| one.party == *party && one.part == part);
            match known {
                // Several devices of one user are one party; of several trunks each has its number.
                Some(known) if matches!(party, Callee::User(_)) => {
                    known.stage = known.stage.max(stage);
                    known.dialog = known.dialog.take().or(dialog);
                }
                _ => {
                    let number = connected.number.clone();
                    parties.push(Seen { party: party.clone(), number, part, stage, dialog });
                }
            }
        });
        parties
    }

    fn each_party(&self, mut note: impl FnMut(&Callee, &Connected, (SeenPart, SeenStage), Option<&Dialog>)) {
        let caller = &self.ends[Side::Caller as usize];
        match &self.state {
            State::Closing(_) => {}
            State::Refusing(_) => {
                note(&caller.party, &caller.known, (SeenPart::Calling, SeenStage::Trying), None);
            }
            State::Placing(_) => {
                let stage_of = |rings| if rings { SeenStage::Ringing } else { SeenStage::Trying };
                let rings = self.attempts().any(|attempt| attempt.was_told());
                if self.here[Side::Caller as usize] == Presence::Here {
                    note(&caller.party, &caller.known, (SeenPart::Calling, stage_of(rings)), None);
                }
                let is_own = self.plan.is_private || self.made.is_some();
                let is_takeable = !self.plan.emergency && !is_own && !self.plan.is_callback;
                for attempt in self.attempts() {
                    let Some(plan) = self.plan.attempts.get(attempt.index) else { continue };
                    let stage = stage_of(attempt.was_told());
                    let dialog = attempt.earlies.dialogs().next().filter(|_| is_takeable);
                    note(&plan.callee, &plan.connected, (SeenPart::Called, stage), dialog);
                }
            }
            State::Up(_) => {
                for (side, part) in [(Side::Caller, SeenPart::Calling), (Side::Callee, SeenPart::Called)] {
                    let end = &self.ends[side as usize];
                    if self.here[side as usize] == Presence::Here {
                        note(&end.party, &end.known, (part, SeenStage::Talking), None);
                    }
                }
            }
        }
    }
}

impl SeenDialog {
    fn of(dialog: &Dialog) -> SeenDialog {
        SeenDialog {
            call_id: dialog.call_id().into(),
            local_tag: dialog.remote_tag().into(),
            remote_tag: dialog.local_tag().into(),
        }
    }
}
