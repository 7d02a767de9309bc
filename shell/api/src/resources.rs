//! Everything that can be asked, one row each.

use std::collections::BTreeMap;
use std::str::FromStr;

use axum::routing::MethodFilter;
use model::Role;

use serde_json::Value;

use crate::condition::Condition;
use crate::documents::{CONFIRM, DOCUMENTS, SYSTEM, WHY};
use crate::house::{Answer, House, Refused, Wish};

/// Where all but figures and health is found.
pub const BASE: &str = "/api/v1";

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
}

/// An answer, whole.
#[derive(Clone, Debug, PartialEq)]
pub struct Said {
    pub status: u16,
    pub value: Option<Value>,
    pub headers: Vec<(&'static str, String)>,
}

/// An answer that is a value alone.
pub fn said(answer: Answer) -> Result<Said, Refused> {
    Ok(Said { status: 200, value: Some(answer?), headers: Vec::new() })
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
    /// One of these; without it there is no answer.
    NeededWord(&'static [&'static str]),
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
}

/// What somebody asked.
#[derive(Debug, Default)]
pub struct Asked {
    /// What stands for `{id}`.
    pub id: String,
    pub words: BTreeMap<String, String>,
    pub condition: Condition,
    pub body: Option<Value>,
    /// The name of who asks.
    pub who: String,
}

impl Asked {
    pub fn word(&self, name: &str) -> Option<&str> {
        self.words.get(name).map(String::as_str)
    }

    /// A figure that was checked.
    fn figure<T: FromStr>(&self, name: &str) -> Option<T> {
        self.word(name).and_then(|word| word.parse().ok())
    }

    /// The wish to change something, as it was asked for.
    pub fn wish(&self) -> Wish {
        let why = self.word("why").map(str::to_owned);
        Wish { who: self.who.clone(), why, confirm_s: self.figure("confirm_s") }
    }

    pub fn count(&self, name: &str, usual: u16) -> u16 {
        self.figure(name).unwrap_or(usual)
    }
}

const CALLS_USUAL: u16 = 100;
pub const RECORDS_USUAL: u16 = 100;
pub const LISTED_MAX: u16 = 1_000;
const ROLES: [&str; 3] = ["reader", "operator", "admin"];
const DAYS_MAX: u16 = 3_650;

