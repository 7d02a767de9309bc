//! What a row of the table says of one thing that can be asked, and what somebody asked of it.

use std::collections::BTreeMap;
use std::str::FromStr;

use axum::routing::MethodFilter;
use model::Role;
use serde_json::Value;

use crate::condition::Condition;
use crate::forms::{self, Form};
use crate::house::{Answer, House, Refused, Wish};

/// By which word a form is named.
pub const FORMAT: &str = "format";
/// How the path of a capture ends that has no other form.
const CAPTURE_END: &str = ".pcapng";
pub const RECORDS_USUAL: u16 = 100;
/// What a name is, as OpenAPI says it.
pub const NAME: &str = "^[a-z0-9-]{1,64}$";
pub const LISTED_MAX: u16 = 1_000;

/// One thing that can be asked for.
pub struct Resource {
    pub method: Method,
    /// Below the base; `{id}` stands for a name.
    pub path: &'static str,
    /// What a token has to be good for.
    pub needs: Role,
    /// Its name in the OpenAPI document.
    pub name: &'static str,
    pub summary: &'static str,
    pub parameters: &'static [Parameter],
    pub body: Body,
    pub answer: fn(&dyn House, &Asked) -> Result<Said, Refused>,
}

/// What comes with the question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Body {
    None,
    /// A document of this kind, as JSON.
    Document(&'static str),
    /// A call that is to be made, as JSON; under a key, so that it is made once.
    Call,
    /// What a program says of a user, as JSON.
    Notice,
}

/// The longest key under which a question is asked once.
pub const KEY_MAX: usize = 255;
pub const KEY: &str = "Idempotency-Key";

/// An answer, whole.
#[derive(Clone, Debug, PartialEq)]
pub struct Said {
    pub status: u16,
    pub value: Option<Value>,
    /// What is no JSON, in place of it.
    pub file: Option<Vec<u8>>,
    pub headers: Vec<(&'static str, String)>,
}

/// An answer that is a value alone.
pub fn said(answer: Answer) -> Result<Said, Refused> {
    Ok(Said { status: 200, value: Some(answer?), file: None, headers: Vec::new() })
}

/// An answer that is a file: to be looked at, or to be kept.
pub fn filed(file: Result<Vec<u8>, Refused>, form: Form, meant: Meant) -> Result<Said, Refused> {
    let meant = if meant == Meant::ToLookAt { "inline" } else { "attachment" };
    let headers = vec![
        ("content-type", form.kind().to_owned()),
        ("content-disposition", format!("{meant}; filename=\"{}\"", form.file())),
        // It is made of what anybody wrote.
        ("content-security-policy", format!("{}; frame-ancestors 'none'; sandbox", ladder::POLICY)),
        ("x-content-type-options", "nosniff".to_owned()),
        ("cache-control", "no-store".to_owned()),
    ];
    Ok(Said { status: 200, value: None, file: Some(file?), headers })
}

/// What a file is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meant {
    ToLookAt,
    ToKeep,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Looks, and changes nothing.
    Get,
    Post,
    Put,
    Delete,
}

impl Method {
    pub fn word(self) -> &'static str {
        match self {
            Method::Get => "get",
            Method::Post => "post",
            Method::Put => "put",
            Method::Delete => "delete",
        }
    }

    pub fn filter(self) -> MethodFilter {
        match self {
            Method::Get => MethodFilter::GET,
            Method::Post => MethodFilter::POST,
            Method::Put => MethodFilter::PUT,
            Method::Delete => MethodFilter::DELETE,
        }
    }
}

/// A word behind the question mark.
pub struct Parameter {
    pub name: &'static str,
    pub what: &'static str,
    pub kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Text,
    /// Without it there is no answer.
    NeededText,
    /// Small letters, digits and hyphens; without it there is no answer.
    NeededName,
    /// One of these; without it there is no answer.
    NeededWord(&'static [&'static str]),
    /// One of these, or nothing said.
    Word(&'static [&'static str]),
    /// As RFC 3339 writes it.
    Moment,
    /// The number of something in order, from 0.
    Ordinal,
    /// From 1 to the limit.
    Count {
        most: u16,
        usual: u16,
    },
    YesOrNo,
    /// From 1 to this; where it is not said, it does not matter.
    Limit(u16),
    /// One of these forms of file; what `Accept` says where it is missing, or else the first.
    Form(&'static [Form]),
}

/// What somebody asked.
#[derive(Debug, Default)]
pub struct Asked {
    /// What stands for `{id}`.
    pub id: String,
    pub words: BTreeMap<String, String>,
    pub condition: Condition,
    pub body: Option<Value>,
    /// Under which it is done once, however often it is asked.
    pub key: Option<String>,
    /// The name of who asks.
    pub who: String,
    /// Which kinds of answers they like.
    pub accept: String,
}

