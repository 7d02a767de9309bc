//! What a far end is told: the request URI, From, To and the headers about the caller.

use std::net::IpAddr;

use model::{
    CallerIdHeader, Document, FromIdentity, HeaderPlace, HeaderWay, Number, NumberPlace, Screening, Secure,
    Trunk, Trust,
};
use policy::Code;

use crate::reference::called::Called;
use crate::reference::caller::{Caller, Party};
use crate::reference::house::House;
use crate::reference::pattern::becomes;
use crate::reference::uri::{escaped, is_dialled, name_addr};
use crate::reference::ways::Hop;
use crate::reference::who::{Standing, Who};

const ANONYMOUS: &str = "\"Anonymous\" <sip:anonymous@anonymous.invalid>";

/// What a far end sees.
pub(crate) struct Shown {
    pub request_uri: String,
    pub from: String,
    pub to: String,
    pub headers: Vec<(String, String)>,
}

/// Which caller a trunk sees.
#[derive(Clone, Copy)]
pub(crate) enum Mask<'d> {
    None,
    /// The route shows this number instead.
    Route(&'d Number),
    /// Help is called for.
    Help,
}

/// What one trunk may know.
struct View {
    account: Option<String>,
    account_stands_in_from: bool,
    number: Option<String>,
    asserted: Option<String>,
    is_hidden: bool,
    is_named: bool,
    is_trusted: bool,
    is_told: bool,
}

/// Whether a trunk takes such a caller.
pub(crate) fn refusal(house: &House<'_>, who: &Who, hop: &Hop<'_>) -> Option<Code> {
    let shows_another = hop.route.and_then(|route| route.caller_id.as_ref()).is_some_and(|one| one.suppress);
    let is_foreign = matches!(who.standing, Standing::Replaced | Standing::Nameless);
    if is_foreign && hop.trunk.identity.screen == Screening::Refuse {
        return (!shows_another).then_some(Code::NOT_YOUR_NUMBER);
    }
    let view = view(house, who, hop.trunk, Mask::None);
    let digits = |text: &Option<String>| -> String {
        text.iter().flat_map(|text| text.chars()).filter(char::is_ascii_digit).collect()
    };
    let (own, account) = (digits(&view.asserted), digits(&view.account));
    let tells = view.account_stands_in_from
        && !own.is_empty()
        && !account.is_empty()
        && (own.ends_with(&account) || account.ends_with(&own));
    (who.privacy.is_critical && view.is_hidden && tells).then_some(Code::NO_PRIVACY)
}

/// A number in the form that the trunk wants, and then as its rules change it.
fn sent(house: &House<'_>, trunk: &Trunk, number: &str, place: NumberPlace) -> String {
    let country = trunk.identity.country.as_ref().unwrap_or(&house.documents.system.country);
    let format = trunk.identity.format_in(place);
    let text = house.numbering.country(country).written(number, format);
    let rules = match place {
        NumberPlace::Request | NumberPlace::To => &trunk.translate.called,
        NumberPlace::From | NumberPlace::Asserted | NumberPlace::Diversion => &trunk.translate.calling,
    };
    rules.iter().find_map(|rule| becomes(rule, &text)).unwrap_or(text)
}

fn view(house: &House<'_>, who: &Who, trunk: &Trunk, mask: Mask<'_>) -> View {
    let identity = &trunk.identity;
    let default = identity.default.as_ref().map(ToString::to_string);
    let (number, asserted) = match mask {
        Mask::Route(number) => (Some(number.to_string()), Some(number.to_string())),
        Mask::None | Mask::Help => (who.shown.clone().or(default.clone()), who.asserted.clone().or(default)),
    };
    let of_auth = trunk.auth.as_ref().map(|auth| auth.user.clone());
    let account = identity.account.clone().or(of_auth);
    let wants_account = identity.from == FromIdentity::Account && identity.caller_id != CallerIdHeader::From;
    let is_help = matches!(mask, Mask::Help);
    let is_trusted = is_help || matches!(identity.trust, Some(Trust::Out | Trust::Both));
    let is_hidden = !is_help && who.privacy.is_hidden;
    View {
        account_stands_in_from: wants_account && account.is_some(),
        account,
        number: number.map(|number| sent(house, trunk, &number, NumberPlace::From)),
        asserted: asserted.map(|number| sent(house, trunk, &number, NumberPlace::Asserted)),
        is_hidden,
        is_named: !is_hidden && !matches!(mask, Mask::Route(_)),
        is_trusted,
        is_told: is_trusted || (identity.trust.is_none() && !is_hidden),
    }
}

