//! Emergency numbers, and tests that a configuration carries with it.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::fault::Fault;
use crate::problem::Code;
use crate::spot::Spot;
use crate::text::text_value;

/// `[emergency.NAME]`: what is dialled for help, and which trunks lead there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Emergency {
    pub dial: Spot<Vec<String>>,
    /// The country where these numbers mean help; everywhere where both are missing.
    pub country: Option<Spot<String>>,
    #[serde(default)]
    pub sites: Vec<Spot<String>>,
    #[serde(default)]
    pub trunks: Vec<Spot<String>>,
}

/// `[test.NAME]`: a call that is planned whenever something changes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Test {
    pub given: Given,
    pub expect: Expect,
}

/// Who dials what, and when.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Given {
    /// A user or a trunk; with `via`, the number that the caller shows.
    pub from: Spot<String>,
    pub dial: String,
    /// The trunk on which the call comes in.
    pub via: Option<Spot<String>>,
    /// The site where the caller is; where it is missing, at their first device.
    pub location: Option<Spot<String>>,
    pub at: Option<Moment>,
}

/// What has to come out; what is missing does not matter.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Expect {
    pub route: Option<Spot<String>>,
    /// The emergency rule that takes the call.
    pub emergency: Option<Spot<String>>,
    /// The trunk of the first attempt.
    pub trunk: Option<Spot<String>>,
    /// The user of the first attempt.
    pub user: Option<Spot<String>>,
    /// The number the first attempt asks for, in E.164.
    pub sent_to: Option<String>,
    /// The code of a refusal, such as "TD-R301".
    pub refused: Option<Spot<String>>,
}

/// A point in time, written with its offset: `"2026-11-20T10:00:00-08:00"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment {
    pub unix_ms: i64,
}

text_value!(
    Moment,
    "Moment",
    "a time such as \"2026-11-20T10:00:00-08:00\"",
    "^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ].+$"
);

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_millisecond(self.unix_ms) {
            Ok(time) => time.fmt(f),
            Err(_) => write!(f, "{} ms", self.unix_ms),
        }
    }
}

impl FromStr for Moment {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Moment, Fault> {
        let wrong = |_| {
            Fault::new(Code::TIME, format!("\"{text}\" is not a time with an offset"))
                .suggest("write it as \"2026-11-20T10:00:00-08:00\"")
        };
        let time: jiff::Timestamp = text.parse().map_err(wrong)?;
        Ok(Moment { unix_ms: time.as_millisecond() })
    }
}
