//! What is in force, to compare with.

use model::Documents;
use policy::Policy;

/// Documents, and the policy that they were compiled to.
#[derive(Clone, Copy)]
pub struct Running<'r> {
    pub documents: &'r Documents,
    pub policy: &'r Policy,
}
