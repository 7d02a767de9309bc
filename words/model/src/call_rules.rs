//! How the legs of a trunk's calls behave: what is agreed about answers before the answer.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `call = { … }` of a trunk.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CallRules {
    /// Whether ringing and early sound are acknowledged (RFC 3262).
    #[serde(default)]
    pub reliable: Reliable,
    /// Whether sound from before the answer is let through.
    #[serde(default)]
    pub early_media: EarlyMedia,
}

/// Provisional answers that are acknowledged: 100rel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Reliable {
    /// Never offered; who insists is served all the same.
    Off,
    /// Offered, and used with whoever offers it.
    #[default]
    Supported,
    /// Demanded of the far end, except for emergency calls.
    Required,
}

/// Sound from before the answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum EarlyMedia {
    /// Whatever comes is heard.
    #[default]
    Pass,
    /// What the far end authorises by P-Early-Media (RFC 5009) is heard.
    Gated,
    /// Nothing is heard, the caller's phone rings by itself.
    None,
}
