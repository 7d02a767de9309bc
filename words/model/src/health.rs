//! How the addresses of a trunk's servers are probed.

use std::fmt;
use std::time;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::duration::Duration;
use crate::fault::Fault;

/// How a trunk's servers are probed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HealthCheck {
    #[serde(default)]
    pub options: Probing,
    /// Failures in a row before a server counts as down.
    #[serde(default = "fail_after")]
    pub fail_after: u32,
    /// Successes in a row before it counts as up.
    #[serde(default = "recover_after")]
    pub recover_after: u32,
    /// How long an address may take to answer.
    #[serde(default = "timeout")]
    pub timeout: Duration,
    /// Statuses that are no sign of life; any final answer is one otherwise.
    #[serde(default)]
    pub dead_on: Vec<u16>,
    /// The longest that an address is left alone after a 503 with Retry-After.
    #[serde(default = "rest_max")]
    pub rest_max: Duration,
}

impl Default for HealthCheck {
    fn default() -> HealthCheck {
        HealthCheck {
            options: Probing::default(),
            fail_after: fail_after(),
            recover_after: recover_after(),
            timeout: timeout(),
            dead_on: Vec::new(),
            rest_max: rest_max(),
        }
    }
}

fn fail_after() -> u32 {
    3
}

fn recover_after() -> u32 {
    2
}

fn timeout() -> Duration {
    Duration(time::Duration::from_secs(4))
}

fn rest_max() -> Duration {
    Duration(time::Duration::from_secs(600))
}

/// How often a server is asked for its OPTIONS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Probing {
    Off,
    Every(Duration),
}

impl Default for Probing {
    fn default() -> Probing {
        Probing::Every(Duration(time::Duration::from_secs(30)))
    }
}

crate::text::text_value!(
    Probing,
    "Probing",
    "\"off\" or an interval such as \"30s\"",
    "^(off|[0-9]+(ms|s|m|h|d))$"
);

impl fmt::Display for Probing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Probing::Off => f.write_str("off"),
            Probing::Every(interval) => interval.fmt(f),
        }
    }
}

impl std::str::FromStr for Probing {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Probing, Fault> {
        match text {
            "off" => Ok(Probing::Off),
            interval => interval.parse().map(Probing::Every),
        }
    }
}
