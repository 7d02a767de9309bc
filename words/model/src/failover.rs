//! When a call moves on to the next server, and what a far end's answers are taken for.

use std::fmt;
use std::time;

use schemars::JsonSchema;
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::duration::Duration;
use crate::fault::Fault;
use crate::problem::Code;
use crate::suggest::nearest;

/// When a call moves on to the next server.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Failover {
    #[serde(default = "failover_on")]
    pub on: Vec<FailCause>,
    /// Outweighs `on`.
    #[serde(default)]
    pub never_on: Vec<FailCause>,
    /// How long a callee may ring before the next server.
    #[serde(default = "ring_wait")]
    pub ring_wait: Duration,
    /// How long a server may say nothing at all.
    #[serde(default = "answer_wait")]
    pub answer_wait: Duration,
    /// Whether a call moves on even after the caller has heard it ring.
    #[serde(default)]
    pub after_ringing: bool,
    /// How long the whole call may take to be answered, through all its servers; 3 minutes where it is
    /// missing.
    pub budget: Option<Duration>,
}

impl Default for Failover {
    fn default() -> Failover {
        Failover {
            on: failover_on(),
            never_on: Vec::new(),
            ring_wait: ring_wait(),
            answer_wait: answer_wait(),
            after_ringing: false,
            budget: None,
        }
    }
}

fn failover_on() -> Vec<FailCause> {
    use FailCause::*;
    vec![Status(408), ServerFailures, Timeout, Dns, Transport, Media, Limit]
}

fn ring_wait() -> Duration {
    Duration(time::Duration::from_secs(120))
}

fn answer_wait() -> Duration {
    Duration(time::Duration::from_secs(4))
}

/// Why an attempt came to nothing, as configuration names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FailCause {
    Status(u16),
    /// `"5xx"`.
    ServerFailures,
    Timeout,
    Dns,
    /// `"transport"`; `"tls"` says the same.
    Transport,
    Media,
    Limit,
}

const CAUSES: [(&str, FailCause); 7] = [
    ("5xx", FailCause::ServerFailures),
    ("timeout", FailCause::Timeout),
    ("dns", FailCause::Dns),
    ("transport", FailCause::Transport),
    ("tls", FailCause::Transport),
    ("media", FailCause::Media),
    ("limit", FailCause::Limit),
];

impl Serialize for FailCause {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match (self, CAUSES.iter().find(|(_, cause)| cause == self)) {
            (FailCause::Status(status), _) => serializer.serialize_u16(*status),
            (_, Some((word, _))) => serializer.serialize_str(word),
            (_, None) => serializer.serialize_none(),
        }
    }
}

impl<'de> Deserialize<'de> for FailCause {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<FailCause, D::Error> {
        deserializer.deserialize_any(CauseVisitor)
    }
}

struct CauseVisitor;

impl Visitor<'_> for CauseVisitor {
    type Value = FailCause;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a SIP status such as 503, \"5xx\", or a word such as \"timeout\", \"dns\" or \"tls\"")
    }

    fn visit_i64<E: Error>(self, status: i64) -> Result<FailCause, E> {
        match u16::try_from(status) {
            Ok(status @ 300..=699) => Ok(FailCause::Status(status)),
            _ => {
                let message = format!("{status} is not a SIP status of failure");
                Err(Fault::new(Code::OUT_OF_RANGE, message).suggest("300 to 699").into_error())
            }
        }
    }

    fn visit_str<E: Error>(self, word: &str) -> Result<FailCause, E> {
        if let Some((_, cause)) = CAUSES.iter().find(|(name, _)| *name == word) {
            return Ok(*cause);
        }
        let fault = Fault::new(Code::UNKNOWN_WORD, format!("\"{word}\" is no cause of failover"));
        let fault = match nearest(word, CAUSES.iter().map(|(name, _)| *name)) {
            Some(near) => fault.suggest(format!("did you mean \"{near}\"?")),
            None => fault,
        };
        Err(fault.into_error())
    }
}

impl JsonSchema for FailCause {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "FailCause".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let words: Vec<&str> = CAUSES.iter().map(|(word, _)| *word).collect();
        schemars::json_schema!({
            "anyOf": [{ "type": "integer", "minimum": 300, "maximum": 699 }, { "enum": words }]
        })
    }
}

/// One answer of a far end, and what it is taken for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ResponseRule {
    /// The SIP status it is about; any, where it is missing.
    #[schemars(range(min = 400, max = 699))]
    pub status: Option<u16>,
    /// The Q.850 cause in its Reason header; any or none, where it is missing.
    #[schemars(range(min = 1, max = 127))]
    pub q850: Option<u8>,
    /// The SIP status it is taken for, by failover and towards the caller.
    #[schemars(range(min = 400, max = 699))]
    pub becomes: u16,
}

impl ResponseRule {
    /// What is wrong with it.
    pub fn fault(&self) -> Option<Fault> {
        let is_status = |status: u16| (400..=699).contains(&status);
        let out_of_range = |text: String| Fault::new(Code::OUT_OF_RANGE, text);
        if self.status.is_none() && self.q850.is_none() {
            let fault = Fault::new(Code::MISSING_KEY, "a response that says neither status nor q850 is any");
            return Some(fault.suggest("add status = … or q850 = …"));
        }
        let wrong = self.status.filter(|status| !is_status(*status));
        if let Some(status) = wrong.or(Some(self.becomes).filter(|status| !is_status(*status))) {
            let fault = out_of_range(format!("{status} is not a final status of failure"));
            return Some(fault.suggest("400 to 699"));
        }
        let cause = self.q850.filter(|cause| !(1..=127).contains(cause))?;
        Some(out_of_range(format!("{cause} is not a Q.850 cause")).suggest("1 to 127"))
    }
}
