//! Where what happens is sent, besides to those who speak with us. No call looks at it.

use std::sync::Arc;

use model::{HepAddress, Secret};

/// A server that is sent copies of messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capture {
    pub name: Arc<str>,
    pub to: HepAddress,
    pub agent: u32,
    pub key: Option<Secret<String>>,
}
