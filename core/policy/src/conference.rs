//! Rooms in which people meet.

use std::sync::Arc;

use serde::{Serialize, Serializer};

use crate::limit::Limit;

/// A room, whichever shard it is in.
#[derive(Debug)]
pub struct Conference {
    pub(crate) name: Arc<str>,
    pub(crate) extension: Option<Arc<str>>,
    pub(crate) number: Option<Arc<str>>,
    /// So many are in it at most.
    pub(crate) limit: Arc<Limit>,
    /// The users who may enter; none: all of them.
    pub(crate) users: Option<Arc<[Arc<str>]>>,
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
