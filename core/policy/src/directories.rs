//! Directories that people are taken from. No call looks at them: who they hold has become users before.

use std::sync::Arc;

use model::{Directory, Secret};

/// A directory, and what the house proves itself there by.
#[derive(Clone, Debug, PartialEq)]
pub struct PeopleSource {
    pub name: Arc<str>,
    pub directory: Directory,
    pub filter: ldap::Filter,
    pub password: Option<Secret<String>>,
    /// For which realm passwords are meant.
    pub realm: Arc<str>,
}
