//! An agreement with a provider or PBX.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::announcement::Refusals;
use crate::call_rules::CallRules;
use crate::deck::Cost;
use crate::failover::{Failover, ResponseRule};
use crate::headers::HeaderRule;
use crate::health::HealthCheck;
use crate::identity::{Identity, Translate};
use crate::media::{
    Chats, Codec, Dtmf, Fax, IceOffers, Keys, KeysInClear, MediaPath, MediaSenders, Srtp, Transcode,
};
use crate::music::Music;
use crate::network::Source;
use crate::packets::Captured;
use crate::precedence::Precedence;
use crate::record::Recorded;
use crate::register::Register;
use crate::secret::SecretRef;
use crate::site::TollBypass;
use crate::spot::Spot;
use crate::system::Side;
use crate::trunk_limits::{Rate, TrunkLimits};
use crate::uri::SipUri;

/// `[trunk.NAME]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("anyOf" = [{ "required": ["servers"] }, { "required": ["provider"] }]))]
pub struct Trunk {
    /// The provider whose template stands below these keys.
    pub provider: Option<Spot<String>>,
    /// The version of that template.
    pub version: Option<u32>,
    /// What fills the template in.
    #[serde(default)]
    pub values: BTreeMap<String, String>,
    #[serde(default)]
    pub servers: Vec<Spot<Server>>,
    /// The interface its calls leave from; the first outside one where it is missing.
    pub interface: Option<Spot<String>>,
    #[serde(default)]
    pub direction: TrunkDirection,
    /// What stands at its far end.
    #[serde(default)]
    pub kind: TrunkKind,
    /// The site where its far end stands.
    pub site: Option<Spot<String>>,
    /// Where it is refused, the trunk serves only whoever is at its site.
    #[serde(default)]
    pub toll_bypass: TollBypass,
    /// Where calls that arrive on it for nobody here may go: the usages of routes, the first come first.
    #[serde(default)]
    pub usages: Vec<Spot<String>>,
    /// Whether calls that arrive from the telephone network may leave into it again.
    #[serde(default)]
    pub transit: Transit,
    /// The `[link.*]` that its calls cross.
    pub link: Option<Spot<String>>,
    /// Why its calls may cross the Internet without TLS or SRTP: who agreed to it, and when.
    pub unprotected: Option<Spot<String>>,
    /// What calls by it cost.
    pub cost: Option<Cost>,
    #[serde(default)]
    pub accept: Accept,
    #[serde(default)]
    pub identity: Identity,
    /// What becomes of numbers after they were written in the trunk's form.
    #[serde(default)]
    pub translate: Translate,
    /// Headers that are added, replaced, taken away or handed on, in order.
    #[serde(default)]
    pub headers: Vec<Spot<HeaderRule>>,
    /// As what of Resource-Priority its calls may be marked, so that no limit holds them up, and of which
    /// marks it is told (RFC 4412, 7135).
    #[serde(default)]
    pub resource_priority: Vec<Precedence>,
    /// The dial plan for the numbers that calls arriving here want.
    pub dialplan: Option<Spot<String>>,
    /// What we answer the provider's challenges with.
    pub auth: Option<Auth>,
    /// The provider is told where we are, under the account of `auth`.
    pub register: Option<Spot<Register>>,
    #[serde(default)]
    pub media: TrunkMedia,
    #[serde(default)]
    pub limits: TrunkLimits,
    /// How the legs of its calls behave.
    #[serde(default)]
    pub call: CallRules,
    #[serde(default)]
    pub failover: Failover,
    #[serde(default)]
    pub health: HealthCheck,
    /// Answers of the far end that are taken for others; the first that fits counts.
    #[serde(default)]
    pub responses: Vec<Spot<ResponseRule>>,
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
    /// How many calls may begin at it in a second, beside the limit of the trunk.
    pub calls_per_second: Option<Rate>,
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

/// What stands at the far end of a trunk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum TrunkKind {
    /// A company that leads into the telephone network.
    #[default]
    Provider,
    /// A PBX of our own.
    Pbx,
    /// A gateway into the telephone network.
    Gateway,
}

impl TrunkKind {
    /// Whether the telephone network is behind it.
    pub fn is_public(self) -> bool {
        matches!(self, TrunkKind::Provider | TrunkKind::Gateway)
    }
}

/// Whether a trunk's calls from the telephone network may leave into it again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Transit {
    /// Somebody else's calls at our expense: refused.
    #[default]
    Refused,
    Allowed,
}

/// What is taken from a trunk.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Accept {
    #[serde(default)]
    pub sources: Vec<Spot<Source>>,
    /// Whether calls are taken from the addresses that the servers have now. Where it is missing: yes, if
    /// neither `sources` nor `certificate` says whom to take calls from.
    pub resolved: Option<bool>,
    /// Names in a verified TLS certificate that the far end proves itself with: `sbc.example.net`.
    #[serde(default)]
    pub certificate: Vec<Spot<String>>,
    #[serde(default)]
    pub did: DidRule,
    /// Whether its NOTIFYs are believed that say how many messages wait in users' mailboxes (RFC 3842).
    #[serde(default)]
    pub message_waiting: bool,
}

impl Accept {
    /// Whether calls are taken from the addresses that the servers have now.
    pub fn takes_resolved(&self) -> bool {
        self.resolved.unwrap_or(self.sources.is_empty() && self.certificate.is_empty())
    }
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
    /// The interface at which its media lies; that of its signalling where it is missing.
    pub interface: Option<Spot<String>>,
    /// The interface of media with parties inside of our network. With it, the far end is believed when it
    /// says where a party is (X-MS-UserLocation of Microsoft Teams); without it, nobody reads that.
    pub inside_interface: Option<Spot<String>>,
    /// Where whoever is called by it is taken to be until its far end has said so; outside, where it is
    /// missing.
    pub assume: Option<Spot<Side>>,
    #[serde(default)]
    pub ice: IceOffers,
    #[serde(default)]
    pub path: MediaPath,
    #[serde(default)]
    pub srtp: Srtp,
    #[serde(default)]
    pub keys: Keys,
    #[serde(default)]
    pub keys_in_clear: KeysInClear,
    #[serde(default)]
    pub senders: MediaSenders,
    #[serde(default)]
    pub transcode: Transcode,
    #[serde(default)]
    pub dtmf: Dtmf,
    #[serde(default)]
    pub fax: Fax,
    /// What whoever waits at its far end hears; the system's where it is missing.
    pub music: Option<Spot<Music>>,
    /// What callers from it hear before their call is refused; whatever the system says, nothing where it is
    /// missing.
    #[serde(default)]
    pub refusals: Refusals,
    /// Whether its calls are recorded; as the other party says where it is missing.
    pub record: Option<Recorded>,
    /// How much of its calls' media may be captured; "headers" where it is missing.
    pub capture: Option<Captured>,
    /// Whether messages and files may be exchanged with it in calls.
    #[serde(default)]
    pub chats: Chats,
}
