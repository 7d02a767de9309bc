//! Limits on calls at once: what a plan would take of them, and what a call holds.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use serde::Serialize;
use serde::ser::SerializeStruct;

/// How many calls something carries, and how many it carries now. Shared by all shards.
#[derive(Debug)]
pub struct Limit {
    name: Arc<str>,
    ceiling: u32,
    used: Arc<AtomicU32>,
}

impl Limit {
    pub(crate) fn new(name: impl Into<Arc<str>>, ceiling: u32) -> Limit {
        Limit { name: name.into(), ceiling, used: Arc::default() }
    }

    /// The same limit, counting on where an older revision's stands.
    pub(crate) fn counting_with(self, older: &Limit) -> Limit {
        Limit { used: older.used.clone(), ..self }
    }

    /// What is limited: `"trunk northwind"`, `"site redmond"`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How many there may be.
    pub fn ceiling(&self) -> u32 {
        self.ceiling
    }

    /// How many there are.
    pub fn used(&self) -> u32 {
        self.used.load(Ordering::Relaxed)
    }
}

/// One call's wish to take one of a limit.
#[derive(Clone, Debug)]
pub struct Claim {
    pub limit: Arc<Limit>,
}

impl Claim {
    /// Takes one, if one is left.
    pub fn take(&self) -> Option<Permit> {
        let ceiling = self.limit.ceiling;
        let one_more = |used: u32| (used < ceiling).then_some(used + 1);
        self.limit.used.fetch_update(Ordering::AcqRel, Ordering::Relaxed, one_more).ok()?;
        Some(Permit { used: self.limit.used.clone() })
    }

    /// Takes one, past the ceiling if need be: an emergency call waits for nobody.
    pub fn take_by_force(&self) -> Permit {
        self.limit.used.fetch_add(1, Ordering::AcqRel);
        Permit { used: self.limit.used.clone() }
    }
}

impl Serialize for Claim {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut claim = serializer.serialize_struct("Claim", 3)?;
        claim.serialize_field("limit", self.limit.name())?;
        claim.serialize_field("used", &self.limit.used())?;
        claim.serialize_field("ceiling", &self.limit.ceiling)?;
        claim.end()
    }
}

/// One of a limit, held; given back when dropped.
#[derive(Debug)]
#[must_use = "a permit that is dropped is given back"]
pub struct Permit {
    used: Arc<AtomicU32>,
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.used.fetch_sub(1, Ordering::AcqRel);
    }
}
