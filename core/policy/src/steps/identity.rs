//! What the far end sees of a caller.

mod connected;
mod diverted;
mod privacy;
mod sent_on;
mod who;

use std::borrow::Cow;
use std::sync::Arc;

use model::{CallerIdHeader, FromIdentity, HeaderPlace, Number, NumberPlace, Screening, Trust};

use crate::address::{is_dialled, name_addr, user_escaped};
use crate::connected::Line;
use crate::handed_on::{self, Confidence, Dress, Fill, Secrets, TRUSTED_ONLY};
use crate::heading::{Heading, SentAddress, SentUri};
use crate::policy::{Policy, Trunk};
use crate::refusal::{Code, Refusal};
use crate::steps::choose::{Hop, RouteHop};
use crate::steps::{Called, Caller, Party};
use crate::trail::{Considered, Outcome, Trail};
pub use connected::{introduced, learned};
pub(crate) use connected::{of_caller, of_number, of_user};
pub(crate) use privacy::{Wish, is_anonymous};
pub(crate) use sent_on::senders;
pub(crate) use who::Who;

use diverted::Telling;
use who::{Standing, foreign};

/// Who calls whom, as it will stand in the request.
pub(crate) struct Identity {
    pub heading: Heading,
    /// What rules do to headers later in the call.
    pub dress: Option<Arc<Dress>>,
}

/// Which caller is shown.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shown<'p> {
    AsWished,
    /// The caller is not shown, this number of the route is.
    Instead(&'p Number),
    /// Whoever calls for help is shown.
    Always,
}

/// Whether a trunk takes this caller. Nobody asks where help is called for.
pub(crate) fn taken_by(who: &Who<'_>, trunk: &Trunk) -> Result<(), Refusal> {
    let is_foreign = matches!(who.standing, Standing::Replaced(_) | Standing::Nameless);
    if is_foreign && trunk.identity.screen == Screening::Refuse {
        return Err(Refusal::new(Code::NOT_YOUR_NUMBER, foreign(&who.standing, &trunk.name)));
    }
    if !(who.privacy.is_critical && who.privacy.is_hidden) {
        return Ok(());
    }
    if View::of(who, trunk, Shown::AsWished, &mut Vec::new()).account_tells() {
        let words = format!("{} shows its account in From, and that is the caller's number", trunk.name);
        return Err(Refusal::new(Code::NO_PRIVACY, words));
    }
    Ok(())
}

/// Leaves out the servers of trunks that do not take this caller, and says so.
pub(crate) fn keep_takers(
    who: &Who<'_>,
    hops: &mut Vec<RouteHop<'_>>,
    trail: &mut Trail,
) -> Result<(), Refusal> {
    let mut refusals: Vec<(Arc<str>, Refusal)> = Vec::new();
    // Where a route shows another number, the caller's own does not matter.
    hops.retain(|RouteHop { hop: (trunk, _), route, .. }| match taken_by(who, trunk) {
        Err(refusal) if route.shown.is_none() || refusal.code == Code::NO_PRIVACY => {
            if refusals.iter().all(|(name, _)| *name != trunk.name) {
                refusals.push((trunk.name.clone(), refusal));
            }
            false
        }
        _ => true,
    });
    let Some((_, first)) = refusals.first() else { return Ok(()) };
    let (verdict, first) = (if hops.is_empty() { "refused" } else { "some" }, first.clone());
    let step = trail.note("screening", verdict, first.words.clone());
    step.considered.extend(refusals.into_iter().map(|(name, refusal)| Considered {
        outcome: Outcome::Rejected,
        name,
        why: refusal.words.into(),
        at: None,
    }));
    if hops.is_empty() { Err(first) } else { Ok(()) }
}

