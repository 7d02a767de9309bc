//! Limits on calls at once and on bandwidth: what a plan would take of them, and what a call holds.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use serde::Serialize;
use serde::ser::SerializeStruct;

/// How much something carries, and how much it carries now. Shared by all shards.
#[derive(Debug)]
pub struct Limit {
    name: Arc<str>,
    unit: Unit,
    ceiling: u32,
    used: Arc<AtomicU32>,
}

/// What a limit counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Unit {
    Calls,
    /// Thousands of bits a second, each way.
    Kbps,
}

impl Unit {
    /// As people read it.
    pub fn word(self) -> &'static str {
        match self {
            Unit::Calls => "calls",
            Unit::Kbps => "kbps",
        }
    }
}

impl Limit {
    pub(crate) fn new(name: impl Into<Arc<str>>, unit: Unit, ceiling: u32) -> Limit {
        Limit { name: name.into(), unit, ceiling, used: Arc::default() }
    }

    /// The same limit, counting on where an older revision's stands.
    pub(crate) fn counting_with(self, older: &Limit) -> Limit {
        Limit { used: older.used.clone(), ..self }
    }

    /// What is limited: `"trunk northwind"`, `"site redmond"`, `"link mpls"`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What is counted.
    pub fn unit(&self) -> Unit {
        self.unit
    }

    /// The same text, shared.
    pub(crate) fn shared_name(&self) -> Arc<str> {
        self.name.clone()
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

/// One call's wish to take some of a limit.
#[derive(Clone, Debug)]
pub struct Claim {
    pub limit: Arc<Limit>,
    pub amount: u32,
    pub on: On,
}

/// What a call takes some of a limit for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum On {
    /// For itself, whoever is in it.
    Itself,
    /// For the trunk of one of its ends.
    Trunk(Whose),
    /// For the site of one of its ends, which it leaves or enters.
    Site(Whose, Arc<str>),
}

/// One end of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    Calling,
    Called,
}

impl Claim {
    /// Takes it, if so much is left.
    pub fn take(&self) -> Option<Permit> {
        let ceiling = self.limit.ceiling;
        let more = |used: u32| used.checked_add(self.amount).filter(|used| *used <= ceiling);
        self.limit.used.fetch_update(Ordering::AcqRel, Ordering::Relaxed, more).ok()?;
        Some(self.permit())
    }

    /// Takes it, past the ceiling if need be: an emergency call waits for nobody.
    pub fn take_by_force(&self) -> Permit {
        self.limit.used.fetch_add(self.amount, Ordering::AcqRel);
        self.permit()
    }

    pub(crate) fn of_itself(limit: &Arc<Limit>) -> Claim {
        Claim { limit: limit.clone(), amount: 1, on: On::Itself }
    }

    fn permit(&self) -> Permit {
        Permit { used: self.limit.used.clone(), amount: self.amount }
    }
}

impl Serialize for Claim {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut claim = serializer.serialize_struct("Claim", 5)?;
        claim.serialize_field("limit", self.limit.name())?;
        claim.serialize_field("unit", &self.limit.unit)?;
        claim.serialize_field("takes", &self.amount)?;
        claim.serialize_field("used", &self.limit.used())?;
        claim.serialize_field("ceiling", &self.limit.ceiling)?;
        claim.end()
    }
}

/// Some of a limit, held; given back when dropped.
#[derive(Debug)]
#[must_use = "a permit that is dropped is given back"]
pub struct Permit {
    used: Arc<AtomicU32>,
    amount: u32,
}

impl Permit {
    /// Whether both are of one limit, in whatever revision.
    pub fn is_of_same_limit(&self, other: &Permit) -> bool {
        Arc::ptr_eq(&self.used, &other.used)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.used.fetch_sub(self.amount, Ordering::AcqRel);
    }
}
