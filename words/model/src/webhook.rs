//! Who is sent the record of each call when it is over.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::http::InClear;
use crate::secret::SecretRef;
use crate::spot::Spot;
use crate::trace::HttpAddress;

/// `[webhook.NAME]`: a program of others that is sent the record of each call, signed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Webhook {
    pub url: Spot<HttpAddress>,
    /// What its requests are signed with: `whsec_` and the key in base64, or a key as it is.
    pub secret: Spot<SecretRef>,
    /// Whether records, in which numbers and names stand, may cross to another machine in the clear.
    #[serde(default)]
    pub in_clear: InClear,
}
