//! What a trunk's registration means for its calls.

use model::Unregistered;
use sip_message::Uri;

use crate::facts::{Facts, Registration};
use crate::policy::{Server, Trunk};

/// How willingly a trunk is taken for a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Readiness {
    Ready,
    Unregistered,
    Shut,
}

/// How willingly a trunk is taken, and why not.
pub(crate) fn readiness<'f>(trunk: &Trunk, facts: &'f Facts) -> (Readiness, Option<&'f str>) {
    let Some(account) = &trunk.account else { return (Readiness::Ready, None) };
    match facts.registrations.get(&trunk.name) {
        Some(Registration::Missing(why)) => match account.unregistered {
            Unregistered::Last => (Readiness::Unregistered, Some(why)),
            Unregistered::Never => (Readiness::Shut, Some(why)),
        },
        Some(Registration::Stopped(why)) => (Readiness::Shut, Some(why)),
        Some(Registration::With(_)) | None => (Readiness::Ready, None),
    }
}

/// Whether a server is the one that its trunk is registered with.
pub(crate) fn is_with(trunk: &Trunk, server: &Server, facts: &Facts) -> bool {
    facts.registrations.get(&trunk.name) == Some(&Registration::With(server.id))
}

/// What the trail says of a server in this respect.
pub(crate) fn said_of(trunk: &Trunk, server: &Server, facts: &Facts) -> String {
    match readiness(trunk, facts) {
        (_, Some(why)) => format!(", not registered: {why}"),
        (_, None) if is_with(trunk, server, facts) => ", registered here".to_owned(),
        _ => String::new(),
    }
}

/// Whether a URI names what a trunk registered, and not a number.
pub(crate) fn is_contact(trunk: &Trunk, uri: &str) -> bool {
    let user = trunk.account.as_ref().and_then(|account| account.contact_user.as_deref());
    user.is_some() && Uri::parse(uri).ok().and_then(|uri| uri.user()) == user
}
