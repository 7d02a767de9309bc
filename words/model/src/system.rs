//! The house itself, and the addresses it listens on.

use std::num::{NonZeroU16, NonZeroU32};
use std::time;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::acme::Acme;
use crate::alert::Alerts;
use crate::announcement::Refusals;
use crate::call_rules::Redirect;
use crate::duration::Duration;
use crate::http::Http;
use crate::marks::Marks;
use crate::media::{Chats, Dtmf, Fax, Ice, KernelPath, Keys, KeysInClear, MediaSenders, Srtp, Transcode};
use crate::music::Music;
use crate::network::{Address, PortRange};
use crate::oidc::Oidc;
use crate::outpost::{OutpostAddress, TurnServer};
use crate::packets::{Captured, PacketRules};
use crate::provisioning::Provisioning;
use crate::record::{Recorded, RecordingRules};
use crate::registrar::Registrar;
use crate::site::Operator;
use crate::spot::Spot;
use crate::storage::Storage;

/// `[system]`: what holds for the whole house.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct System {
    pub name: String,
    /// Two letters, such as "US": whose dialling habits hold where a site says nothing else.
    pub country: Spot<String>,
    /// What a local number lacks.
    pub area_code: Option<Spot<String>>,
    /// Who is reached by one digit.
    pub operator: Option<Operator>,
    /// Such as "America/Los_Angeles".
    pub time_zone: Option<Spot<String>>,
    pub log: Option<LogLevel>,
    /// The realm of digest challenges; the name where it is missing.
    pub realm: Option<String>,
    /// How phones of ours protect their media.
    #[serde(default)]
    pub media: DeviceMedia,
    /// By which digests phones and users may prove themselves, the preferred first; SHA-256 and MD5 where it
    /// is missing. Some phones know MD5 alone and give up where another one is offered beside it.
    pub digest: Option<Spot<Vec<Digest>>>,
    /// What holds for the records of calls.
    pub records: Option<Records>,
    /// What searches the records of calls.
    pub storage: Option<Storage>,
    /// What holds for phones that register.
    pub registrar: Option<Registrar>,
    /// What is dialled before a number to be hidden, such as "*67".
    pub privacy_code: Option<Spot<String>>,
    /// What is dialled before a number to be shown, such as "*82".
    pub show_code: Option<Spot<String>>,
    /// What is dialled to pick up a call of the own pickup group, and before an extension the call that rings
    /// there; "*8" where it is missing and somebody has a `pickup_group`.
    pub pickup_code: Option<Spot<String>>,
    /// What is dialled to mark the call at hand, or the last that reached whoever dials it, as malicious.
    pub malicious_code: Option<Spot<String>>,
    /// For so long whoever called for help is rung by every call from outside, whatever else they wish: it
    /// may be who was called, who calls back. 30 minutes where it is missing; "0s" for none.
    pub callback_window: Option<Spot<Duration>>,
    /// What phones are told of how to ring, by who calls.
    #[serde(default)]
    pub alerts: Alerts,
    /// Whether a phone may send a call elsewhere by a 3xx, as a forward of its user.
    #[serde(default = "inside")]
    pub redirect: Redirect,
    /// A demo may hold secrets in plain text, and nothing else may.
    #[serde(default)]
    pub demo: bool,
    /// What holds for all recordings of calls.
    #[serde(default)]
    pub recording: RecordingRules,
    /// What holds for all captures of calls.
    #[serde(default)]
    pub packets: PacketRules,
    /// The `[rights.*]` of users who have none of their own or of their site.
    pub rights: Option<Spot<String>>,
    /// Where programs come by HTTP; nowhere where it is missing, but for `tandem up --http`.
    pub http: Option<Http>,
    /// Who gives the certificates of `tls_names`, and renews them.
    pub acme: Option<Acme>,
    /// Who says who somebody is that comes by HTTP, beside the tokens of the house.
    pub oidc: Option<Oidc>,
    /// What desk phones are given that fetch their settings by HTTP.
    pub provisioning: Option<Provisioning>,
}

fn inside() -> Redirect {
    Redirect::Inside
}

/// RFC 6881 has half an hour for whoever is called back.
const CALLBACK_WINDOW: time::Duration = time::Duration::from_secs(30 * 60);

impl System {
    /// How long somebody may be called back who called for help.
    pub fn callback_window(&self) -> time::Duration {
        self.callback_window.as_ref().map_or(CALLBACK_WINDOW, |window| window.0)
    }

    /// The realm of our digest challenges.
    pub fn realm(&self) -> &str {
        self.realm.as_deref().unwrap_or(&self.name)
    }
}

/// Media between our phones and us.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeviceMedia {
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
    /// What whoever waits hears: on hold at a phone that sends nothing, or parked. Two soft beeps every ten
    /// seconds where it is missing.
    pub music: Option<Spot<Music>>,
    /// What our people hear before a call of theirs is refused.
    #[serde(default)]
    pub refusals: Refusals,
    /// Whether calls of our people are recorded; no where it is missing.
    pub record: Option<Recorded>,
    /// How much of the media of our people's calls may be captured; "headers" where it is missing.
    pub capture: Option<Captured>,
    /// Whether our people may exchange messages and files in calls; relayed where it is missing.
    pub chats: Option<Chats>,
}