/// What a trunk is told.
pub(crate) fn towards_trunk(
    policy: &Policy,
    who: &Who<'_>,
    caller: &Caller<'_>,
    called: &Called<'_>,
    hop: Hop<'_>,
    shown: Shown<'_>,
) -> Identity {
    let (trunk, server) = hop;
    let mut because = Vec::new();
    let phone = if trunk.identity.user_phone && is_dialled(&called.text) { ";user=phone" } else { "" };
    let requested = shared(trunk, &called.text, NumberPlace::Request, &mut because);
    let to = shared(trunk, &called.text, NumberPlace::To, &mut because);
    let view = View::of(who, trunk, shown, &mut because);
    let domain = trunk.told_domain.as_ref().unwrap_or(&server.host);
    let secrets = match view.is_hidden {
        true => Secrets(who.secrets(caller)),
        false => Secrets::default(),
    };
    let request_uri = SentUri::of(server.scheme, requested.clone(), server.authority.clone(), phone);
    let (from, contact_user) = view.from(who, domain);
    let mut headers = view.headers(who, domain);
    let telling = Telling {
        header: trunk.identity.diversion,
        domain,
        is_trusted: view.is_trusted,
        written: &|number| sent(trunk, number, NumberPlace::Diversion, &mut Vec::new()).into_owned(),
        secrets: &secrets,
    };
    headers.extend(diverted::lines(policy, who, caller, &telling, &request_uri));
    let mut later = None;
    if !(trunk.headers.is_empty() && who.facts.handed_on.is_empty()) {
        let fill = Fill {
            caller: view.caller_word().to_owned(),
            called: requested.to_string(),
            trunk: trunk.name.clone(),
            site: caller.site.map(|site| site.name.clone()),
        };
        dress(who, caller, trunk, &fill, &secrets, &mut headers);
        later = Dress::of(&trunk.headers, fill, &secrets, confidence(trunk));
    }
    let to = SentAddress::new(None, SentUri::of(server.scheme, to, server.host.clone(), phone));
    Identity { heading: Heading { request_uri, from, to, headers, because, contact_user }, dress: later }
}

/// What rules do to headers that a trunk is sent in a call of its own.
pub(crate) fn dress_of_caller(who: &Who<'_>, caller: &Caller<'_>, called: &Called<'_>) -> Option<Arc<Dress>> {
    let trunk = caller.trunk()?;
    let written = |number: &str, place| trunk.writes(number, place).into_owned();
    let number = who.asserted.as_deref().or(who.shown.as_deref());
    let fill = Fill {
        caller: number.map_or("anonymous".to_owned(), |number| written(number, NumberPlace::Asserted)),
        called: written(&called.text, NumberPlace::Request),
        trunk: trunk.name.clone(),
        site: caller.site.map(|site| site.name.clone()),
    };
    let secrets = if who.privacy.is_hidden { Secrets(who.secrets(caller)) } else { Secrets::default() };
    Dress::of(&trunk.headers, fill, &secrets, confidence(trunk))
}

fn confidence(trunk: &Trunk) -> Confidence {
    if is_trusted(trunk) { Confidence::Trusted } else { Confidence::Strange }
}

/// A number as a trunk wants it in one place: in its form, then by its rules.
fn sent<'n>(trunk: &Trunk, number: &'n str, place: NumberPlace, because: &mut Vec<String>) -> Cow<'n, str> {
    let text = trunk.writes(number, place);
    let rules = match place {
        NumberPlace::Request | NumberPlace::To => &trunk.translate.called,
        NumberPlace::From | NumberPlace::Asserted | NumberPlace::Diversion => &trunk.translate.calling,
    };
    let found = rules.iter().find_map(|(rule, at)| Some((rule, at, rule.apply(&text)?)));
    let Some((rule, at, becomes)) = found else { return text };
    let says = format!("{text} becomes {becomes} by translate \"{}\" ({at})", rule.matches);
    if !because.contains(&says) {
        because.push(says);
    }
    becomes.into()
}

/// The same, shared with whoever has it already.
fn shared(trunk: &Trunk, number: &Arc<str>, place: NumberPlace, because: &mut Vec<String>) -> Arc<str> {
    match sent(trunk, number, place, because) {
        Cow::Borrowed(text) if text.len() == number.len() => number.clone(),
        text => text.into(),
    }
}

/// What one trunk may know of a caller.
struct View<'v> {
    trunk: &'v Trunk,
    account: Option<&'v Arc<str>>,
    /// Whether the account stands in From, whoever calls.
    is_account_shown: bool,
    /// The number in From otherwise.
    number: Option<Arc<str>>,
    /// The number that is asserted.
    asserted: Option<Arc<str>>,
    is_hidden: bool,
    /// Whether the caller's name is shown.
    is_named: bool,
    /// Whether it is told who calls all the same.
    is_trusted: bool,
    /// Whether anything is asserted to it.
    is_told: bool,
}

