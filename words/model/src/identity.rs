//! Who a far end sees, whom we believe about callers, and how numbers are changed on their way out.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::formats::{NumberFormat, NumberFormats, NumberPlace};
use crate::number::Number;
use crate::pattern::Pattern;
use crate::route::Rule;
use crate::spot::Spot;

/// What the far end sees of a caller, and what we believe it about callers of its own.
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
    /// Where some header wants another form.
    #[serde(default)]
    pub formats: NumberFormats,
    /// The country whose national form and short codes the far end knows; the system's where it is missing.
    pub country: Option<Spot<String>>,
    /// Adds `user=phone` to URIs that hold a number.
    #[serde(default)]
    pub user_phone: bool,
    /// The number of callers who have none, or show one that is not theirs.
    pub default: Option<Number>,
    /// Whose word about callers counts. Where it is missing, the far end is believed, and is told who
    /// calls unless the caller wants to be hidden.
    pub trust: Option<Trust>,
    /// Numbers that callers arriving on this trunk may show; any where both lists are empty.
    #[serde(default)]
    pub owns: Vec<Spot<Pattern>>,
    /// Further numbers that they may show, by special arrangement.
    #[serde(default)]
    pub also: Vec<Spot<Pattern>>,
    /// What becomes of a caller who shows a number that is not theirs, or has none.
    #[serde(default)]
    pub screen: Screening,
    /// Which header says who diverted a call.
    #[serde(default)]
    pub diversion: DiversionHeader,
    /// Whether the far end is told who answered, and who takes over after a transfer.
    #[serde(default)]
    pub connected: ConnectedTo,
}

impl Identity {
    /// The form of numbers in one place of a request.
    pub fn format_in(&self, place: NumberPlace) -> NumberFormat {
        self.formats.of(place).unwrap_or(self.format)
    }
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
    /// As old PBXs want it.
    RemotePartyId,
    From,
    None,
}

/// Between whom and us a caller's asserted identity may travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Trust {
    /// What it asserts is not believed, and nothing is asserted to it.
    None,
    /// What it asserts is believed.
    In,
    /// It is told who calls, even of callers who are hidden from the callee.
    Out,
    Both,
}

/// What becomes of a number that is not the caller's to show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Screening {
    /// The caller's own number is shown, or the trunk's default.
    #[default]
    Default,
    /// The call is refused.
    Refuse,
}

/// How a far end wants to know who diverted a call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DiversionHeader {
    #[default]
    Diversion,
    HistoryInfo,
    Both,
    None,
}

/// Which far ends are told whom they are connected with, in answers and inside of calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ConnectedTo {
    /// Those that are told who calls even if the caller hides: `trust` is `out` or `both`.
    #[default]
    Trusted,
    /// Whoever it is, unless the party hides.
    Anybody,
    Nobody,
}

/// Whether a caller is hidden.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CallerPrivacy {
    /// When the caller asks for it.
    #[default]
    ByCall,
    /// Unless the caller asks to be shown.
    Always,
}

/// Ordered rules for numbers as they are sent; the first that matches is used.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Translate {
    #[serde(default)]
    pub called: Vec<Spot<Rule>>,
    #[serde(default)]
    pub calling: Vec<Spot<Rule>>,
}
