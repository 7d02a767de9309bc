//! Everything that can be asked, one row each.

use std::collections::BTreeMap;

use crate::house::{Answer, House, Refused};

/// Where all but figures and health is found.
pub const BASE: &str = "/api/v1";

/// One thing that can be asked for with GET.
pub struct Resource {
    /// Below the base; `{id}` stands for a name.
    pub path: &'static str,
    /// Its name in the OpenAPI document.
    pub name: &'static str,
    pub summary: &'static str,
    pub parameters: &'static [Parameter],
    pub answer: fn(&dyn House, &Asked) -> Answer,
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
    /// As RFC 3339 writes it.
    Moment,
    /// From 1 to the limit.
    Count {
        most: u16,
        usual: u16,
    },
}

/// What somebody asked.
#[derive(Debug, Default)]
pub struct Asked {
    /// What stands for `{id}`.
    pub id: String,
    pub words: BTreeMap<String, String>,
}

impl Asked {
    fn word(&self, name: &str) -> Option<&str> {
        self.words.get(name).map(String::as_str)
    }

    fn count(&self, name: &str, usual: u16) -> u16 {
        self.word(name).and_then(|word| word.parse().ok()).unwrap_or(usual)
    }
}

const CALLS_USUAL: u16 = 100;
const RECORDS_USUAL: u16 = 100;
const LISTED_MAX: u16 = 1_000;

pub const RESOURCES: &[Resource] = &[
    Resource {
        path: "/status",
        name: "status",
        summary: "What runs, and how it stands",
        parameters: &[],
        answer: |house, _| house.status(),
    },
    Resource {
        path: "/trunks",
        name: "trunks",
        summary: "Every trunk: its calls, its limit, its registration, its far ends",
        parameters: &[],
        answer: |house, _| house.trunks(None),
    },
    Resource {
        path: "/trunks/{id}",
        name: "trunk",
        summary: "One trunk",
        parameters: &[],
        answer: |house, asked| house.trunks(Some(&asked.id)),
    },
    Resource {
        path: "/calls",
        name: "calls",
        summary: "The calls in progress",
        parameters: &[Parameter {
            name: "limit",
            what: "How many each shard lists",
            kind: Kind::Count { most: LISTED_MAX, usual: CALLS_USUAL },
        }],
        answer: |house, asked| house.calls(asked.count("limit", CALLS_USUAL)),
    },
    Resource {
        path: "/calls/{id}",
        name: "call",
        summary: "A call in progress, or the record of one that ended, by its id, a Call-ID or a Session-ID",
        parameters: &[],
        answer: |house, asked| house.call(&asked.id),
    },
    Resource {
        path: "/phones",
        name: "phones",
        summary: "The phones that are registered, who watches whom, and messages that wait",
        parameters: &[],
        answer: |house, _| house.phones(),
    },
    Resource {
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
        answer: |house, asked| {
            house.records(asked.word("after"), usize::from(asked.count("limit", RECORDS_USUAL)))
        },
    },
    Resource {
        path: "/revisions",
        name: "revisions",
        summary: "What was applied, by whom and why",
        parameters: &[],
        answer: |house, _| house.revisions(),
    },
    Resource {
        path: "/explain",
        name: "explain",
        summary: "What would become of a call, and why; nothing is sent",
        parameters: &[
            Parameter { name: "number", what: "What is dialled", kind: Kind::NeededText },
            Parameter { name: "from", what: "The user who calls", kind: Kind::Text },
            Parameter { name: "via", what: "The trunk that the call comes from", kind: Kind::Text },
            Parameter { name: "at", what: "When, such as 2026-11-20T10:00:00Z", kind: Kind::Moment },
        ],
        answer: |house, asked| {
            let number = asked.word("number").unwrap_or_default();
            house.explain(number, asked.word("from"), asked.word("via"), asked.word("at"))
        },
    },
];

impl Resource {
    /// Answers, unless something was asked that it does not know.
    pub fn answer(&self, house: &dyn House, asked: &Asked) -> Answer {
        for (name, word) in &asked.words {
            let Some(parameter) = self.parameters.iter().find(|known| known.name == name) else {
                return Err(Refused::Wrong(format!("{name}: {} takes {}", self.name, self.takes())));
            };
            parameter.check(word)?;
        }
        let is_lacking =
            |one: &&Parameter| one.kind == Kind::NeededText && !asked.words.contains_key(one.name);
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
    fn check(&self, word: &str) -> Result<(), Refused> {
        let Kind::Count { most, .. } = self.kind else { return Ok(()) };
        let is_count = word.parse().is_ok_and(|count: u16| (1..=most).contains(&count));
        let says = || Refused::Wrong(format!("{}: a count from 1 to {most}, and not {word:?}", self.name));
        is_count.then_some(()).ok_or_else(says)
    }
}
