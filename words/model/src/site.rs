//! A place with networks, limits and dialling habits of its own.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::announcement::Refusals;
use crate::media::{Codec, SitePath};
use crate::network::Network;
use crate::offer::Traffic;
use crate::packets::Captured;
use crate::record::Recorded;
use crate::spot::Spot;

/// `[site.NAME]`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Site {
    /// The system's where it is missing.
    pub country: Option<Spot<String>>,
    pub area_code: Option<Spot<String>>,
    /// What people here dial first to get outside, such as "9".
    pub outside_prefix: Option<Spot<String>>,
    /// What is dialled before a number to be hidden, such as "*67"; the system's where it is missing.
    pub privacy_code: Option<Spot<String>>,
    /// What is dialled before a number to be shown, such as "*82"; the system's where it is missing.
    pub show_code: Option<Spot<String>>,
    /// What people elsewhere dial before an extension of this site.
    pub extension_prefix: Option<Spot<String>>,
    /// Who is reached by one digit; the system's where it is missing.
    pub operator: Option<Operator>,
    /// The dial plan that holds for people here, after their own.
    pub dialplan: Option<Spot<String>>,
    #[serde(default)]
    pub subnets: Vec<Spot<Network>>,
    #[serde(default)]
    pub media: SiteMedia,
    /// The place that emergency services would be sent to, in words.
    pub emergency: Option<String>,
    /// The `[link.*]` that calls cross which leave or enter the site.
    pub link: Option<Spot<String>>,
    /// What its people send and take, for `tandem cost` where call records do not say.
    pub traffic: Option<Traffic>,
    /// The `[rights.*]` of its users who name none.
    pub rights: Option<Spot<String>>,
    /// Where it is refused, whoever is in these subnets reaches the telephone network by routes of this site
    /// alone: those that name it in `sites`, or have one of its `usages`.
    #[serde(default)]
    pub toll_bypass: TollBypass,
    /// The usages by which people here leave where toll bypass is refused: the first come first.
    #[serde(default)]
    pub usages: Vec<Spot<String>>,
    /// The user who is called instead of somebody whom a trunk of this site may not reach: a mailbox.
    pub mailbox: Option<Spot<String>>,
}

/// Whether the telephone network may be joined with people who are elsewhere.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum TollBypass {
    #[default]
    Allowed,
    /// Where the law wants calls to leave and arrive where people are.
    Refused,
}

/// Somebody who is reached by one digit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Operator {
    #[serde(default = "operator_digit")]
    pub dial: Spot<String>,
    pub user: Spot<String>,
}

fn operator_digit() -> Spot<String> {
    Spot { value: "0".to_owned(), span: 0..0 }
}

/// What a site's lines carry.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SiteMedia {
    /// Calls that leave or enter the site at once.
    pub max_calls: Option<u32>,
    pub codecs: Option<Vec<Codec>>,
    /// What callers here hear before their call is refused; the system's where it is missing.
    pub refusals: Option<Refusals>,
    /// Whether calls of people here are recorded; as the system says where it is missing.
    pub record: Option<Recorded>,
    /// How much of the media of people here may be captured; as the system says where it is missing.
    pub capture: Option<Captured>,
    /// Whether media between people here leaves our relay once a call is answered.
    #[serde(default)]
    pub path: SitePath,
}
