//! How phones ring, and who may have them answer by themselves.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::fault::Fault;
use crate::problem::Code;
use crate::spot::Spot;
use crate::text::text_value;

/// `alerts = { … }` of the system: what Alert-Info tells our phones of how to ring. Several values for
/// several makes of phones, each of which takes the one that it knows.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Alerts {
    /// Where somebody of the house calls.
    #[serde(default)]
    pub inside: Vec<Spot<AlertText>>,
    /// Where a trunk does.
    #[serde(default)]
    pub outside: Vec<Spot<AlertText>>,
    /// Where a `private_number` is called, whoever does.
    #[serde(default)]
    pub private: Vec<Spot<AlertText>>,
}

/// Whether a user may have other phones answer by themselves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Paging {
    /// What asks for it is taken out of the user's calls.
    #[default]
    Refused,
    /// It goes on to phones of the house.
    Allowed,
}

/// A value of Alert-Info, such as `<http://127.0.0.1>;info=alert-internal`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AlertText(Arc<str>);

text_value!(
    AlertText,
    "AlertText",
    "a value of Alert-Info such as \"<http://127.0.0.1>;info=alert-internal\"",
    "^[^\\r\\n]+$"
);

impl AlertText {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What in Alert-Info has a phone of some make answer by itself.
const ALONE: [&str; 6] =
    ["autoanswer", "auto-answer", "auto answer", "answer-after", "ring-answer", "intercom"];

/// Whether a value of Alert-Info or Call-Info has a phone answer by itself.
pub fn answers_alone(value: &str) -> bool {
    let lower = value.to_ascii_lowercase();
    ALONE.iter().any(|word| lower.contains(word))
}

impl fmt::Display for AlertText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for AlertText {
    type Err = Fault;

    fn from_str(text: &str) -> Result<AlertText, Fault> {
        let wrong = |message: String| Fault::new(Code::OUT_OF_RANGE, message);
        if text.trim().is_empty() || text.chars().any(char::is_control) {
            return Err(wrong("an alert is a value of Alert-Info, in one line".into()));
        }
        if answers_alone(text) {
            let fault = wrong(format!("\"{text}\" has phones answer by themselves, whoever calls"));
            return Err(fault.suggest("give the right to page to users: paging = \"allowed\""));
        }
        Ok(AlertText(text.into()))
    }
}
