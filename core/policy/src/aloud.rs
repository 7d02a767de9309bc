//! What whoever is refused hears, before their phone is told.

use std::sync::Arc;

use model::NoCall;
use sound::{Recording, Tone};

/// What is heard in one place, by why a call comes to nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Aloud {
    rows: [Said; NoCall::ALL.len()],
}

/// What is heard for one reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    Tone(Arc<Tone>),
    /// The announcement of that name.
    Announcement(Arc<str>, Arc<Recording>),
}

impl Aloud {
    pub(crate) fn new(said: impl FnMut(NoCall) -> Said) -> Aloud {
        Aloud { rows: NoCall::ALL.map(said) }
    }

    /// What a final status sounds like; nothing, where it is for the phone alone to deal with.
    pub fn of(&self, status: u16) -> Option<(NoCall, &Said)> {
        let why = NoCall::of(status)?;
        let at = NoCall::ALL.iter().position(|one| *one == why)?;
        Some((why, &self.rows[at]))
    }
}
