//! The entries of History-Info (RFC 7044), in order; which of them are diversions says RFC 7544.

use std::borrow::Cow;
use std::fmt::Write;

use sip_message::{NameAddr, Param, Params, Uri};

use super::{Address, Diversion, History, Reason, Shown, unescaped};
use crate::address::name_addr;
use crate::history::diversion::plain;

/// Diversions that nobody knows more of than that they were (RFC 7544 5).
const PLACEHOLDER: &str = "sip:unknown@unknown.invalid";

/// So many of them are written for one call: an index grows with each.
const PLACEHOLDERS_MAX: u16 = 20;

/// What a placeholder was diverted for.
const UNKNOWN: u16 = 404;

/// One entry, taken apart.
struct Entry {
    address: Address,
    index: String,
    /// The index of the entry that this one was retargeted from.
    from: Option<String>,
    /// `cause` of the URI: why the call came to this target.
    cause: Option<u16>,
    /// Reason, escaped into the URI: what became of the request to this target.
    ended: Option<u16>,
    /// The word of Diversion in that Reason.
    word: Option<String>,
    privacy: Option<Shown>,
}

pub(super) fn read(values: &[String]) -> History {
    let mut history = History::default();
    let mut entries: Vec<Entry> = Vec::new();
    for value in values {
        match entry(value) {
            Some(entry) => entries.push(entry),
            None => history.unreadable.push(value.clone()),
        }
    }
    let is_told_by_cause = entries.iter().any(|entry| entry.cause.is_some());
    let mut unknown: u16 = 0;
    for (at, target) in entries.iter().enumerate().skip(1) {
        let Some(diverter) = diverter(&entries, at) else { continue };
        let cause = if is_told_by_cause { target.cause } else { diverter.ended };
        let Some(cause) = cause else { continue };
        match diverter.address.uri.eq_ignore_ascii_case(PLACEHOLDER) {
            true => unknown = unknown.saturating_add(1),
            false => history.hops.push(hop(diverter, cause, std::mem::take(&mut unknown))),
        }
    }
    history
}

/// Whom a target's `mp` or `rc` names; else the entry above it, else the one before.
fn diverter(entries: &[Entry], at: usize) -> Option<&Entry> {
    let target = &entries[at];
    let named = |index: &str| entries[..at].iter().find(|entry| entry.index == index);
    let parent = target.index.rsplit_once('.').map(|(parent, _)| parent);
    target.from.as_deref().and_then(named).or_else(|| named(parent?)).or_else(|| entries.get(at - 1))
}

/// `unknown` is how many diversions before it have no diverter: its counter counts them.
fn hop(diverter: &Entry, cause: u16, unknown: u16) -> Diversion {
    let of_word = diverter.word.as_deref().map(Reason::of_word);
    Diversion {
        by: diverter.address.clone(),
        reason: of_word.filter(|word| word.cause() == cause).unwrap_or_else(|| Reason::of_cause(cause)),
        cause: Some(cause),
        counter: (unknown > 0).then(|| unknown.saturating_add(1)),
        privacy: diverter.privacy,
        others: String::new(),
    }
}

fn entry(value: &str) -> Option<Entry> {
    let address = NameAddr::parse(value).ok()?;
    let uri = Uri::parse(address.uri).ok()?;
    let reason = uri.headers().find(|(name, _)| name.eq_ignore_ascii_case("Reason"));
    let reason = reason.map(|(_, value)| unescaped(value)).unwrap_or_default();
    let (protocol, params) = Params::of_value(&reason);
    let of_sip = |name: &str| params.value(name).filter(|_| protocol.eq_ignore_ascii_case("SIP"));
    let text = of_sip("text").map(|text| sip_message::unquote(text).into_owned());
    Some(Entry {
        address: Address { uri: bare(&uri), ..Address::of(&address) },
        index: address.params.value("index")?.to_owned(),
        from: ["mp", "rc"].iter().find_map(|name| address.params.value(name)).map(str::to_owned),
        cause: uri.param("cause").flatten().and_then(|cause| cause.parse().ok()),
        ended: of_sip("cause").and_then(|cause| cause.parse().ok()),
        word: text.filter(|text| text.parse::<f32>().is_err()),
        privacy: privacy(&uri),
    })
}

