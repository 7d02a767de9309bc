//! What is in force, to compare with.

use model::Documents;
use policy::Policy;

use crate::directory::Loaded;

/// Documents, and the policy that they were compiled to.
#[derive(Clone, Copy)]
pub struct Running<'r> {
    pub documents: &'r Documents,
    pub policy: &'r Policy,
}

impl<'r> From<&'r Loaded> for Running<'r> {
    fn from(loaded: &'r Loaded) -> Running<'r> {
        Running { documents: &loaded.documents, policy: &loaded.policy }
    }
}
