//! What whoever watches people may know of a call: whom it engages, and how far it has come for them.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use media::Side;
use policy::{Callee, Connected};
use sip_stack::Token;

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
        self.each_party(|party, connected, part, stage| {
            (party, &connected.number, part, stage).hash(&mut hasher);
        });
        // Nobody is the figure that a call begins with.
        if matches!(self.state, State::Closing(_)) { 0 } else { hasher.finish() | 1 }
    }

    fn parties(&self) -> Vec<Seen> {
        let mut parties: Vec<Seen> = Vec::new();
        self.each_party(|party, connected, part, stage| {
            let known = parties.iter_mut().find(|one| one.party == *party && one.part == part);
            match known {
                // Several devices of one user are one party; of several trunks each has its number.
                Some(known) if matches!(party, Callee::User(_)) => known.stage = known.stage.max(stage),
                _ => {
                    let number = connected.number.clone();
                    parties.push(Seen { party: party.clone(), number, part, stage });
                }
            }
        });
        parties
    }

    fn each_party(&self, mut note: impl FnMut(&Callee, &Connected, SeenPart, SeenStage)) {
        let caller = &self.ends[Side::Caller as usize];
        match &self.state {
            State::Closing(_) => {}
            State::Placing(_) => {
                let stage_of = |rings| if rings { SeenStage::Ringing } else { SeenStage::Trying };
                let rings = self.attempts().any(|attempt| attempt.was_told());
                if self.here[Side::Caller as usize] == Presence::Here {
                    note(&caller.party, &caller.known, SeenPart::Calling, stage_of(rings));
                }
                for attempt in self.attempts() {
                    let Some(plan) = self.plan.attempts.get(attempt.index) else { continue };
                    note(&plan.callee, &plan.connected, SeenPart::Called, stage_of(attempt.was_told()));
                }
            }
            State::Up(_) => {
                for (side, part) in [(Side::Caller, SeenPart::Calling), (Side::Callee, SeenPart::Called)] {
                    let end = &self.ends[side as usize];
                    if self.here[side as usize] == Presence::Here {
                        note(&end.party, &end.known, part, SeenStage::Talking);
                    }
                }
            }
        }
    }
}
