//! Headers that are no matter of ours, and what becomes of them between two legs.

use std::borrow::Cow;
use std::sync::Arc;

use model::{HeaderName, HeaderPlace, HeaderRule, HeaderWay, Word};

use crate::connected::{Connected, Line};
use crate::help::is_mark;

/// Headers that travel inside a trust domain and nowhere else (RFC 7315).
pub(crate) const TRUSTED_ONLY: [&str; 4] =
    ["P-Access-Network-Info", "P-Charging-Function-Addresses", "P-Charging-Vector", "P-Visited-Network-ID"];

/// What fills the words of rules in for one call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Fill {
    pub caller: String,
    pub called: String,
    pub trunk: Arc<str>,
    pub site: Option<Arc<str>>,
}

/// What a caller who is hidden must not be known by.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Secrets(pub Vec<String>);

impl Secrets {
    /// Whether a text gives one of them away, however a number in it is written.
    pub fn are_told_by(&self, text: &str) -> bool {
        let lower = text.to_lowercase();
        let digits: String = text.chars().filter(char::is_ascii_digit).collect();
        self.0.iter().any(|secret| {
            let is_number = secret.bytes().all(|byte| byte.is_ascii_digit());
            lower.contains(secret.as_str()) || (is_number && digits.contains(secret.as_str()))
        })
    }
}

/// Applies a trunk's rules to what is sent to it; `theirs` are the headers of the other leg's message.
pub(crate) fn dress(
    rules: &[HeaderRule],
    place: HeaderPlace,
    fill: &Fill,
    secrets: &Secrets,
    theirs: &dyn Fn(&str) -> Vec<String>,
    lines: &mut Vec<Line>,
) {
    for rule in rules.iter().filter(|rule| rule.direction == HeaderWay::Out && rule.is_on(place)) {
        let value =
            || rule.value.as_ref().map(|text| text.filled(|word| fill.word(word))).unwrap_or_default();
        if let Some(name) = &rule.set {
            lines.retain(|(one, _)| !name.is(one));
            lines.push((name.shared(), value()));
        }
        if let Some(name) = &rule.add {
            lines.push((name.shared(), value()));
        }
        if let Some(name) = &rule.remove {
            lines.retain(|(one, _)| !name.is(one));
        }
        if let Some(name) = &rule.pass {
            hand_on(name.shared(), theirs, secrets, lines);
        }
    }
}

/// Adds the values of one header of the other leg's message.
pub(crate) fn hand_on(
    name: Arc<str>,
    theirs: &dyn Fn(&str) -> Vec<String>,
    secrets: &Secrets,
    lines: &mut Vec<Line>,
) {
    if lines.iter().any(|(one, _)| one.eq_ignore_ascii_case(&name)) {
        return;
    }
    let fits =
        |value: &&String| !secrets.are_told_by(value) && !is_too_long(&name, value) && !is_mark(&name, value);
    for value in theirs(&name).iter().filter(fits) {
        lines.push((name.clone(), in_one_line(value).into_owned()));
    }
}

/// What the telephone network carries of User-to-User: 128 octets behind the one that says what they are
/// (RFC 7434 5). More would be cut off on its way; none arrives instead.
const USER_TO_USER_MAX: usize = 129;

fn is_too_long(name: &str, value: &str) -> bool {
    let mut pieces = value.split(';').map(str::trim);
    let content = pieces.next().unwrap_or_default().trim_matches('"');
    let is_hex = pieces.all(|piece| {
        let (name, value) = piece.split_once('=').unwrap_or((piece, ""));
        !name.trim().eq_ignore_ascii_case("encoding") || value.trim().eq_ignore_ascii_case("hex")
    });
    let octets = if is_hex { content.len() / 2 } else { content.len() };
    name.eq_ignore_ascii_case("User-to-User") && octets > USER_TO_USER_MAX
}

fn in_one_line(value: &str) -> Cow<'_, str> {
    match value.contains(char::is_control) {
        true => value.replace(char::is_control, " ").into(),
        false => value.into(),
    }
}

/// The headers that a trunk's messages hand on to the other leg.
pub(crate) fn handed_by(rules: &[HeaderRule], place: HeaderPlace) -> impl Iterator<Item = Arc<str>> {
    passed(rules, HeaderWay::In, place).map(HeaderName::shared)
}

