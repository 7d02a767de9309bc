//! What may be said about media.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A codec by the name configuration uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Codec {
    Opus,
    G722,
    Pcmu,
    Pcma,
    G729,
}

impl Codec {
    /// The name as configuration writes it.
    pub fn word(self) -> &'static str {
        match self {
            Codec::Opus => "opus",
            Codec::G722 => "g722",
            Codec::Pcmu => "pcmu",
            Codec::Pcma => "pcma",
            Codec::G729 => "g729",
        }
    }
}

/// Whether media passes through us.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum MediaPath {
    /// Through our relay.
    #[default]
    Anchored,
    /// Between the far ends.
    Direct,
}
