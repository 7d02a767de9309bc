//! People whom a console shows together.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::spot::Spot;

/// `[console.NAME]`: users who are watched together, by one subscription to `sip:NAME@…` (RFC 4662).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Console {
    /// Users by their names, in the order of the keys; 500 at most.
    pub users: Vec<Spot<String>>,
}
