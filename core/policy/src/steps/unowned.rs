//! Numbers that a trunk gave to us, that nobody owns, and that no route takes.

use std::sync::Arc;

use crate::dids::{DidBlock, Unowned};
use crate::policy::{Leads, Policy, User};
use crate::refusal::{Code, Refusal};
use crate::steps::Called;
use crate::trail::Trail;

const NAME: &str = "unowned";

/// Who is called instead, or the refusal that the block wants.
pub(crate) fn unowned<'p>(
    policy: &'p Policy,
    block: &'p DidBlock,
    called: &Called<'_>,
    trail: &mut Trail,
) -> Result<&'p Arc<User>, Refusal> {
    let nobody =
        format!("{} of numbers {} belongs to no user and no route takes it", called.text, block.name);
    match &block.unowned {
        Unowned::Call(name) => {
            let user = policy.users.get(name).expect("a block that compiled names a user");
            trail.note(NAME, "inside", format!("{nobody}; {} is called instead", user.name)).at(&block.at);
            Ok(user)
        }
        Unowned::Refuse(status) => {
            trail.note(NAME, "refused", nobody.clone()).at(&block.at);
            Err(Refusal::new(Code::UNASSIGNED, nobody).with_status(*status))
        }
    }
}

/// Whether a call would go back to the trunk that gave us the number, and come in again.
pub(crate) fn leads_back(block: &DidBlock, leads: &Leads) -> bool {
    match leads {
        Leads::Trunks { through, backup, .. } => {
            let trunks = through.iter().map(|(trunk, _)| trunk).chain(backup);
            trunks.into_iter().any(|trunk| trunk.name == block.trunk)
        }
        Leads::User(_) | Leads::Owner => false,
    }
}
