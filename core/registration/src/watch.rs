//! What is to be registered, as whoever reads the configuration says it.

use std::sync::Arc;
use std::time::Duration;

use model::Secret;

/// One account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Watch {
    pub trunk: Arc<str>,
    /// The Request-URI of a REGISTER.
    pub domain: Arc<str>,
    /// The address of record.
    pub identity: Arc<str>,
    /// Where to go, in order.
    pub places: Vec<Place>,
    pub contact: Contact,
    pub user: Arc<str>,
    pub password: Secret<String>,
    /// How long we ask to be remembered.
    pub expires: Duration,
    pub retry: Retry,
}

/// One registrar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Its SIP URI.
    pub target: Arc<str>,
    pub interface: Option<u16>,
}

/// What our Contact says beside our address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contact {
    pub user: Option<Arc<str>>,
    pub line: Option<Arc<str>>,
    pub style: Style,
}

/// What is registered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    Plain,
    /// All numbers of the account at once (RFC 6140).
    Gin,
}

/// When a failed registration is tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retry {
    pub first: Duration,
    pub most: Duration,
    /// Once the account is refused for good.
    pub stopped: Duration,
}

impl Watch {
    /// Whether both bind the same Contact to the same account.
    pub(crate) fn binds_like(&self, other: &Watch) -> bool {
        self.identity == other.identity && self.contact == other.contact && self.places == other.places
    }
}
