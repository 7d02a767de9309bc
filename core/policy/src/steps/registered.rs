//! What a trunk's registration means for its calls, and that an operator drains it.

use model::Unregistered;
use sip_message::Uri;

use crate::facts::{Facts, Registration};
use crate::policy::{Server, Trunk};
use crate::refusal::{Code, Refusal};
use crate::steps::Caller;

/// How willingly a trunk is taken for a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Readiness {
    Ready,
    Unregistered,
    Shut,
}

/// How willingly a trunk is taken.
pub(crate) fn readiness(trunk: &Trunk, facts: &Facts) -> Readiness {
    match (facts.registrations.get(&trunk.name), &trunk.account) {
        (Some(Registration::Drained), _) => Readiness::Shut,
        (Some(Registration::Missing(_)), Some(account)) => match account.unregistered {
            Unregistered::Last => Readiness::Unregistered,
            Unregistered::Never => Readiness::Shut,
        },
        (Some(Registration::Stopped(_)), Some(_)) => Readiness::Shut,
        (Some(_) | None, _) => Readiness::Ready,
    }
}

/// Why a trunk is taken less willingly than others, if it is.
pub(crate) fn reluctance(trunk: &Trunk, facts: &Facts) -> Option<String> {
    if readiness(trunk, facts) == Readiness::Ready {
        return None;
    }
    match facts.registrations.get(&trunk.name)? {
        Registration::Missing(why) | Registration::Stopped(why) => Some(format!("not registered: {why}")),
        Registration::Drained => Some("drained by an operator".to_owned()),
        Registration::With(_) => None,
    }
}

/// Why a call that comes from a trunk is not taken, whatever it wants but help.
pub(crate) fn shut_to(caller: &Caller<'_>, facts: &Facts) -> Option<Refusal> {
    let trunk = caller.trunk()?;
    let is_drained = facts.registrations.get(&trunk.name) == Some(&Registration::Drained);
    let words = || format!("trunk {} takes no new calls: tandem trunk resume {0}", trunk.name);
    is_drained.then(|| Refusal::new(Code::TRUNK_DRAINING, words()))
}

/// Whether a server is the one that its trunk is registered with.
pub(crate) fn is_with(trunk: &Trunk, server: &Server, facts: &Facts) -> bool {
    facts.registrations.get(&trunk.name) == Some(&Registration::With(server.id))
}

/// What the trail says of a server in this respect.
pub(crate) fn said_of(trunk: &Trunk, server: &Server, facts: &Facts) -> String {
    match reluctance(trunk, facts) {
        Some(why) => format!(", {why}"),
        None if is_with(trunk, server, facts) => ", registered here".to_owned(),
        None => String::new(),
    }
}

/// Whether a URI names what a trunk registered, and not a number.
pub(crate) fn is_contact(trunk: &Trunk, uri: &str) -> bool {
    let user = trunk.account.as_ref().and_then(|account| account.contact_user.as_deref());
    user.is_some() && Uri::parse(uri).ok().and_then(|uri| uri.user()) == user
}
