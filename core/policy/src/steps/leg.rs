//! How each leg of a call behaves.

use crate::call_plan::LegRules;
use crate::policy::{Trunk, User};
use crate::steps::{Caller, Party};

/// The leg of whoever calls.
pub(crate) fn of_caller(caller: &Caller<'_>) -> LegRules {
    match caller.party {
        Party::Trunk(trunk) => of_trunk(trunk),
        Party::User(user) => of_user(user),
        Party::Stranger { says } => says.map(|user| of_user(user)).unwrap_or_default(),
    }
}

/// The leg towards a trunk.
pub(crate) fn of_trunk(_: &Trunk) -> LegRules {
    LegRules::default()
}

/// The leg towards a user's device.
pub(crate) fn of_user(_: &User) -> LegRules {
    LegRules::default()
}
