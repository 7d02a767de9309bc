//! Calls that whoever was called marks as malicious.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Whether a user may mark calls as malicious.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum MarkMalicious {
    #[default]
    Refused,
    Allowed,
}