fn privacy(uri: &Uri<'_>) -> Option<Shown> {
    let (_, words) = uri.headers().find(|(name, _)| name.eq_ignore_ascii_case("Privacy"))?;
    let words = unescaped(words);
    let mut words = words.split([';', ',']).map(str::trim);
    match words.clone().any(|word| word.eq_ignore_ascii_case("none")) {
        true => Some(Shown::All),
        false => words
            .any(|word| ["history", "header", "session", "user", "id"].contains(&&*word.to_ascii_lowercase()))
            .then_some(Shown::Nothing),
    }
}

/// A URI without the parts that belong to its entry.
fn bare(uri: &Uri<'_>) -> String {
    let text = uri.as_str();
    let text = if uri.is_sip() { text.split('?').next().unwrap_or(text) } else { text };
    let params = uri.params();
    let head = text.strip_suffix(params.as_str()).unwrap_or(text);
    let kept = params.filter(|param| !["cause", "target"].contains(&&*param.name.to_ascii_lowercase()));
    kept.fold(head.to_owned(), |mut text, Param { name, value }| {
        match value {
            Some(value) => drop(write!(text, ";{name}={value}")),
            None => drop(write!(text, ";{name}")),
        }
        text
    })
}

pub(super) fn write(hops: &[Diversion], target: &str) -> Vec<String> {
    if hops.is_empty() {
        return Vec::new();
    }
    let mut chain = Chain::default();
    let mut left = PLACEHOLDERS_MAX;
    for hop in hops {
        let unknown = hop.counter.unwrap_or(1).saturating_sub(1).min(left);
        left -= unknown;
        for _ in 0..unknown {
            chain.add(None, PLACEHOLDER, "");
            chain.cause = Some(UNKNOWN);
        }
        chain.add(hop.by.display.as_deref(), &hop.by.uri, &escaped_headers(hop));
        chain.cause = Some(hop.cause.unwrap_or_else(|| hop.reason.cause()));
    }
    chain.add(None, target, "");
    chain.values
}

/// Entries of which each was retargeted from the one before.
#[derive(Default)]
struct Chain {
    values: Vec<String>,
    index: String,
    /// Why the next entry became a target.
    cause: Option<u16>,
}

impl Chain {
    fn add(&mut self, display: Option<&str>, uri: &str, headers: &str) {
        let uri = match self.cause {
            Some(cause) => format!("{};cause={cause}{headers}", with_parts(uri)),
            None if headers.is_empty() => uri.to_owned(),
            None => format!("{}{headers}", with_parts(uri)),
        };
        let value = name_addr(display, &[&uri]);
        let from = std::mem::take(&mut self.index);
        self.index = if from.is_empty() { "1".to_owned() } else { format!("{from}.1") };
        let from = if from.is_empty() { String::new() } else { format!(";mp={from}") };
        self.values.push(format!("{value};index={}{from}", self.index));
    }
}

/// A URI that can hold a cause or headers: of a tel URI nobody knows the host (RFC 7544 5, note 3).
fn with_parts(uri: &str) -> Cow<'_, str> {
    let parsed = Uri::parse(uri).ok();
    match parsed.as_ref().and_then(|uri| uri.number()) {
        Some(number) => format!("sip:{number}@unknown.invalid;user=phone").into(),
        None => uri.into(),
    }
}

/// What is escaped into the URI of a diverter: privacy, and a reason that no cause tells.
fn escaped_headers(hop: &Diversion) -> String {
    let privacy = hop.privacy.map(|shown| match shown {
        Shown::All => "Privacy=none".to_owned(),
        Shown::NotTheName | Shown::NotTheUri | Shown::Nothing => "Privacy=history".to_owned(),
    });
    let reason = (!hop.reason.is_told_by_its_cause()).then(|| {
        let text: String = plain(&hop.reason.to_string()).bytes().map(escaped).collect();
        format!("Reason=SIP%3Bcause%3D{}%3Btext%3D%22{text}%22", hop.reason.cause())
    });
    let headers: Vec<String> = privacy.into_iter().chain(reason).collect();
    if headers.is_empty() { String::new() } else { format!("?{}", headers.join("&")) }
}

fn escaped(byte: u8) -> String {
    match byte.is_ascii_alphanumeric() || b"-_.!~*'()".contains(&byte) {
        true => char::from(byte).to_string(),
        false => format!("%{byte:02X}"),
    }
}
