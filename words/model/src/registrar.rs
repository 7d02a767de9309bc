//! What holds for phones that register with us.

use std::time;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::duration::Duration;
use crate::spot::Spot;

/// `[system] registrar = { … }`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Registrar {
    /// A phone that wants to be remembered for less is told to ask for more; one minute where it is missing.
    pub least: Option<Spot<Duration>>,
    /// Nobody is remembered for longer without asking again; one hour where it is missing.
    pub most: Option<Spot<Duration>>,
    /// For phones that do not say how long; the longest time where it is missing.
    pub usual: Option<Spot<Duration>>,
    /// How many devices of one user may be registered at once; ten where it is missing.
    pub devices: Option<Spot<u16>>,
}

impl Registrar {
    pub fn least(&self) -> time::Duration {
        self.least.as_ref().map_or(time::Duration::from_secs(60), |least| least.0)
    }

    pub fn most(&self) -> time::Duration {
        self.most.as_ref().map_or(HOUR, |most| most.0)
    }

    pub fn usual(&self) -> time::Duration {
        self.usual.as_ref().map_or(self.most(), |usual| usual.0)
    }

    pub fn devices(&self) -> u16 {
        self.devices.as_ref().map_or(10, |devices| devices.value)
    }
}

pub(crate) const HOUR: time::Duration = time::Duration::from_secs(3600);
