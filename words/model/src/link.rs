//! A line that calls cross, and what it carries.

use std::num::NonZeroU32;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `[link.NAME]`: a line between us and sites or trunks; several of them may share one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Link {
    /// What sort of line it is; nothing is said about protection where it is missing.
    pub kind: Option<LinkKind>,
    /// What calls may take of it each way, in thousands of bits a second; as much as they want where it is
    /// missing.
    pub kbps: Option<NonZeroU32>,
}

/// What sort of line it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum LinkKind {
    /// Shared and labelled by the carrier, with priority for voice.
    Mpls,
    /// Nobody else's traffic is on it.
    Private,
    /// A tunnel through the Internet that seals what is in it.
    Vpn,
    /// Anybody may listen.
    Internet,
}

impl LinkKind {
    /// Whether strangers can read what crosses it in the clear.
    pub fn is_open(self) -> bool {
        self == LinkKind::Internet
    }
}
