//! Rules for headers that the house has no meaning for. The last resort, and therefore narrow.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::ser::SerializeStruct;
use serde::{Deserialize, Serialize, Serializer};

use crate::fault::Fault;
use crate::problem::Code;
use crate::secrecy::shown_header;
use crate::suggest::nearest;
use crate::text::text_value;

/// One rule for headers, such as `{ set = "X-Account", value = "4471" }`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HeaderRule {
    /// Say it once, whatever else said it.
    pub set: Option<HeaderName>,
    /// Say it once more.
    pub add: Option<HeaderName>,
    /// Don't say it; or, with direction "in", behave as if it had not come.
    pub remove: Option<HeaderName>,
    /// Hand it on from the other leg; or, with direction "in", to the other leg.
    pub pass: Option<HeaderName>,
    /// What is said; may hold {caller}, {called}, {trunk}, {site} and {call}.
    pub value: Option<HeaderText>,
    #[serde(default)]
    pub direction: HeaderWay,
    /// The messages that it is about; the INVITE that begins a call where it is missing.
    #[serde(default)]
    pub on: Vec<HeaderPlace>,
}

/// As it may be shown.
impl Serialize for HeaderRule {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let HeaderRule { set, add, remove, pass, value, direction, on } = self;
        let header = self.name().map_or("", HeaderName::as_str);
        let value = value.as_ref().map(|value| shown_header(header, &value.to_string()).to_owned());
        let mut rule = serializer.serialize_struct("HeaderRule", 7)?;
        rule.serialize_field("set", set)?;
        rule.serialize_field("add", add)?;
        rule.serialize_field("remove", remove)?;
        rule.serialize_field("pass", pass)?;
        rule.serialize_field("value", &value)?;
        rule.serialize_field("direction", direction)?;
        rule.serialize_field("on", on)?;
        rule.end()
    }
}

impl HeaderRule {
    /// Whether it is about such a message.
    pub fn is_on(&self, place: HeaderPlace) -> bool {
        let is_request = place != HeaderPlace::Answers;
        match self.on.as_slice() {
            [] => place == HeaderPlace::Invite,
            on => on.contains(&place) || (is_request && on.contains(&HeaderPlace::Requests)),
        }
    }

    /// The header that it is about, if it does exactly one thing.
    pub fn name(&self) -> Option<&HeaderName> {
        let mut names = [&self.set, &self.add, &self.remove, &self.pass].into_iter().flatten();
        names.next().filter(|_| names.next().is_none())
    }

    /// What contradicts what in it.
    pub(crate) fn fault(&self) -> Option<Fault> {
        let wrong = |message: String| Some(Fault::new(Code::HEADER_RULE, message));
        let Some(name) = self.name() else {
            let fault = wrong("a rule for headers does one thing".into())?;
            return Some(fault.suggest("write one of set, add, remove and pass"));
        };
        let writes = self.set.is_some() || self.add.is_some();
        if writes != self.value.is_some() {
            let fault = wrong("a value stands with set and add, and with nothing else".into())?;
            return Some(fault.suggest(if writes { "add value = \"…\"" } else { "leave value out" }));
        }
        if name.is_of_identity() && self.remove.is_none() {
            let fault = wrong(format!("{name} says who calls, and identity says what stands in it"))?;
            return Some(fault.suggest("use identity.caller_id, identity.trust or identity.diversion"));
        }
        if writes && self.direction == HeaderWay::In {
            let fault = wrong("what comes in can be removed or passed on, and not be written".into())?;
            return Some(fault.suggest("leave direction out"));
        }
        if self.remove.is_some() && self.direction == HeaderWay::In && !self.on.is_empty() {
            let fault = wrong("what is not heard is not heard in any message".into())?;
            return Some(fault.suggest("leave on out"));
        }
        None
    }
}

/// Whether a rule is about what we send to a trunk or about what comes from it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum HeaderWay {
    In,
    #[default]
    Out,
}

