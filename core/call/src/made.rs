//! What is known of a call that the house makes for a user, while it rings their own phones.

use std::time::Instant;

use media::Played;
use policy::Facts;

/// A call whose caller is nobody: its callee is the user who wants to call.
pub(crate) struct Made {
    /// What is known of the call that the user wants to make.
    pub facts: Facts,
    /// Whom they want, for people.
    pub to: Box<str>,
    /// What they hear of why that came to nothing.
    pub in_vain: Option<InVain>,
}

pub(crate) struct InVain {
    pub played: Played,
    pub until: Instant,
}