pub(crate) fn to_trunk(
    house: &House<'_>,
    caller: &Caller<'_>,
    who: &Who,
    called: &Called<'_>,
    hop: &Hop<'_>,
    mask: Mask<'_>,
) -> Shown {
    let trunk = hop.trunk;
    let uri = &hop.server.uri;
    let host = match uri.address() {
        Some(IpAddr::V6(address)) => format!("[{address}]"),
        _ => uri.host.to_string(),
    };
    let port = uri.port.map(|port| format!(":{port}")).unwrap_or_default();
    let scheme = if uri.secure == Secure::Sips { "sips" } else { "sip" };
    let view = view(house, who, trunk, mask);
    let domain = trunk.identity.domain.clone().unwrap_or_else(|| host.clone());
    let phone = if trunk.identity.user_phone { ";user=phone" } else { "" };
    let phone_called = if is_dialled(&called.text) { phone } else { "" };
    let requested = sent(house, trunk, &called.text, NumberPlace::Request);
    let to = sent(house, trunk, &called.text, NumberPlace::To);
    let mut headers = Vec::new();
    if let Some(asserted) = view.asserted.as_ref().filter(|_| view.is_told) {
        headers.extend(told(who, trunk, &view, &format!("sip:{}@{domain}{phone}", escaped(asserted))));
    }
    let privacy = match (view.is_hidden, who.privacy.is_waived) {
        (true, _) if who.privacy.is_critical => Some("id;critical"),
        (true, _) => Some("id"),
        (false, true) => Some("none"),
        (false, false) => None,
    };
    headers.extend(privacy.map(|privacy| ("Privacy".to_owned(), privacy.to_owned())));
    dress(caller, trunk, &view, &requested, &mut headers);
    Shown {
        request_uri: format!("{scheme}:{}@{host}{port}{phone_called}", escaped(&requested)),
        from: from(who, &view, &domain),
        to: name_addr(None, &format!("{scheme}:{}@{host}{phone_called}", escaped(&to))),
        headers,
    }
}

fn from(who: &Who, view: &View, domain: &str) -> String {
    if view.is_hidden && !view.account_stands_in_from {
        return ANONYMOUS.to_owned();
    }
    let number = view.number.as_ref().filter(|_| !view.account_stands_in_from);
    let sender = number.or(view.account.as_ref()).map_or("anonymous", String::as_str);
    let display = who.display.as_deref().filter(|_| view.is_named);
    name_addr(display, &format!("sip:{}@{domain}", escaped(sender)))
}

/// The header that says who calls, in the form that the trunk wants.
fn told(who: &Who, trunk: &Trunk, view: &View, uri: &str) -> Option<(String, String)> {
    let name = match trunk.identity.caller_id {
        CallerIdHeader::PAssertedIdentity => "P-Asserted-Identity",
        CallerIdHeader::PPreferredIdentity => "P-Preferred-Identity",
        CallerIdHeader::RemotePartyId => "Remote-Party-ID",
        CallerIdHeader::From | CallerIdHeader::None => return None,
    };
    if name != "Remote-Party-ID" {
        return Some((name.to_owned(), name_addr(None, uri)));
    }
    let party = name_addr(who.display.as_deref().filter(|_| view.is_named), uri);
    let privacy = if view.is_hidden { "full" } else { "off" };
    let screen = if who.standing == Standing::Diverted { "no" } else { "yes" };
    Some((name.to_owned(), format!("{party};party=calling;screen={screen};privacy={privacy}")))
}

/// What the trunk's own rules say and take away.
fn dress(
    caller: &Caller<'_>,
    trunk: &Document<Trunk>,
    view: &View,
    requested: &str,
    headers: &mut Vec<(String, String)>,
) {
    let number = view.asserted.as_ref().or(view.number.as_ref());
    let number = number.filter(|_| !view.is_hidden || view.is_trusted).map_or("anonymous", String::as_str);
    let site = caller.site.map_or("", |site| &*site.name);
    let out = trunk.headers.iter().filter(|rule| rule.direction == HeaderWay::Out);
    let first = |on: &HeaderPlace| matches!(on, HeaderPlace::Invite | HeaderPlace::Requests);
    for rule in out.filter(|rule| rule.on.is_empty() || rule.on.iter().any(first)) {
        let value = rule.value.value.as_ref().map(ToString::to_string).unwrap_or_default();
        let value = value.replace("{caller}", number).replace("{called}", requested);
        let value = value.replace("{trunk}", &trunk.name).replace("{site}", site);
        let gone = rule.set.as_ref().or(rule.remove.as_ref()).map(ToString::to_string);
        headers.retain(|(name, _)| !gone.as_ref().is_some_and(|gone| gone.eq_ignore_ascii_case(name)));
        let written = rule.set.as_ref().or(rule.add.as_ref()).map(ToString::to_string);
        headers.extend(written.map(|name| (name, value)));
    }
}

/// Inside, people are shown by their short numbers.
pub(crate) fn to_user(
    house: &House<'_>,
    caller: &Caller<'_>,
    who: &Who,
    called: &Called<'_>,
    contact: &str,
) -> Shown {
    let realm = house.documents.system.realm();
    let sender = match caller.party {
        Party::User(user) => {
            let extension = user.extension.as_ref().map(|extension| extension.value.clone());
            let number = user.number.as_ref().map(|number| number.as_str().to_owned());
            extension.or(number).unwrap_or_else(|| user.name.to_string())
        }
        Party::Trunk(_) | Party::Stranger(_) => {
            let number = who.asserted.clone().or_else(|| who.shown.clone());
            number.unwrap_or_else(|| "anonymous".to_owned())
        }
    };
    let from = match who.privacy.is_hidden {
        true => ANONYMOUS.to_owned(),
        false => name_addr(who.display.as_deref(), &format!("sip:{}@{realm}", escaped(&sender))),
    };
    let to = name_addr(None, &format!("sip:{}@{realm}", escaped(&called.text)));
    Shown { request_uri: contact.to_owned(), from, to, headers: Vec::new() }
}
