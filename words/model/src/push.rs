//! Who wakes phones that sleep.

use std::time;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::duration::Duration;
use crate::http::InClear;
use crate::secret::SecretRef;
use crate::spot::Spot;
use crate::trace::HttpAddress;

/// `[push.NAME]`: a program that wakes phones by the push service of this name (RFC 8599), such as "apns" or
/// "fcm": phones name it as the `pn-provider` of what they register.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Push {
    pub url: Spot<HttpAddress>,
    /// What its requests are signed with: `whsec_` and the key in base64, or a key as it is.
    pub secret: Spot<SecretRef>,
    /// Whether requests, in which the tokens of phones stand, may cross to another machine in the clear.
    #[serde(default)]
    pub in_clear: InClear,
    /// How long a call waits for a phone that was woken; ten seconds where it is missing.
    pub wait: Option<Spot<Duration>>,
    /// A phone that has registered within this time is awake; five seconds where it is missing.
    pub awake: Option<Spot<Duration>>,
}

impl Push {
    pub fn wait(&self) -> time::Duration {
        self.wait.as_ref().map_or(time::Duration::from_secs(10), |wait| wait.0)
    }

    pub fn awake(&self) -> time::Duration {
        self.awake.as_ref().map_or(time::Duration::from_secs(5), |awake| awake.0)
    }
}
