//! What the far end sees of a caller.

use std::sync::Arc;

use model::{CallerIdHeader, FromIdentity, Number, NumberPlace};

use crate::address::{is_dialled, name_addr, named_in, user_escaped};
use crate::facts::Facts;
use crate::policy::{Policy, Trunk};
use crate::steps::choose::Hop;
use crate::steps::normalise::number_from_trunk;
use crate::steps::{Called, Caller, Party};

const ANONYMOUS: &str = "sip:anonymous@anonymous.invalid";

/// Whether the caller's wish not to be shown counts.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shown<'p> {
    AsWished,
    /// The caller is not shown, this number is.
    Instead(&'p Number),
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
    shown: Shown<'_>,
) -> Identity {
    let identity = &trunk.identity;
    let domain = identity.domain.as_deref().unwrap_or(&server.host);
    let is_private = shown != Shown::Always && facts.wants_privacy();
    let number = match shown {
        Shown::Instead(number) => Some(number.shared()),
        Shown::AsWished | Shown::Always => {
            caller_number(policy, facts, caller).or_else(|| identity.default.as_ref().map(|n| n.shared()))
        }
    };
    let written = number.as_deref().map(|number| trunk.writes(number, NumberPlace::From));
    let account =
        identity.account.as_deref().or(trunk.credentials.as_ref().map(|credentials| &*credentials.user));
    let wants_account = identity.from == FromIdentity::Account && identity.caller_id != CallerIdHeader::From;
    let in_account = wants_account && account.is_some();

    let sender = match (in_account, account, written.as_deref()) {
        (true, Some(account), _) => account,
        (_, _, Some(number)) => number,
        (_, Some(account), None) => account,
        (_, None, None) => "anonymous",
    };
    let sender = user_escaped(sender);
    let sender_uri = || ["sip:", &*sender, "@", domain].concat();
    let from = match (is_private, in_account) {
        (true, false) => name_addr(Some("Anonymous"), ANONYMOUS),
        (true, true) => name_addr(None, &sender_uri()),
        (false, _) if matches!(shown, Shown::Instead(_)) => name_addr(None, &sender_uri()),
        (false, _) => name_addr(display_of(caller, facts), &sender_uri()),
    };
    let phone = if identity.user_phone && is_dialled(&called.text) { ";user=phone" } else { "" };
    let called_in = |place| user_escaped(&trunk.writes(&called.text, place)).into_owned();
    let is_hidden = is_private && !in_account;
    Identity {
        request_uri: [server.scheme, &called_in(NumberPlace::Request), "@", &server.authority, phone]
            .concat(),
        to: name_addr(None, &[server.scheme, &called_in(NumberPlace::To), "@", &server.host, phone].concat()),
        headers: headers(trunk, number.as_deref(), domain, is_private.then_some("id")),
        contact_user: if is_hidden { "anonymous".into() } else { Arc::from(&*sender) },
        from,
    }
}

fn headers(
    trunk: &Trunk,
    number: Option<&str>,
    domain: &str,
    privacy: Option<&str>,
) -> Vec<(Arc<str>, String)> {
    let mut headers = Vec::with_capacity(2);
    if let (Some(name), Some(number)) = (&trunk.caller_id_header, number) {
        let number = trunk.writes(number, NumberPlace::Asserted);
        let phone = if trunk.identity.user_phone { ";user=phone" } else { "" };
        headers.push((name.clone(), ["<sip:", &*user_escaped(&number), "@", domain, phone, ">"].concat()));
    }
    if let Some(privacy) = privacy {
        headers.push((Arc::from("Privacy"), privacy.to_owned()));
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
        false => {
            name_addr(display_of(caller, facts), &["sip:", &*user_escaped(&sender), "@", realm].concat())
        }
    };
    Identity {
        request_uri: contact.to_owned(),
        from,
        to: name_addr(None, &["sip:", &*user_escaped(&called.text), "@", realm].concat()),
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
