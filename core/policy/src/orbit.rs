//! Numbers at which calls are parked, and who is called back.

use std::sync::Arc;
use std::time::Duration;

use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use crate::forward::Target;
use crate::limit::{Claim, Limit, Permit};

/// An orbit: each of its numbers takes one call, whichever shard has it.
#[derive(Debug)]
pub struct Orbit {
    pub(crate) name: Arc<str>,
    pub(crate) places: Vec<(Arc<str>, Arc<Limit>)>,
    pub(crate) code: Option<Arc<str>>,
    pub(crate) ring_back: Duration,
    pub(crate) ring_backs: u8,
    pub(crate) back_to: Option<Target>,
    pub(crate) fallback: Option<Target>,
    pub(crate) at: Arc<str>,
}

impl Orbit {
    /// Takes the place of one number, or the first that is free.
    pub fn take(&self, number: Option<&str>) -> Option<(Arc<str>, Permit)> {
        let is_meant = |name: &str| number.is_none_or(|number| number == name);
        let mut meant = self.places.iter().filter(|(name, _)| is_meant(name));
        meant.find_map(|(name, limit)| Some((name.clone(), Claim::of_itself(limit).take()?)))
    }

    /// Whether some shard has a call at this number.
    pub fn is_taken(&self, number: &str) -> bool {
        self.places.iter().any(|(name, limit)| **name == *number && limit.used() > 0)
    }

    /// How long a call waits before somebody is called back.
    pub fn wait(&self) -> Duration {
        self.ring_back
    }

    /// Who is called at this turn, the first being one; nobody is left, where there is none.
    pub fn turn(&self, turn: u8, parker: &Arc<str>) -> Option<Arc<str>> {
        let who = |target: &Option<Target>| target.as_ref().and_then(Target::name);
        match turn {
            turn if turn <= self.ring_backs => Some(who(&self.back_to).unwrap_or_else(|| parker.clone())),
            turn if turn == self.ring_backs + 1 => who(&self.fallback),
            _ => None,
        }
    }

    pub(crate) fn limits(&self) -> impl Iterator<Item = &Arc<Limit>> {
        self.places.iter().map(|(_, limit)| limit)
    }

    pub(crate) fn number(&self, dialled: &str) -> Option<&Arc<str>> {
        self.places.iter().map(|(number, _)| number).find(|number| ***number == *dialled)
    }
}

/// What was dialled of an orbit.
#[derive(Clone, Debug)]
pub struct Parking {
    pub orbit: Arc<Orbit>,
    /// One number; any that is free, where its code was dialled.
    pub number: Option<Arc<str>>,
}

impl PartialEq for Parking {
    fn eq(&self, other: &Parking) -> bool {
        (&self.orbit.name, &self.number) == (&other.orbit.name, &other.number)
    }
}

impl Eq for Parking {}

impl Serialize for Parking {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut parking = serializer.serialize_struct("Parking", 2)?;
        parking.serialize_field("orbit", &*self.orbit.name)?;
        parking.serialize_field("number", &self.number)?;
        parking.end()
    }
}
