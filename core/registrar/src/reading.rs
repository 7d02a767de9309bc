//! What a REGISTER wants.

use std::borrow::Cow;
use std::time::Duration;

use policy::RegistrarRules;
use sip_message::{Header, Message, NameAddr, Uri};

use crate::bell::Asks;
use crate::binding::{Flows, Hops};

/// A REGISTER in our words.
#[derive(Debug)]
pub(crate) enum Wish<'m> {
    /// To know what is there.
    Nothing,
    /// To be forgotten altogether.
    Everything,
    Contacts(Vec<Contact<'m>>),
}

/// One contact that it names.
#[derive(Debug)]
pub(crate) struct Contact<'m> {
    /// As it came.
    pub whole: &'m str,
    /// As it is kept.
    pub text: Cow<'m, str>,
    pub uri: Uri<'m>,
    pub instance: Option<&'m str>,
    pub flow_number: Option<u32>,
    pub priority: u16,
    /// What it can do, as it says it.
    pub features: Option<String>,
    /// Zero: it is to be forgotten.
    pub lasts: Duration,
    /// What it wants with push services.
    pub asks: Asks<'m>,
}

/// Why a REGISTER is not done. Nothing of it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum No {
    /// It says something that cannot be.
    Bad(&'static str),
    TooBrief(Duration),
    /// A later one was done already.
    OutOfOrder,
    TooManyDevices(u16),
    /// It requires what the house does not know.
    Unknown(String),
    SomebodyElse,
    /// The proxy before us would not keep the flow (RFC 5626).
    FlowNotKept,
    /// A device that says which it is cannot be where it says (RFC 5627 5.1).
    NotThere(&'static str),
    /// Nobody here can wake it by the push service that it names (RFC 8599 8.1).
    PushUnknown,
}

const PRIORITY_MAX: u16 = 1000;

pub(crate) fn read<'m>(
    message: &Message<'m>,
    hops: Hops,
    rules: &RegistrarRules,
) -> Result<(Wish<'m>, Flows), No> {
    let expires = message.expires().ok().flatten();
    let usual = expires.map_or(rules.usual, seconds);
    let mut contacts = Vec::with_capacity(1);
    let (mut stars, mut numbered) = (0, 0);
    for one in message.contacts() {
        let one = one.map_err(|_| No::Bad("a Contact cannot be read"))?;
        if one.is_star() {
            stars += 1;
            continue;
        }
        let is_numbered = one.param("reg-id").is_some() && one.param("+sip.instance").is_some();
        numbered += usize::from(is_numbered);
        contacts.push(contact(&one, usual, rules)?);
    }
    let flows = if numbered > 0 { flows(message, hops)? } else { Flows::AsTheyAre };
    match (stars, contacts.len()) {
        (0, 0) => return Ok((Wish::Nothing, flows)),
        (0, _) => {}
        (1, 0) if expires == Some(0) => return Ok((Wish::Everything, flows)),
        _ => return Err(No::Bad("Contact: * stands alone, and with Expires: 0")),
    }
    if flows == Flows::AsTheyAre {
        contacts.iter_mut().for_each(|contact| contact.flow_number = None);
    }
    let numbered = contacts.iter().filter(|one| one.flow_number.is_some() && !one.lasts.is_zero());
    if numbered.count() > 1 {
        return Err(No::Bad("one REGISTER makes one flow: only one Contact may have a reg-id"));
    }
    Ok((Wish::Contacts(contacts), flows))
}

/// Whether a device keeps its flow open for us that numbers it: it says so, and nobody stands between who
/// would not.
fn flows(message: &Message<'_>, hops: Hops) -> Result<Flows, No> {
    if !message.has_token(Header::Supported, "outbound") {
        return Ok(Flows::AsTheyAre);
    }
    match hops {
        Hops::Nobody => Ok(Flows::Kept),
        Hops::Proxies => {
            // The proxy next to the phone stands last.
            let first = message.addresses(Header::Path).filter_map(Result::ok).last();
            let keeps =
                first.and_then(|one| one.parsed_uri().ok()).is_some_and(|uri| uri.param("ob").is_some());
            if keeps { Ok(Flows::Kept) } else { Err(No::FlowNotKept) }
        }
    }
}