impl Asked {
    pub fn word(&self, name: &str) -> Option<&str> {
        self.words.get(name).map(String::as_str)
    }

    /// A figure that was checked.
    pub fn figure<T: FromStr>(&self, name: &str) -> Option<T> {
        self.word(name).and_then(|word| word.parse().ok())
    }

    /// The wish to change something, as it was asked for.
    pub fn wish(&self) -> Wish {
        let why = self.word("why").map(str::to_owned);
        Wish { who: self.who.clone(), why, confirm_s: self.figure("confirm_s") }
    }

    /// The form that was named, or is liked best.
    pub fn form(&self, offered: &[Form]) -> Form {
        let named = self.word(FORMAT);
        let named = offered.iter().copied().find(|form| named == Some(form.word()));
        named.or_else(|| forms::liked(&self.accept, offered)).unwrap_or(Form::Json)
    }

    pub fn count(&self, name: &str, usual: u16) -> u16 {
        self.figure(name).unwrap_or(usual)
    }
}

impl Resource {
    /// Whether the house is another one afterwards.
    pub fn is_change(&self) -> bool {
        self.method != Method::Get
    }

    /// The forms of files in which it answers; none, where it answers with a value.
    pub fn forms(&self) -> &'static [Form] {
        let of_parameter = |one: &Parameter| match one.kind {
            Kind::Form(forms) => Some(forms),
            _ => None,
        };
        match self.path.ends_with(CAPTURE_END) {
            true => &[Form::Pcapng],
            false => self.parameters.iter().find_map(of_parameter).unwrap_or_default(),
        }
    }

    /// Whether it is written down who asked: for a change, and for what may have been said in a call.
    pub fn is_recorded(&self) -> bool {
        self.is_change() || !self.forms().is_empty()
    }

    /// Whether it is about one document of the configuration.
    pub fn is_of_one_document(&self) -> bool {
        self.path.starts_with("/config/") && (self.path.ends_with("/{id}") || self.path == "/config/system")
    }

    /// Answers, unless something was asked that it does not know.
    pub fn answer(&self, house: &dyn House, asked: &Asked) -> Result<Said, Refused> {
        for (name, word) in &asked.words {
            let Some(parameter) = self.parameters.iter().find(|known| known.name == name) else {
                return Err(Refused::Wrong(format!("{name}: {} takes {}", self.name, self.takes())));
            };
            parameter.check(word)?;
        }
        let is_lacking = |one: &&Parameter| one.is_needed() && !asked.words.contains_key(one.name);
        if let Some(lacking) = self.parameters.iter().find(is_lacking) {
            return Err(Refused::Wrong(format!("{} is missing: {}", lacking.name, lacking.what)));
        }
        (self.answer)(house, asked)
    }

    fn takes(&self) -> String {
        let names: Vec<&str> = self.parameters.iter().map(|one| one.name).collect();
        if names.is_empty() { "nothing".to_owned() } else { names.join(", ") }
    }
}

impl Parameter {
    pub fn is_needed(&self) -> bool {
        matches!(self.kind, Kind::NeededText | Kind::NeededName | Kind::NeededWord(_))
    }

    fn check(&self, word: &str) -> Result<(), Refused> {
        let is_count =
            |most| word.parse().is_ok_and(|count: u16| (1..=most).contains(&count)) && is_plain(word);
        let (fits, wanted) = match self.kind {
            Kind::Text | Kind::NeededText | Kind::Moment => return Ok(()),
            Kind::Count { most, .. } | Kind::Limit(most) => {
                (is_count(most), format!("a count from 1 to {most}"))
            }
            Kind::Ordinal => (word.parse::<u64>().is_ok() && is_plain(word), "a number from 0".to_owned()),
            Kind::NeededName => (is_name(word), "small letters, digits and hyphens, 64 at most".to_owned()),
            Kind::YesOrNo => (["true", "false"].contains(&word), "true or false".to_owned()),
            Kind::Word(known) | Kind::NeededWord(known) => (known.contains(&word), known.join(" or ")),
            Kind::Form(forms) => {
                let known: Vec<&str> = forms.iter().map(|form| form.word()).collect();
                (known.contains(&word), known.join(" or "))
            }
        };
        let says = || Refused::Wrong(format!("{}: {wanted}, and not {word:?}", self.name));
        fits.then_some(()).ok_or_else(says)
    }
}

/// As [`NAME`] has it.
pub fn is_name(word: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=64).contains(&word.len()) && word.bytes().all(fits)
}

/// Digits alone: Rust takes a plus before them, and nobody else does.
fn is_plain(word: &str) -> bool {
    word.bytes().all(|byte| byte.is_ascii_digit())
}
