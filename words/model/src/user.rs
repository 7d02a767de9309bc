//! A person, and the numbers that a trunk gave to us.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::alert::Paging;
use crate::duration::Duration;
use crate::forward::{AnonymousCalls, Forward, Target};
use crate::identity::CallerPrivacy;
use crate::malicious::MarkMalicious;
use crate::number::Number;
use crate::packets::Captured;
use crate::pattern::Pattern;
use crate::precedence::Precedence;
use crate::provisioning::Phone;
use crate::record::Recorded;
use crate::ringing::RingOrder;
use crate::secret::SecretRef;
use crate::spot::Spot;
use crate::uri::SipUri;

/// `[user.NAME]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct User {
    /// As phones show it; the id where it is missing.
    pub name: Option<String>,
    pub site: Option<Spot<String>>,
    pub number: Option<Spot<Number>>,
    /// A second number that rings this user and is never shown to anybody.
    pub private_number: Option<Spot<Number>>,
    /// The user's mobile: a call that the house carries to or from it is shown to watchers as the user's.
    pub mobile: Option<Spot<Number>>,
    /// Who may watch whether the user is there and in a call.
    #[serde(default)]
    pub watchers: Watchers,
    /// What holds for watchers by name, whatever `watchers` says; of several rules the kindest.
    #[serde(default)]
    pub watch_rules: WatchRules,
    /// Those who name the same group may pick up each other's calls while they ring.
    pub pickup_group: Option<Spot<String>>,
    /// The dial plan that is asked before all others.
    pub dialplan: Option<Spot<String>>,
    /// The short number, dialled inside.
    pub extension: Option<Spot<String>>,
    pub password: Option<Spot<SecretRef>>,
    #[serde(default)]
    pub devices: Vec<Device>,
    /// Desk phones that fetch their settings from the house, and register by a password of their own.
    #[serde(default)]
    pub phones: Vec<Phone>,
    /// Whether the devices, and those of `also`, ring together, or one after another.
    #[serde(default)]
    pub ring: RingOrder,
    /// Numbers and people that ring too: a mobile, an assistant; of a user without devices, the team.
    #[serde(default)]
    pub also: Vec<Spot<Target>>,
    /// A number of `also` that answers sooner than this is taken for the mailbox of its carrier and let go;
    /// the others ring on. Nobody's answer is too soon where it is missing.
    pub voicemail_escape: Option<Spot<Duration>>,
    /// To whom calls are sent on that the user does not take.
    #[serde(default)]
    pub forward: Forward,
    /// So many calls at once, ringing ones and own ones too; further ones find the user busy.
    pub max_calls: Option<Spot<u32>>,
    /// Nothing rings but the private number.
    #[serde(default)]
    pub do_not_disturb: bool,
    /// Whether calls by people who hide who they are ring here.
    #[serde(default)]
    pub anonymous_calls: AnonymousCalls,
    /// Whether the user may mark calls as malicious, by `malicious_code` of the system.
    #[serde(default)]
    pub mark_malicious: MarkMalicious,
    /// Whether the user may have other phones answer by themselves.
    #[serde(default)]
    pub paging: Paging,
    /// As what of Resource-Priority the user may mark calls: no limit holds those up (RFC 4412).
    #[serde(default)]
    pub resource_priority: Vec<Precedence>,
    /// Whether the user's calls are recorded; as the site says where it is missing.
    pub record: Option<Recorded>,
    /// How much of the media of the user's calls may be captured; as the site says where it is missing.
    pub capture: Option<Captured>,
    /// Whether the user's number is hidden from those who are called.
    #[serde(default)]
    pub privacy: CallerPrivacy,
    /// Numbers that the user may show beside the own one, such as the main number of the house.
    #[serde(default)]
    pub may_show: Vec<Spot<Pattern>>,
    /// Which classes of numbers the user may call: the short form of `rights`.
    pub allow: Option<Spot<Vec<Class>>>,
    /// The `[rights.*]` that hold; those of the site, or of the system, where it is missing.
    pub rights: Option<Spot<String>>,
}

/// Who may watch a user. Nobody ever may who has not proven to be a user.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Watchers {
    /// Every user of the house.
    #[default]
    Everybody,
    /// The user alone.
    Nobody,
    /// Others seem to watch, and see somebody who is never there.
    PoliteBlock,
    /// Others wait until `watch_rules` says what they may.
    Confirm,
}

/// `watch_rules` of a user: what becomes of those who want to watch, by their names (RFC 5025).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WatchRules {
    /// They see all.
    #[serde(default)]
    pub allow: Vec<Spot<String>>,
    /// They seem to watch, and see somebody who is never there.
    #[serde(default)]
    pub polite_block: Vec<Spot<String>>,
    /// They wait, and whom they want to watch sees that they do.
    #[serde(default)]
    pub confirm: Vec<Spot<String>>,
    /// They are refused.
    #[serde(default)]
    pub block: Vec<Spot<String>>,
}

/// A thing that rings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Device {
    pub contact: Spot<SipUri>,
}

/// What kind of number is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// Somebody in the house.
    Internal,
    /// The caller's own country, as far as no other class says more; its short codes too.
    National,
    /// Mobile numbers of the caller's own country, where they can be told from others.
    Mobile,
    /// Free of charge for the caller.
    TollFree,
    /// Corporate and shared-cost numbers of the caller's own country.
    SharedCost,
    /// Other countries.
    International,
    /// Numbers that cost extra, wherever they are.
    Premium,
    /// Satellite telephones.
    Satellite,
}

impl Class {
    /// Every class, the cheapest kinds first.
    pub const ALL: [Class; 8] = [
        Class::Internal,
        Class::TollFree,
        Class::National,
        Class::Mobile,
        Class::SharedCost,
        Class::International,
        Class::Premium,
        Class::Satellite,
    ];

    /// The word that configuration uses.
    pub fn word(self) -> &'static str {
        match self {
            Class::Internal => "internal",
            Class::National => "national",
            Class::Mobile => "mobile",
            Class::TollFree => "toll-free",
            Class::SharedCost => "shared-cost",
            Class::International => "international",
            Class::Premium => "premium",
            Class::Satellite => "satellite",
        }
    }
}

/// `[numbers.NAME]`: numbers that a trunk gave to us.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Numbers {
    /// First and last.
    pub range: Option<Spot<[Number; 2]>>,
    pub list: Option<Vec<Spot<Number>>>,
    pub trunk: Spot<String>,
    /// What becomes of calls to those that nobody owns and no route takes; they are refused with 404.
    pub unowned: Option<Unowned>,
}

/// `unowned`: either key.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Unowned {
    /// The status that says so, such as 404 or 604.
    pub refuse: Option<Spot<u16>>,
    /// Who is called instead.
    pub user: Option<Spot<String>>,
}