fn contact<'m>(one: &NameAddr<'m>, usual: Duration, rules: &RegistrarRules) -> Result<Contact<'m>, No> {
    let uri = one.parsed_uri().map_err(|_| No::Bad("a Contact is no URI"))?;
    if !uri.is_sip() || uri.host().is_none() {
        let words = "a Contact is no SIP URI";
        return Err(if instance_of(one).is_some() { No::NotThere(words) } else { No::Bad(words) });
    }
    // What cannot be read is an hour (RFC 3261 10.2.1.1); the limits hold for it too.
    let said = one.param("expires").map(|value| value.and_then(|value| value.trim().parse().ok()));
    let wanted = said.map_or(usual, |said| seconds(said.unwrap_or(3600)));
    if !wanted.is_zero() && wanted < rules.least {
        return Err(No::TooBrief(rules.least));
    }
    let instance = instance_of(one);
    let number = one.param("reg-id").flatten().and_then(|value| value.parse().ok());
    let flow_number = number.filter(|number| *number > 0 && instance.is_some());
    let priority = match one.param("q").flatten() {
        None => PRIORITY_MAX,
        Some(value) => priority(value).ok_or(No::Bad("the q of a Contact is between 0 and 1"))?,
    };
    let (features, lasts) = (features(one), wanted.min(rules.most));
    let (text, asks) = (Cow::Borrowed(one.uri), Asks::of(&uri));
    Ok(Contact { whole: one.uri, text, uri, instance, flow_number, priority, features, lasts, asks })
}

fn instance_of<'m>(one: &NameAddr<'m>) -> Option<&'m str> {
    let said = one.param("+sip.instance").flatten().map(|value| value.trim_matches(['"', '<', '>']));
    said.filter(|instance| !instance.is_empty())
}

/// More of them than this tell nobody anything.
const FEATURES_MAX: usize = 1024;

/// The parameters that say what a device can do (RFC 3840).
fn features(one: &NameAddr<'_>) -> Option<String> {
    let mut text = String::new();
    for param in one.params().filter(|param| policy::is_feature(param.name)) {
        let value = param.value.map(|value| format!("={value}")).unwrap_or_default();
        if text.len() + param.name.len() + value.len() < FEATURES_MAX {
            text.push_str(if text.is_empty() { "" } else { ";" });
            text.push_str(param.name);
            text.push_str(&value);
        }
    }
    (!text.is_empty()).then_some(text)
}

fn seconds(count: u32) -> Duration {
    Duration::from_secs(u64::from(count))
}

/// `0.5` in thousandths.
fn priority(value: &str) -> Option<u16> {
    let (whole, part) = value.trim().split_once('.').unwrap_or((value.trim(), ""));
    let whole: u16 = whole.parse().ok().filter(|whole| *whole <= 1)?;
    if part.len() > 3 || !part.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let part: u16 = format!("{part:0<3}").parse().ok()?;
    Some(whole * PRIORITY_MAX + part).filter(|all| *all <= PRIORITY_MAX)
}

/// What the house does for a REGISTER beside registering.
pub(crate) const EXTENSIONS: [&str; 3] = ["path", "outbound", "gruu"];

/// The option tags that it requires and nobody here knows.
pub(crate) fn unknown(message: &Message<'_>) -> Option<String> {
    let required = [Header::Require, Header::ProxyRequire].into_iter().flat_map(|one| message.values(one));
    let is_known = |tag: &str| EXTENSIONS.iter().any(|known| known.eq_ignore_ascii_case(tag));
    let unknown: Vec<&str> = required.filter(|tag| !tag.is_empty() && !is_known(tag)).collect();
    (!unknown.is_empty()).then(|| unknown.join(", "))
}
