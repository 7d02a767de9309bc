//! Servers outside at which calls are recorded.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::health::HealthCheck;
use crate::media::{KeysInClear, Srtp};
use crate::spot::Spot;
use crate::uri::SipUri;

/// `[recorder.NAME]`: a recorder that is sent the calls which are recorded, by SIPREC (RFC 7866). Of several
/// the first that takes a call has it; they are asked in the order of their names. Those of several groups
/// have it side by side.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Recorder {
    /// Its addresses, in the order in which they are asked.
    pub servers: Vec<Spot<SipUri>>,
    /// Of each group one recorder has a call: the first that takes it. All that name none are of one group.
    pub group: Option<Spot<String>>,
    /// The interface from which it is reached; the first inside one where it is missing.
    pub interface: Option<Spot<String>>,
    /// Whether what it is sent is sealed.
    #[serde(default)]
    pub srtp: Srtp,
    /// Whether keys may be told where others can read them.
    #[serde(default)]
    pub keys_in_clear: KeysInClear,
    #[serde(default)]
    pub health: HealthCheck,
}

/// Where recordings are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum KeptAt {
    /// In files of the house.
    Files,
    /// At a `[recorder.*]` alone.
    Recorder,
    Both,
}

/// What becomes of a call that is to be recorded outside, and that no recorder takes. Calls for help go on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum WithoutRecorder {
    /// It goes on, and the house tells of it.
    #[default]
    GoOn,
    /// It is ended.
    End,
}
