//! Who is registered with an actor.

use std::time::Instant;

/// What a registrar remembers.
#[derive(Debug, Default)]
pub(crate) struct Registrar {
    pub bindings: Vec<Binding>,
    pub nonce: Option<String>,
    pub worn: Vec<String>,
}

/// One contact of one account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    /// The user of the address of record.
    pub account: String,
    pub contact: String,
    pub until: Instant,
}