const RESOURCES: &[Resource] = &[
    Resource {
        method: Method::Get,
        needs: Role::Reader,
        path: "/status",
        name: "status",
        summary: "What runs, and how it stands",
        parameters: &[],
        body: Body::None,
        answer: |house, _| said(house.status()),
    },
    Resource {
        method: Method::Get,
        needs: Role::Reader,
        path: "/trunks",
        name: "trunks",
        summary: "Every trunk: its calls, its limit, its registration, its far ends",
        parameters: &[],
        body: Body::None,
        answer: |house, _| said(house.trunks(None)),
    },
    Resource {
        method: Method::Get,
        needs: Role::Reader,
        path: "/trunks/{id}",
        name: "trunk",
        summary: "One trunk",
        parameters: &[],
        body: Body::None,
        answer: |house, asked| said(house.trunks(Some(&asked.id))),
    },
    Resource {
        method: Method::Get,
        needs: Role::Reader,
        path: "/calls",
        name: "calls",
        summary: "The calls in progress",
        parameters: &[Parameter {
            name: "limit",
            what: "How many each shard lists",
            kind: Kind::Count { most: LISTED_MAX, usual: CALLS_USUAL },
        }],
        body: Body::None,
        answer: |house, asked| said(house.calls(asked.count("limit", CALLS_USUAL))),
    },
    Resource {
        method: Method::Get,
        needs: Role::Reader,
        path: "/calls/{id}",
        name: "call",
        summary: "A call in progress, or the record of one that ended, by its id, a Call-ID or a Session-ID",
        parameters: &[],
        body: Body::None,
        answer: |house, asked| said(house.call(&asked.id)),
    },
    Resource {
        method: Method::Get,
        needs: Role::Reader,
        path: "/phones",
        name: "phones",
        summary: "The phones that are registered, who watches whom, and messages that wait",
        parameters: &[],
        body: Body::None,
        answer: |house, _| said(house.phones()),
    },
    Resource {
        method: Method::Get,
        needs: Role::Reader,
        path: "/cdrs",
        name: "cdrs",
        summary: "Records of calls that ended, the oldest first",
        parameters: &[
            Parameter {
                name: "after",
                what: "The id of the last record that is known already",
                kind: Kind::Text,
            },
            Parameter {
                name: "limit",
                what: "How many at most",
                kind: Kind::Count { most: LISTED_MAX, usual: RECORDS_USUAL },
            },
        ],
        body: Body::None,
        answer: |house, asked| {
            said(house.records(asked.word("after"), usize::from(asked.count("limit", RECORDS_USUAL))))
        },
    },
    Resource {
        method: Method::Get,
        needs: Role::Reader,
        path: "/revisions",
        name: "revisions",
        summary: "What was applied, by whom and why",
        parameters: &[],
        body: Body::None,
        answer: |house, _| said(house.revisions()),
    },
    Resource {
        method: Method::Get,
        needs: Role::Reader,
        path: "/explain",
        name: "explain",
        summary: "What would become of a call, and why; nothing is sent",
        parameters: &[
            Parameter { name: "number", what: "What is dialled", kind: Kind::NeededText },
            Parameter { name: "from", what: "The user who calls", kind: Kind::Text },
            Parameter { name: "via", what: "The trunk that the call comes from", kind: Kind::Text },
            Parameter { name: "at", what: "When, such as 2026-11-20T10:00:00Z", kind: Kind::Moment },
        ],
        body: Body::None,
        answer: |house, asked| {
            let number = asked.word("number").unwrap_or_default();
            said(house.explain(number, asked.word("from"), asked.word("via"), asked.word("at")))
        },
    },
    Resource {
        method: Method::Get,
        needs: Role::Reader,
        path: "/revisions/{id}",
        name: "revision",
        summary: "One revision: who, when, why, what changed, and what the stored tests said",
        parameters: &[],
        body: Body::None,
        answer: |house, asked| said(house.revision(&asked.id)),
    },
    Resource {
        method: Method::Get,
        needs: Role::Reader,
        path: "/plan",
        name: "plan",
        summary: "What an apply of the configuration directory would do; nothing is changed",
        parameters: &[],
        body: Body::None,
        answer: |house, _| said(house.plan()),
    },
    Resource {
        method: Method::Post,
        needs: Role::Operator,
        path: "/apply",
        name: "apply",
        summary: "Plans, tests, and puts in force what stands in the configuration directory",
        parameters: &[
            Parameter { name: "base", what: "Only if this revision still runs", kind: Kind::Ordinal },
            Parameter { name: "digest", what: "Only if the plan had this digest", kind: Kind::Text },
            WHY,
            CONFIRM,
        ],
        body: Body::None,
        answer: |house, asked| {
            let seen = (asked.figure("base"), asked.word("digest").map(str::to_owned));
            said(house.apply(seen, asked.wish()))
        },
    },
    Resource {
        method: Method::Post,
        needs: Role::Operator,
        path: "/confirm",
        name: "confirm",
        summary: "The revision in force stays",
        parameters: &[],
        body: Body::None,
        answer: |house, asked| said(house.confirm(asked.wish())),
    },
    Resource {
        method: Method::Post,
        needs: Role::Operator,
        path: "/rollback",
        name: "rollback",
        summary: "Puts an older revision in force again, as a new one",
        parameters: &[
            Parameter { name: "to", what: "Which; the one before where it is missing", kind: Kind::Ordinal },
            WHY,
        ],
        body: Body::None,
        answer: |house, asked| said(house.roll_back(asked.figure("to"), asked.wish())),
    },
    Resource {
        method: Method::Get,
        needs: Role::Admin,
        path: "/tokens",
        name: "tokens",
        summary: "Who holds a token, and what it is good for; none says its secret",
        parameters: &[],
        body: Body::None,
        answer: |house, _| said(house.tokens()),
    },
    Resource {
        method: Method::Post,
        needs: Role::Admin,
        path: "/tokens",
        name: "createToken",
        summary: "Makes a token, and tells it this once",
        parameters: &[
            Parameter { name: "name", what: "Who will hold it", kind: Kind::NeededText },
            Parameter { name: "role", what: "What it is good for", kind: Kind::NeededWord(&ROLES) },
            Parameter { name: "days", what: "After how many it ends", kind: Kind::Limit(DAYS_MAX) },
        ],
        body: Body::None,
        answer: |house, asked| {
            let role = asked.figure("role").unwrap_or(Role::Reader);
            said(house.create_token(asked.word("name").unwrap_or_default(), role, asked.figure("days")))
        },
    },
    Resource {
        method: Method::Delete,
        needs: Role::Admin,
        path: "/tokens/{id}",
        name: "revokeToken",
        summary: "Whoever holds it is nobody from now on",
        parameters: &[],
        body: Body::None,
        answer: |house, asked| said(house.revoke_token(&asked.id)),
    },
    Resource {
        method: Method::Get,
        needs: Role::Admin,
        path: "/audit",
        name: "audit",
        summary: "Who did what, when, from where, and what became of it; the oldest first",
        parameters: &[
            Parameter {
                name: "after",
                what: "The number of the last entry that is known already",
                kind: Kind::Ordinal,
            },
            Parameter {
                name: "limit",
                what: "How many at most",
                kind: Kind::Count { most: LISTED_MAX, usual: RECORDS_USUAL },
            },
        ],
        body: Body::None,
        answer: |house, asked| {
            let after = asked.figure("after").unwrap_or(0);
            said(house.deeds(after, usize::from(asked.count("limit", RECORDS_USUAL))))
        },
    },
];

/// Every row.
pub fn all() -> impl Iterator<Item = &'static Resource> {
    RESOURCES.iter().chain(SYSTEM).chain(DOCUMENTS.iter().flatten())
}

impl Resource {
    /// Whether the house is another one afterwards.
    pub fn is_change(&self) -> bool {
        self.method != Method::Get
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
        matches!(self.kind, Kind::NeededText | Kind::NeededWord(_))
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
            Kind::YesOrNo => (["true", "false"].contains(&word), "true or false".to_owned()),
            Kind::NeededWord(known) => (known.contains(&word), known.join(" or ")),
        };
        let says = || Refused::Wrong(format!("{}: {wanted}, and not {word:?}", self.name));
        fits.then_some(()).ok_or_else(says)
    }
}

/// Digits alone: Rust takes a plus before them, and nobody else does.
fn is_plain(word: &str) -> bool {
    word.bytes().all(|byte| byte.is_ascii_digit())
}
