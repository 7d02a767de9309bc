//! What trunks register, and the trunk that registered what a call names.

use std::sync::Arc;

use crate::account::{Account, tokens_in};
use crate::policy::Policy;

impl Policy {
    /// What trunks register with their providers, in order of their names.
    pub fn accounts(&self) -> impl Iterator<Item = &Account> {
        self.trunks.values().filter_map(|trunk| trunk.account.as_ref())
    }

    /// The trunk that registered what a URI of a request names.
    pub fn line_of(&self, uri: &str) -> Option<&Arc<str>> {
        tokens_in(uri).find_map(|token| self.lines.get(token))
    }
}
