//! How somebody who is called is reached.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How several devices of a user ring, and whoever rings beside them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RingOrder {
    /// All at once: the first that answers has the call, and the others are told so.
    #[default]
    Together,
    /// One after another, half a minute each, or as long as `forward.after` says.
    InTurn,
    /// The same, beginning behind whoever of `also` rang last.
    RoundRobin,
    /// The same, beginning with whoever of `also` has been idle for longest.
    LongestIdle,
}
