//! How much a trunk carries, and how fast calls may follow each other.

use std::fmt;
use std::num::{NonZeroU8, NonZeroU32};
use std::time;

use schemars::JsonSchema;
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use crate::duration::Duration;
use crate::fault::Fault;
use crate::problem::Code;

/// How much a trunk carries.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TrunkLimits {
    pub calls: Option<u32>,
    /// How many calls may begin in a second; those above it wait for their turn.
    pub calls_per_second: Option<Rate>,
    /// How long a call may wait for its turn.
    #[serde(default = "turn_wait")]
    pub wait: Duration,
    /// A caller who waits longer than this is told so: 182.
    pub tell_queued: Option<Duration>,
    /// How many callees may answer one INVITE before the answer.
    #[serde(default = "early_dialogs")]
    pub early_dialogs: NonZeroU8,
}

impl Default for TrunkLimits {
    fn default() -> TrunkLimits {
        TrunkLimits {
            calls: None,
            calls_per_second: None,
            wait: turn_wait(),
            tell_queued: None,
            early_dialogs: early_dialogs(),
        }
    }
}

fn turn_wait() -> Duration {
    Duration(time::Duration::from_secs(4))
}

fn early_dialogs() -> NonZeroU8 {
    const { NonZeroU8::new(20).expect("20 is not 0") }
}

/// How many in a second; at least one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Rate(NonZeroU32);

const RATE_MAX: u32 = 10_000;

impl Rate {
    /// How many in a second.
    pub fn per_second(self) -> u32 {
        self.0.get()
    }
}

impl<'de> Deserialize<'de> for Rate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Rate, D::Error> {
        deserializer.deserialize_i64(RateVisitor)
    }
}

struct RateVisitor;

impl Visitor<'_> for RateVisitor {
    type Value = Rate;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number of calls in a second")
    }

    fn visit_i64<E: Error>(self, rate: i64) -> Result<Rate, E> {
        let fits = u32::try_from(rate).ok().filter(|rate| *rate <= RATE_MAX).and_then(NonZeroU32::new);
        fits.map(Rate).ok_or_else(|| {
            let fault = Fault::new(Code::OUT_OF_RANGE, format!("{rate} calls in a second can't be"));
            fault.suggest(format!("1 to {RATE_MAX}")).into_error()
        })
    }
}

impl JsonSchema for Rate {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Rate".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "integer", "minimum": 1, "maximum": RATE_MAX })
    }
}
