//! How a trunk tells its provider where we are.

use std::time;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::duration::Duration;
use crate::spot::Spot;
use crate::uri::SipUri;

/// `[trunk.NAME] register = { … }`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Register {
    #[serde(default)]
    pub style: RegisterStyle,
    /// How long we ask the provider to remember us; it is told again before that is over.
    #[serde(default = "expires")]
    pub expires: Duration,
    /// Where the provider is told; the trunk's servers in their order where it is missing.
    pub registrar: Option<Spot<SipUri>>,
    /// The user part of the Contact, for providers who insist on one; a token of ours where it is missing.
    pub contact_user: Option<Spot<String>>,
    /// What becomes of the trunk's outgoing calls while it is not registered.
    #[serde(default)]
    pub unregistered: Unregistered,
    #[serde(default)]
    pub retry: Retry,
}

/// What is registered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RegisterStyle {
    /// One account that stands for all numbers of the trunk.
    #[default]
    Plain,
    /// All numbers of the account at once (RFC 6140).
    Gin,
}

/// What becomes of outgoing calls without a registration. A call for help is tried in any case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Unregistered {
    /// They take this trunk when all others have failed.
    #[default]
    Last,
    /// They never take it.
    Never,
}

/// When a registration that failed is tried again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Retry {
    /// After the first failure; each further one doubles it.
    #[serde(default = "first")]
    pub first: Duration,
    /// The longest time between two tries.
    #[serde(default = "most")]
    pub most: Duration,
    /// Between two tries once the provider has refused the account for good.
    #[serde(default = "stopped")]
    pub stopped: Duration,
}

impl Default for Retry {
    fn default() -> Retry {
        Retry { first: first(), most: most(), stopped: stopped() }
    }
}

fn expires() -> Duration {
    minutes(10)
}

fn first() -> Duration {
    Duration(time::Duration::from_secs(30))
}

fn most() -> Duration {
    minutes(10)
}

fn stopped() -> Duration {
    minutes(30)
}

fn minutes(count: u64) -> Duration {
    Duration(time::Duration::from_secs(60 * count))
}
