//! An agreement with a provider or PBX.

use std::fmt;
use std::time;

use schemars::JsonSchema;
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::duration::Duration;
use crate::fault::Fault;
use crate::media::{Codec, MediaPath};
use crate::network::Source;
use crate::number::Number;
use crate::problem::Code;
use crate::secret::SecretRef;
use crate::spot::Spot;
use crate::suggest::nearest;
use crate::uri::SipUri;

/// `[trunk.NAME]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Trunk {
    pub servers: Vec<Spot<Server>>,
    /// The interface its calls leave from; the first outside one where it is missing.
    pub interface: Option<Spot<String>>,
    #[serde(default)]
    pub direction: TrunkDirection,
    #[serde(default)]
    pub accept: Accept,
    #[serde(default)]
    pub identity: Identity,
    /// What we answer the provider's challenges with.
    pub auth: Option<Auth>,
    #[serde(default)]
    pub media: TrunkMedia,
    #[serde(default)]
    pub limits: TrunkLimits,
    #[serde(default)]
    pub failover: Failover,
    #[serde(default)]
    pub health: HealthCheck,
}

/// One far end of a trunk.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Server {
    pub uri: SipUri,
    /// Lower is tried first.
    #[serde(default = "priority")]
    pub priority: u16,
    /// Its share among servers of one priority.
    #[serde(default = "weight")]
    pub weight: u16,
}

fn priority() -> u16 {
    10
}

fn weight() -> u16 {
    100
}

/// Which way calls go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum TrunkDirection {
    #[default]
    Both,
    In,
    Out,
}

/// What is taken from a trunk.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Accept {
    #[serde(default)]
    pub sources: Vec<Spot<Source>>,
    #[serde(default)]
    pub did: DidRule,
}

/// Which called numbers are taken from a trunk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DidRule {
    /// Only numbers that `[numbers.*]` gives to this trunk, or that a user owns.
    #[default]
    AssignedOnly,
    /// Whatever a route will take.
    Any,
}

/// What the far end sees of a caller.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Identity {
    #[serde(default)]
    pub from: FromIdentity,
    /// The user part of From where `from = "account"`; the user of `auth` where it is missing.
    pub account: Option<String>,
    /// The host part of From; the host of the server where it is missing.
    pub domain: Option<String>,
    #[serde(default)]
    pub caller_id: CallerIdHeader,
    #[serde(default)]
    pub format: NumberFormat,
    /// The number of callers who have none.
    pub default: Option<Number>,
}

/// Who stands in From.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum FromIdentity {
    Account,
    #[default]
    Caller,
}

/// Which header says who calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CallerIdHeader {
    #[default]
    PAssertedIdentity,
    PPreferredIdentity,
    From,
    None,
}

/// How a far end wants numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum NumberFormat {
    /// +14255550100
    #[default]
    #[serde(rename = "+e164")]
    PlusE164,
    /// 14255550100
    #[serde(rename = "e164")]
    E164,
    /// 0014255550100
    #[serde(rename = "00")]
    DoubleZero,
    /// 4255550100 at home, with the international prefix elsewhere
    #[serde(rename = "national")]
    National,
}

/// An account with the provider.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Auth {
    pub user: String,
    pub password: Spot<SecretRef>,
}

/// Media of a trunk.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TrunkMedia {
    pub codecs: Option<Vec<Codec>>,
    #[serde(default)]
    pub path: MediaPath,
}

/// How much a trunk carries.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TrunkLimits {
    pub calls: Option<u32>,
}

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
}

impl Default for Failover {
    fn default() -> Failover {
        Failover {
            on: failover_on(),
            never_on: Vec::new(),
            ring_wait: ring_wait(),
            answer_wait: answer_wait(),
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

/// How a trunk's servers are probed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HealthCheck {
    #[serde(default)]
    pub options: Probing,
    /// Failures in a row before a server counts as down.
    #[serde(default = "fail_after")]
    pub fail_after: u32,
    /// Successes in a row before it counts as up.
    #[serde(default = "recover_after")]
    pub recover_after: u32,
}

impl Default for HealthCheck {
    fn default() -> HealthCheck {
        HealthCheck { options: Probing::default(), fail_after: fail_after(), recover_after: recover_after() }
    }
}

fn fail_after() -> u32 {
    3
}

fn recover_after() -> u32 {
    2
}

/// How often a server is asked for its OPTIONS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Probing {
    Off,
    Every(Duration),
}

impl Default for Probing {
    fn default() -> Probing {
        Probing::Every(Duration(time::Duration::from_secs(30)))
    }
}

crate::text::text_value!(
    Probing,
    "Probing",
    "\"off\" or an interval such as \"30s\"",
    "^(off|[0-9]+(ms|s|m|h|d))$"
);

impl fmt::Display for Probing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Probing::Off => f.write_str("off"),
            Probing::Every(interval) => interval.fmt(f),
        }
    }
}

impl std::str::FromStr for Probing {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Probing, Fault> {
        match text {
            "off" => Ok(Probing::Off),
            interval => interval.parse().map(Probing::Every),
        }
    }
}
