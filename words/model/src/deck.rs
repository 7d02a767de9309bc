//! What calls cost: price lists by the beginnings of numbers.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::duration::Duration;
use crate::fault::Fault;
use crate::problem::Code;
use crate::schedule::YearDay;
use crate::spot::Spot;
use crate::text::text_value;

/// `[deck.NAME]`: a provider's price list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Deck {
    /// A file of lines `prefix,price,from,name`, below the configuration's directory.
    pub file: Spot<String>,
    pub currency: Currency,
    /// The shortest time that is charged.
    #[serde(default)]
    pub minimum: Duration,
    /// What is begun is charged in steps of this; by the second where it is missing.
    #[serde(default = "second")]
    pub increment: Duration,
    /// From which day on its prices hold, where a line says nothing else; always where it is missing.
    pub from: Option<YearDay>,
}

fn second() -> Duration {
    Duration(std::time::Duration::from_secs(1))
}

/// `[trunk.NAME.cost]`: what calls by a trunk cost.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Cost {
    pub deck: Spot<String>,
}

/// Three letters, as in ISO 4217.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Currency([u8; 3]);

text_value!(Currency, "Currency", "a currency such as \"USD\"", "^[A-Z]{3}$");

impl Currency {
    /// The three letters.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("???")
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Currency {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Currency, Fault> {
        match <[u8; 3]>::try_from(text.as_bytes()) {
            Ok(letters) if letters.iter().all(u8::is_ascii_uppercase) => Ok(Currency(letters)),
            _ => {
                let fault = Fault::new(Code::UNKNOWN_WORD, format!("\"{text}\" is no currency"));
                Err(fault.suggest("three capital letters, such as \"USD\""))
            }
        }
    }
}