impl<'v> View<'v> {
    fn of(who: &Who<'_>, trunk: &'v Trunk, shown: Shown<'_>, because: &mut Vec<String>) -> View<'v> {
        let identity = &trunk.identity;
        let default = || identity.default.as_ref().map(|number| number.shared());
        let (number, asserted) = match shown {
            Shown::Instead(number) => {
                because.push(format!("the route shows {number} instead"));
                (Some(number.shared()), Some(number.shared()))
            }
            Shown::AsWished | Shown::Always => {
                if let (None, Some(number)) = (&who.shown, &identity.default) {
                    because.push(format!("{number} is the default of {}", trunk.name));
                }
                (who.shown.clone().or_else(default), who.asserted.clone().or_else(default))
            }
        };
        let number = number.map(|number| shared(trunk, &number, NumberPlace::From, because));
        let asserted = asserted.map(|number| shared(trunk, &number, NumberPlace::Asserted, because));
        let account = trunk.told_account.as_ref();
        let wants_account =
            identity.from == FromIdentity::Account && identity.caller_id != CallerIdHeader::From;
        let is_trusted = shown == Shown::Always || is_trusted(trunk);
        let is_hidden = shown != Shown::Always && who.privacy.is_hidden;
        if is_hidden && !is_trusted {
            because.push(format!("{} is not told who hides (identity.trust)", trunk.name));
        }
        View {
            trunk,
            is_account_shown: wants_account && account.is_some(),
            account,
            number,
            asserted,
            is_hidden,
            is_named: !is_hidden && !matches!(shown, Shown::Instead(_)),
            is_trusted,
            is_told: is_trusted || (identity.trust.is_none() && !is_hidden),
        }
    }

    /// The value of From, and the user part of our Contact.
    fn from(&self, who: &Who<'_>, domain: &Arc<str>) -> (SentAddress, Arc<str>) {
        if self.is_hidden && !self.is_account_shown {
            return (SentAddress::anonymous(), "anonymous".into());
        }
        let number = self.number.as_ref().filter(|_| !self.is_account_shown);
        let sender = number.or(self.account).cloned().unwrap_or_else(|| "anonymous".into());
        let display = who.display.as_ref().filter(|_| self.is_named).cloned();
        let contact_user = in_contact(&sender);
        (SentAddress::new(display, SentUri::of("sip:", sender, domain.clone(), "")), contact_user)
    }

    /// The headers that say who calls, and how private that is.
    fn headers(&self, who: &Who<'_>, domain: &str) -> Vec<Line> {
        let mut headers: Vec<Line> = Vec::with_capacity(2);
        let told = self.asserted.as_deref().filter(|_| self.is_told).zip(self.trunk.told_in.as_ref());
        if let Some((number, name)) = told {
            let phone = if self.trunk.identity.user_phone { ";user=phone" } else { "" };
            let number = user_escaped(number);
            let uri = ["sip:", &*number, "@", domain, phone];
            let value = match self.trunk.identity.caller_id {
                CallerIdHeader::RemotePartyId => {
                    let display = who.display.as_deref().filter(|_| self.is_named);
                    let party = name_addr(display, &uri);
                    let screen = if who.standing == Standing::Diverted { "no" } else { "yes" };
                    let privacy = if self.is_hidden { "full" } else { "off" };
                    format!("{party};party=calling;screen={screen};privacy={privacy}")
                }
                _ => name_addr(None, &uri),
            };
            headers.push((name.clone(), value));
        }
        let privacy = who.privacy.value().filter(|_| self.is_hidden || who.privacy.is_waived);
        headers.extend(privacy.map(|privacy| ("Privacy".into(), privacy)));
        headers
    }

    /// The caller as rules may tell the trunk.
    fn caller_word(&self) -> &str {
        let number = self.asserted.as_deref().or(self.number.as_deref());
        number.filter(|_| !self.is_hidden || self.is_trusted).unwrap_or("anonymous")
    }

    /// Whether the account that stands in From is the caller's number.
    fn account_tells(&self) -> bool {
        let digits = |text: &str| -> String { text.chars().filter(char::is_ascii_digit).collect() };
        let own = self.asserted.as_deref().map(digits).unwrap_or_default();
        let account = self.account.filter(|_| self.is_account_shown).map(|account| digits(account));
        let account = account.unwrap_or_default();
        !own.is_empty() && !account.is_empty() && (account.ends_with(&own) || own.ends_with(&account))
    }
}

/// A name as it stands in our Contact.
fn in_contact(name: &Arc<str>) -> Arc<str> {
    match user_escaped(name) {
        Cow::Borrowed(_) => name.clone(),
        Cow::Owned(escaped) => escaped.into(),
    }
}

/// Whether a trunk is told who calls, even if the caller is hidden.
fn is_trusted(trunk: &Trunk) -> bool {
    matches!(trunk.identity.trust, Some(Trust::Out | Trust::Both))
}

/// What is handed on from the caller's INVITE, and what rules add and take away.
fn dress(
    who: &Who<'_>,
    caller: &Caller<'_>,
    trunk: &Trunk,
    fill: &Fill,
    secrets: &Secrets,
    headers: &mut Vec<Line>,
) {
    let trusted = Secrets::default();
    let secrets = if is_trusted(trunk) { &trusted } else { secrets };
    let theirs = |name: &str| -> Vec<String> {
        let values = who.facts.handed_on.iter().filter(|(one, _)| one.eq_ignore_ascii_case(name));
        values.map(|(_, value)| value.clone()).collect()
    };
    if let Party::Trunk(from) = caller.party {
        let is_inside = matches!(from.identity.trust, Some(Trust::In | Trust::Both)) && is_trusted(trunk);
        for name in
            TRUSTED_ONLY.iter().filter(|name| is_inside && !handed_on::is_ignored(&from.headers, name))
        {
            handed_on::hand_on((*name).into(), &theirs, secrets, headers);
        }
        for name in handed_on::handed_by(&from.headers, HeaderPlace::Invite) {
            handed_on::hand_on(name, &theirs, secrets, headers);
        }
    }
    handed_on::dress(&trunk.headers, HeaderPlace::Invite, fill, secrets, &theirs, headers);
}

/// Inside, people are shown by their short numbers.
pub(crate) fn towards_user(
    policy: &Policy,
    who: &Who<'_>,
    caller: &Caller<'_>,
    called: &Called<'_>,
    contact: &Arc<str>,
) -> Heading {
    let realm = &policy.realm;
    let sender: Arc<str> = match caller.party {
        Party::User(user) => {
            user.extension.clone().or_else(|| user.number.as_ref().map(|number| number.shared()))
        }
        Party::Trunk(_) | Party::Stranger { .. } => who.asserted.clone().or_else(|| who.shown.clone()),
    }
    .unwrap_or_else(|| match caller.party {
        Party::User(user) => user.name.clone(),
        Party::Trunk(_) | Party::Stranger { .. } => "anonymous".into(),
    });
    let is_hidden = who.privacy.is_hidden;
    let contact_user = if is_hidden { "anonymous".into() } else { in_contact(&sender) };
    // Who transfers is told to our own people only (RFC 3892): outside, it would tell of us.
    let is_told = who.facts.transferred_by.is_some() && !is_hidden;
    let referred_by = || (Arc::from("Referred-By"), ["<sip:", &*contact_user, "@", &**realm, ">"].concat());
    let secrets = if is_hidden { Secrets(who.secrets(caller)) } else { Secrets::default() };
    let telling = Telling {
        header: model::DiversionHeader::Diversion,
        domain: realm,
        is_trusted: false,
        written: &|number| number.to_owned(),
        secrets: &secrets,
    };
    let request_uri = SentUri::whole(contact.clone());
    let mut headers = diverted::lines(policy, who, caller, &telling, &request_uri);
    headers.extend(is_told.then(referred_by));
    let uri = |user: Arc<str>| SentUri::of("sip:", user, realm.clone(), "");
    Heading {
        request_uri,
        from: match is_hidden {
            true => SentAddress::anonymous(),
            false => SentAddress::new(who.display.clone(), uri(sender)),
        },
        to: SentAddress::new(None, uri(called.text.clone())),
        headers,
        contact_user,
        because: Vec::new(),
    }
}
