//! Where programs come by HTTP.

use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::fault::Fault;
use crate::problem::Code;
use crate::spot::Spot;
use crate::text::text_value;

/// `[system] http = { … }`: where the house answers by HTTP, for whoever has a token.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Http {
    pub listen: Spot<Listen>,
    /// The certificates that prove who answers there, its own first.
    pub tls_certificate: Option<String>,
    pub tls_key: Option<String>,
    /// In the place of these two files: the names of a certificate that `[system.acme]` gets and renews.
    #[serde(default)]
    pub tls_names: Vec<Spot<String>>,
    /// Whether the house may answer in the clear where others than this machine hear it: tokens, numbers and
    /// names cross as they are.
    #[serde(default)]
    pub in_clear: InClear,
}

/// Whether somebody beyond this machine may ask in the clear.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum InClear {
    #[default]
    Refused,
    /// Who stands before the house seals it, or the network is believed.
    Accepted,
}

/// An address and a port of ours: `"192.0.2.10:7443"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listen(pub SocketAddr);

text_value!(
    Listen,
    "Listen",
    "an address and a port such as \"192.0.2.10:7443\"",
    r"^([0-9.]+|\[[0-9a-fA-F:.]+\]):[0-9]+$"
);

impl Http {
    /// Whether it proves who it is, and nobody reads along.
    pub fn is_sealed(&self) -> bool {
        !self.tls_names.is_empty() || self.tls_certificate.is_some() && self.tls_key.is_some()
    }
}

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Listen {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Listen, Fault> {
        let wrong = || Fault::new(Code::ADDRESS, format!("\"{text}\" is not an address and a port"));
        text.parse().map(Listen).map_err(|_| wrong().suggest("such as \"192.0.2.10:7443\""))
    }
}