/// Which messages a rule is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum HeaderPlace {
    /// The INVITE that begins a call.
    Invite,
    /// Every later INVITE of a call.
    Reinvite,
    Update,
    Bye,
    Refer,
    Notify,
    Info,
    Message,
    Prack,
    /// A question whether the far end is still in its call.
    Options,
    /// All of these.
    Requests,
    /// What its INVITE is answered with once somebody was asked, and later INVITEs and UPDATEs that are
    /// accepted.
    Answers,
}

/// Headers that the stack writes, and must write right.
const OURS: &[&str] = &[
    "Accept",
    "Allow-Events",
    "Authorization",
    "CSeq",
    "Call-ID",
    "Contact",
    "Content-Disposition",
    "Content-Encoding",
    "Content-Length",
    "Content-Type",
    "Event",
    "Expires",
    "From",
    "MIME-Version",
    "Max-Forwards",
    "Min-Expires",
    "Min-SE",
    "Path",
    "Privacy",
    "Proxy-Authenticate",
    "Proxy-Authorization",
    "Proxy-Require",
    "RAck",
    "RSeq",
    "Record-Route",
    "Refer-To",
    "Replaces",
    "Require",
    "Retry-After",
    "Route",
    "Server",
    "Service-Route",
    "Session-Expires",
    "Subscription-State",
    "Supported",
    "Target-Dialog",
    "Timestamp",
    "To",
    "Unsupported",
    "Via",
    "WWW-Authenticate",
];

const SHORT: &[(&str, &str)] = &[
    ("a", "Accept-Contact"),
    ("b", "Referred-By"),
    ("c", "Content-Type"),
    ("d", "Request-Disposition"),
    ("e", "Content-Encoding"),
    ("f", "From"),
    ("i", "Call-ID"),
    ("j", "Reject-Contact"),
    ("k", "Supported"),
    ("l", "Content-Length"),
    ("m", "Contact"),
    ("n", "Identity-Info"),
    ("o", "Event"),
    ("r", "Refer-To"),
    ("s", "Subject"),
    ("t", "To"),
    ("u", "Allow-Events"),
    ("v", "Via"),
    ("x", "Session-Expires"),
    ("y", "Identity"),
];

/// Headers that keys of `identity` govern; a rule may take them away, and nothing more.
const OF_IDENTITY: &[&str] =
    &["Diversion", "History-Info", "P-Asserted-Identity", "P-Preferred-Identity", "Remote-Party-ID"];

/// The name of a header that rules may touch.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct HeaderName(Arc<str>);

text_value!(
    HeaderName,
    "HeaderName",
    "the name of a header such as \"X-Account\"",
    "^[A-Za-z0-9.!%*_+`'~-]+$"
);

impl HeaderName {
    /// The name as it is sent.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The same text, shared.
    pub fn shared(&self) -> Arc<str> {
        self.0.clone()
    }

    /// Whether a key of `identity` says what stands in it.
    pub fn is_of_identity(&self) -> bool {
        OF_IDENTITY.iter().any(|name| self.is(name))
    }

    /// Whether it is this one, in any case.
    pub fn is(&self, name: &str) -> bool {
        self.0.eq_ignore_ascii_case(name)
    }
}

impl fmt::Display for HeaderName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for HeaderName {
    type Err = Fault;

    fn from_str(text: &str) -> Result<HeaderName, Fault> {
        let wrong = |message: String| Fault::new(Code::HEADER_RULE, message);
        let stands = |byte: u8| byte.is_ascii_alphanumeric() || b"-.!%*_+`'~".contains(&byte);
        if text.is_empty() || !text.bytes().all(stands) {
            return Err(wrong(format!("\"{text}\" is not the name of a header")));
        }
        if let Some((_, long)) = SHORT.iter().find(|(short, _)| short.eq_ignore_ascii_case(text)) {
            let fault = wrong(format!("\"{text}\" is the short form of {long}"));
            return Err(fault.suggest(format!("write \"{long}\"")));
        }
        match OURS.iter().find(|name| name.eq_ignore_ascii_case(text)) {
            Some(ours) => Err(wrong(format!("{ours} is written by the house, and no rule may touch it"))),
            None => Ok(HeaderName(text.into())),
        }
    }
}

