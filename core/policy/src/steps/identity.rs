//! What the far end sees of a caller.

use std::borrow::Cow;
use std::sync::Arc;

use model::{CallerIdHeader, FromIdentity};

use crate::address::{host_text, name_addr, named_in, user_escaped};
use crate::facts::Facts;
use crate::numbering::rendered;
use crate::policy::Policy;
use crate::steps::choose::Hop;
use crate::steps::normalise::number_from_trunk;
use crate::steps::{Called, Caller, Party};

const ANONYMOUS: &str = "sip:anonymous@anonymous.invalid";

/// Whether the caller's wish not to be shown counts.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shown {
    AsWished,
    /// Whoever calls for help is shown.
    Always,
}

/// Who calls whom, as it will stand in the request.
pub(crate) struct Identity {
    pub request_uri: String,
    pub from: String,
    pub to: String,
    pub headers: Vec<(Arc<str>, String)>,
    pub contact_user: Arc<str>,
}

pub(crate) fn towards_trunk(
    policy: &Policy,
    facts: &Facts,
    caller: &Caller<'_>,
    called: &Called<'_>,
    (trunk, server): Hop<'_>,
    shown: Shown,
) -> Identity {
    let identity = &trunk.identity;
    let home = policy.home.country;
    let host = host_text(&server.uri);
    let domain = identity.domain.as_deref().unwrap_or(&host);
    let is_private = shown == Shown::AsWished && facts.wants_privacy();
    let number =
        caller_number(policy, facts, caller).or_else(|| identity.default.as_ref().map(|n| n.shared()));
    let number = number.map(|number| rendered(&number, identity.format, home));
    let account =
        identity.account.as_deref().or(trunk.credentials.as_ref().map(|credentials| &*credentials.user));
    let in_account = identity.from == FromIdentity::Account && identity.caller_id != CallerIdHeader::From;

    let sender: Cow<'_, str> = match (in_account, account, number.as_deref()) {
        (true, Some(account), _) => account.into(),
        (_, _, Some(number)) => number.into(),
        (false, Some(account), None) => account.into(),
        (_, None, None) => "anonymous".into(),
    };
    let from = match (is_private, in_account) {
        (true, false) => name_addr(Some("Anonymous"), ANONYMOUS),
        (true, true) => name_addr(None, &format!("sip:{}@{domain}", user_escaped(&sender))),
        (false, _) => {
            name_addr(display_of(caller, facts), &format!("sip:{}@{domain}", user_escaped(&sender)))
        }
    };
    let port = server.uri.port.map(|port| format!(":{port}")).unwrap_or_default();
    let scheme = if server.target.starts_with("sips:") { "sips" } else { "sip" };
    let called = rendered(&called.text, identity.format, home);
    let called = user_escaped(&called);
    Identity {
        request_uri: format!("{scheme}:{called}@{host}{port}"),
        to: name_addr(None, &format!("{scheme}:{called}@{host}")),
        headers: headers(identity.caller_id, number.as_deref(), domain, is_private),
        contact_user: if is_private && !in_account {
            "anonymous".into()
        } else {
            Arc::from(&*user_escaped(&sender))
        },
        from,
    }
}

fn headers(
    kind: CallerIdHeader,
    number: Option<&str>,
    domain: &str,
    is_private: bool,
) -> Vec<(Arc<str>, String)> {
    let name = match kind {
        CallerIdHeader::PAssertedIdentity => Some("P-Asserted-Identity"),
        CallerIdHeader::PPreferredIdentity => Some("P-Preferred-Identity"),
        CallerIdHeader::From | CallerIdHeader::None => None,
    };
    let mut headers = Vec::with_capacity(2);
    if let (Some(name), Some(number)) = (name, number) {
        headers.push((Arc::from(name), format!("<sip:{}@{domain}>", user_escaped(number))));
    }
    if is_private {
        headers.push((Arc::from("Privacy"), "id".to_owned()));
    }
    headers
}

/// Inside, people are shown by their short numbers.
pub(crate) fn towards_user(
    policy: &Policy,
    facts: &Facts,
    caller: &Caller<'_>,
    called: &Called<'_>,
    contact: &str,
) -> Identity {
    let realm = &policy.realm;
    let is_private = facts.wants_privacy();
    let sender: Arc<str> = match caller.party {
        Party::User(user) => {
            user.extension.clone().or_else(|| user.number.as_ref().map(|number| number.shared()))
        }
        Party::Trunk(_) | Party::Stranger { .. } => caller_number(policy, facts, caller),
    }
    .unwrap_or_else(|| match caller.party {
        Party::User(user) => user.name.clone(),
        Party::Trunk(_) | Party::Stranger { .. } => "anonymous".into(),
    });
    let from = match is_private {
        true => name_addr(Some("Anonymous"), ANONYMOUS),
        false => name_addr(display_of(caller, facts), &format!("sip:{}@{realm}", user_escaped(&sender))),
    };
    Identity {
        request_uri: contact.to_owned(),
        from,
        to: name_addr(None, &format!("sip:{}@{realm}", user_escaped(&called.text))),
        headers: Vec::new(),
        contact_user: if is_private { "anonymous".into() } else { Arc::from(&*user_escaped(&sender)) },
    }
}

/// The number a caller may be known by: a user's own, or what a trunk asserts.
fn caller_number(policy: &Policy, facts: &Facts, caller: &Caller<'_>) -> Option<Arc<str>> {
    match caller.party {
        Party::User(_) | Party::Stranger { .. } => {
            caller.user()?.number.as_ref().map(|number| number.shared())
        }
        Party::Trunk(trunk) => {
            let uris = facts.asserted.iter().chain(std::iter::once(&facts.from_uri));
            let mut numbers = uris.filter_map(|uri| number_from_trunk(policy, trunk, &named_in(uri)?));
            numbers.next().map(Arc::from)
        }
    }
}

/// The configured name of a user; what a trunk says of somebody else.
fn display_of<'a>(caller: &Caller<'a>, facts: &'a Facts) -> Option<&'a str> {
    match caller.party {
        Party::User(user) => Some(&user.display),
        Party::Trunk(_) | Party::Stranger { .. } => facts.from_display.as_deref(),
    }
}
