//! Rooms in which people meet.

use std::sync::Arc;

use model::Secret;
use serde::{Serialize, Serializer};
use sound::Tone;

use crate::limit::Limit;

/// A room, whichever shard it is in.
#[derive(Debug)]
pub struct Conference {
    pub(crate) name: Arc<str>,
    pub(crate) extension: Option<Arc<str>>,
    pub(crate) number: Option<Arc<str>>,
    /// So many are in it at most.
    pub(crate) limit: Arc<Limit>,
    /// What is typed to enter, by whoever is not among the users.
    pub(crate) pin: Option<Secret<String>>,
    /// The users who may enter; none: all of them.
    pub(crate) users: Option<Arc<[Arc<str>]>>,
    /// What is heard while the PIN is waited for.
    pub(crate) prompt: Arc<Tone>,
    pub(crate) at: Arc<str>,
}

impl Conference {
    pub fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// Whether no place is left.
    pub fn is_full(&self) -> bool {
        self.limit.used() >= self.limit.ceiling()
    }

    /// What a user, or somebody who is none, types to enter; nothing, where they need not.
    pub fn pin_of(&self, user: Option<&Arc<str>>) -> Option<&str> {
        let is_invited = user.zip(self.users.as_ref()).is_some_and(|(user, users)| users.contains(user));
        self.pin.as_ref().filter(|_| !is_invited).map(|pin| pin.reveal().as_str())
    }

    /// What is heard while the PIN is waited for.
    pub fn prompt(&self) -> Arc<Tone> {
        self.prompt.clone()
    }

    /// How many may be in it.
    pub fn ceiling(&self) -> u32 {
        self.limit.ceiling()
    }
}

impl PartialEq for Conference {
    fn eq(&self, other: &Conference) -> bool {
        self.name == other.name
    }
}

impl Eq for Conference {}

impl Serialize for Conference {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.name)
    }
}