/// What a rule says: text, and words that are filled in for each call.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct HeaderText {
    parts: Arc<[Part]>,
}

/// A piece of what a rule says.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Part {
    Plain(Arc<str>),
    Word(Word),
}

/// What can be filled in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Word {
    /// The caller, as the trunk is told; "anonymous" where it is not.
    Caller,
    /// Who is called, as the trunk is told.
    Called,
    /// The trunk's name.
    Trunk,
    /// The caller's site; nothing where there is none.
    Site,
    /// The id of the call's record.
    Call,
}

const WORDS: [(&str, Word); 5] = [
    ("caller", Word::Caller),
    ("called", Word::Called),
    ("trunk", Word::Trunk),
    ("site", Word::Site),
    ("call", Word::Call),
];

text_value!(
    HeaderText,
    "HeaderText",
    "text, in which {caller}, {called}, {trunk}, {site} and {call} are filled in",
    "^[^\\r\\n]+$"
);

impl HeaderText {
    /// The text with its words filled in; what is filled in cannot end the line.
    pub fn filled<'t>(&self, fill: impl Fn(Word) -> &'t str) -> String {
        let mut text = String::new();
        for part in self.parts.iter() {
            match part {
                Part::Plain(plain) => text.push_str(plain),
                Part::Word(word) => text.extend(fill(*word).chars().filter(|letter| !letter.is_control())),
            }
        }
        text
    }
}

impl fmt::Display for HeaderText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.parts.iter().try_for_each(|part| match part {
            Part::Plain(plain) => f.write_str(&plain.replace('{', "{{").replace('}', "}}")),
            Part::Word(word) => {
                let name = WORDS.iter().find(|(_, known)| known == word);
                write!(f, "{{{}}}", name.map_or("", |(name, _)| name))
            }
        })
    }
}

impl FromStr for HeaderText {
    type Err = Fault;

    fn from_str(text: &str) -> Result<HeaderText, Fault> {
        let wrong = |message: String| Fault::new(Code::HEADER_RULE, message);
        if text.chars().any(char::is_control) {
            return Err(wrong("a line end or control character stands in the value of a header".into()));
        }
        if text.trim().is_empty() {
            return Err(wrong("the value of a header is empty".into()));
        }
        let mut parts = Vec::new();
        let mut plain = String::new();
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}']) {
            plain.push_str(&rest[..at]);
            let mark = &rest[at..];
            if mark.starts_with("{{") || mark.starts_with("}}") {
                plain.push_str(&mark[..1]);
                rest = &mark[2..];
                continue;
            }
            let Some((name, behind)) = mark.strip_prefix('{').and_then(|inner| inner.split_once('}')) else {
                let fault = wrong(format!("\"{text}\" has a brace without its other half"));
                return Err(fault.suggest("write {{ or }} for a brace"));
            };
            parts.push(Part::Plain(std::mem::take(&mut plain).into()));
            parts.push(Part::Word(Word::named(name)?));
            rest = behind;
        }
        plain.push_str(rest);
        parts.push(Part::Plain(plain.into()));
        Ok(HeaderText { parts: parts.into() })
    }
}

impl Word {
    fn named(name: &str) -> Result<Word, Fault> {
        if let Some((_, word)) = WORDS.iter().find(|(known, _)| *known == name) {
            return Ok(*word);
        }
        let fault = Fault::new(Code::HEADER_RULE, format!("{{{name}}} is nothing that can be filled in"));
        Err(match nearest(name, WORDS.iter().map(|(known, _)| *known)) {
            Some(near) => fault.suggest(format!("did you mean {{{near}}}?")),
            None => fault.suggest("{caller}, {called}, {trunk}, {site} or {call}"),
        })
    }
}