/// What holds for the records of calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Records {
    /// For so many days they are kept, and then deleted; for ever where it is missing.
    pub keep_days: Option<NonZeroU16>,
    /// For so many days events are kept, and callers who were turned away, who stand there alone; 90 where it
    /// is missing. Never longer than records.
    pub events_days: Option<NonZeroU16>,
    /// Of events no more is kept than so many millions of bytes, whatever the days; 1,000 where it is
    /// missing.
    pub events_mb: Option<NonZeroU32>,
    /// For so many days messages of calls are kept on the disk, without secrets; 30 where it is missing.
    /// Never longer than records.
    pub messages_days: Option<NonZeroU16>,
    /// Of messages no more is kept there than so many millions of bytes: the oldest go first. 1,000 where it
    /// is missing; with 0 they are kept in memory alone, and end with the process.
    pub messages_mb: Option<u32>,
}

impl Records {
    pub const EVENTS_DAYS: u16 = 90;
    pub const EVENTS_MB: u32 = 1_000;
    pub const MESSAGES_DAYS: u16 = 30;
    pub const MESSAGES_MB: u32 = 1_000;

    /// For how many days events stay.
    pub fn events_days(&self) -> u16 {
        let days = self.events_days.map_or(Records::EVENTS_DAYS, NonZeroU16::get);
        days.min(self.keep_days.map_or(u16::MAX, NonZeroU16::get))
    }

    /// How many bytes of them.
    pub fn events_bytes(&self) -> u64 {
        u64::from(self.events_mb.map_or(Records::EVENTS_MB, NonZeroU32::get)) * 1_000_000
    }

    /// For how many days messages stay.
    pub fn messages_days(&self) -> u16 {
        let days = self.messages_days.map_or(Records::MESSAGES_DAYS, NonZeroU16::get);
        days.min(self.keep_days.map_or(u16::MAX, NonZeroU16::get))
    }

    /// How many bytes of them.
    pub fn messages_bytes(&self) -> u64 {
        u64::from(self.messages_mb.unwrap_or(Records::MESSAGES_MB)) * 1_000_000
    }
}

/// A digest of RFC 7616 and RFC 8760.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Digest {
    Md5,
    #[serde(rename = "sha-256")]
    Sha256,
    #[serde(rename = "sha-512-256")]
    Sha512,
}

impl Digest {
    /// The name in challenges.
    pub fn word(self) -> &'static str {
        match self {
            Digest::Md5 => "MD5",
            Digest::Sha256 => "SHA-256",
            Digest::Sha512 => "SHA-512-256",
        }
    }
}

/// How much the log says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum LogLevel {
    Error,
    Warn,
    Info,
    Debug,
    Trace,
}

/// `[interface.NAME]`: an address of ours and what listens on it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Interface {
    pub address: Spot<Address>,
    /// The address or name that far ends are told, behind a NAT.
    pub advertise: Option<String>,
    pub udp: Option<Spot<u16>>,
    pub tcp: Option<Spot<u16>>,
    pub tls: Option<Spot<u16>>,
    /// Where browsers come by WebSocket in the clear (RFC 7118): behind a proxy that seals it, or in a test.
    pub ws: Option<Spot<u16>>,
    /// Where browsers come by WebSocket within TLS, with the certificate of `tls`.
    pub wss: Option<Spot<u16>>,
    /// Where chats and files are relayed (MSRP, RFC 4975), in the clear. Refused, where it is missing.
    pub msrp: Option<Spot<u16>>,
    /// The web pages whose scripts may come by `ws` and `wss`, such as "https://phones.example.com"; "*" is
    /// any page.
    #[serde(default)]
    pub origins: Vec<Spot<String>>,
    /// Whether who asks for a page by `wss` or `ws` is given a phone, for the users to sign in at. It may
    /// come without being one of `origins`.
    pub phone: Option<Spot<bool>>,
    pub tls_certificate: Option<String>,
    pub tls_key: Option<String>,
    /// In the place of these two files: the names of a certificate that `[system.acme]` gets and renews.
    #[serde(default)]
    pub tls_names: Vec<Spot<String>>,
    /// A file of roots that far ends' certificates are checked against.
    pub tls_verify: Option<String>,
    /// Whether a server that we connect to may show a certificate that names its domain by a wildcard alone,
    /// against RFC 5922 7.2.
    #[serde(default)]
    pub tls_wildcards: Wildcards,
    #[serde(default = "media_ports")]
    pub media_ports: PortRange,
    #[serde(default)]
    pub side: Side,
    /// Whether far ends find our media here by checks.
    #[serde(default)]
    pub ice: Ice,
    /// A server outside that says where our media ports are seen from there (STUN, RFC 8489), so that far
    /// ends are told: behind a NAT that nobody can configure. Only with `ice = "full"`.
    pub stun: Option<Spot<OutpostAddress>>,
    /// A server outside that says so too, and has places where others find our media and from where it is
    /// sent on to us (TURN, RFC 8656): for far ends that are reached in no other way. Only with `ice =
    /// "full"`.
    pub turn: Option<Spot<TurnServer>>,
    /// How media crosses that needs little more than being sent on.
    #[serde(default)]
    pub kernel_path: KernelPath,
    /// How what leaves it is marked.
    #[serde(default)]
    pub dscp: Marks,
}

/// What a certificate for "*.example.net" says of sip.example.net.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Wildcards {
    /// Nothing: the name itself has to stand in it.
    #[default]
    Refused,
    /// What browsers make of it.
    Accepted,
}

fn media_ports() -> PortRange {
    PortRange { first: 30_000, last: 39_999 }
}

/// Who is found at an interface.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// Our own people.
    Inside,
    /// The world.
    #[default]
    Outside,
}
