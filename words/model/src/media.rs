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

/// Whether media is sealed with keys that the signalling carries (SRTP by SDES).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Srtp {
    /// Never; who insists on it is refused.
    Off,
    /// Where the far end can, and the signalling is private.
    #[default]
    Optional,
    /// Else there is no call, except a call for help.
    Required,
}

/// Whether keys may go over signalling that others on the way can read: UDP or TCP without TLS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum KeysInClear {
    #[default]
    Refused,
    Allowed,
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