fn passed(rules: &[HeaderRule], way: HeaderWay, place: HeaderPlace) -> impl Iterator<Item = &HeaderName> {
    let rules = rules.iter().filter(move |rule| rule.direction == way && rule.is_on(place));
    rules.filter_map(|rule| rule.pass.as_ref())
}

/// Whether a rule says that a header of an INVITE from this trunk counts as if it had not come.
pub(crate) fn is_ignored(rules: &[HeaderRule], name: &str) -> bool {
    let mut rules = rules.iter().filter(|rule| rule.direction == HeaderWay::In);
    rules.any(|rule| rule.remove.as_ref().is_some_and(|removed| removed.is(name)))
}

impl Fill {
    fn word(&self, word: Word) -> &str {
        match word {
            Word::Caller => &self.caller,
            Word::Called => &self.called,
            Word::Trunk => &self.trunk,
            Word::Site => self.site.as_deref().unwrap_or_default(),
            // The call alone knows its id, and fills it in when it sends.
            Word::Call => CALL,
        }
    }
}

/// A trunk's rules for the messages of one call after the INVITE that begins it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dress {
    rules: Arc<[HeaderRule]>,
    fill: Fill,
    secrets: Secrets,
    /// Whether the trunk may know who hides.
    is_trusted: bool,
}

/// Whether a trunk may know who hides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Confidence {
    Trusted,
    Strange,
}

impl Dress {
    /// Nothing, where no rule is about such messages.
    pub(crate) fn of(
        rules: &Arc<[HeaderRule]>,
        fill: Fill,
        secrets: &Secrets,
        confidence: Confidence,
    ) -> Option<Arc<Dress>> {
        let is_later = |rule: &HeaderRule| rule.on.iter().any(|place| *place != HeaderPlace::Invite);
        let is_trusted = confidence == Confidence::Trusted;
        let dress = || Dress { rules: rules.clone(), fill, secrets: secrets.clone(), is_trusted };
        rules.iter().any(is_later).then(|| Arc::new(dress()))
    }

    /// Applies the rules to what is sent to the trunk in the call of this id.
    pub fn put_on(&self, place: HeaderPlace, call: &str, lines: &mut Vec<Line>) {
        let nothing = |_: &str| Vec::new();
        dress(&self.rules, place, &self.fill, &self.secrets, &nothing, lines);
        for (_, value) in lines.iter_mut().filter(|(_, value)| value.contains(CALL)) {
            *value = value.replace(CALL, call);
        }
    }

    /// The values of a message of the other leg, where that party is, which the trunk gets to see.
    pub fn takes_on(
        &self,
        place: HeaderPlace,
        party: &Connected,
        theirs: &dyn Fn(&str) -> Vec<String>,
        lines: &mut Vec<Line>,
    ) {
        let secrets = if self.is_trusted { Secrets::default() } else { self.secrets_with(party) };
        for name in passed(&self.rules, HeaderWay::Out, place) {
            hand_on(name.shared(), theirs, &secrets, lines);
        }
    }

    /// The values of a message of the trunk, behind which that party is, which go on to another trunk.
    pub fn hands_on(
        &self,
        place: HeaderPlace,
        party: &Connected,
        theirs: &dyn Fn(&str) -> Vec<String>,
        lines: &mut Vec<Line>,
    ) {
        let secrets = self.secrets_with(party);
        for name in handed_by(&self.rules, place) {
            hand_on(name, theirs, &secrets, lines);
        }
    }

    /// What the one must not be known by who hid when the call began, and who hides now.
    fn secrets_with(&self, party: &Connected) -> Secrets {
        let mut secrets = self.secrets.clone();
        if party.is_hidden {
            let number = party.number.iter().map(|number| tail(number));
            let names = party.inside.iter().chain(&party.display).map(|name| name.to_lowercase());
            secrets.0.extend(number.chain(names).filter(|secret| !secret.is_empty()));
        }
        secrets
    }
}

/// The digits by which a number is known at home, without its country's.
pub(crate) fn tail(number: &str) -> String {
    const KNOWN_BY: usize = 7;
    let digits = number.trim_start_matches('+');
    digits.get(digits.len().saturating_sub(KNOWN_BY)..).unwrap_or(digits).to_owned()
}

/// Where the id of a call's record is filled in.
pub const CALL: &str = "{call}";
