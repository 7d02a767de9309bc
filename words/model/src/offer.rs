//! What a way into the telephone network would cost a month: data for comparisons, never for calls.

use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::deck::Currency;
use crate::duration::Duration;
use crate::fault::Fault;
use crate::problem::Code;
use crate::spot::Spot;
use crate::text::text_value;

/// `[offer.NAME]`: an offer of a provider, for `tandem cost`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Offer {
    /// What is paid for.
    pub by: OfferUnit,
    pub currency: Currency,
    /// How many channels a line has: 23 or 30 of a PRI, 2 of a BRI.
    pub channels: Option<NonZeroU32>,
    /// How much bandwidth a step is.
    pub step_kbps: Option<NonZeroU32>,
    /// What one line, channel or step costs a month.
    pub each: Amount,
    /// What every place that has it costs a month: the gateway and its care, the trunk's own fee.
    #[serde(default)]
    pub place: Amount,
    /// What a minute out costs, where `deck` has no price.
    #[serde(default)]
    pub minute: Amount,
    /// The `[deck.*]` of its minutes.
    pub deck: Option<Spot<String>>,
}

/// What an offer is paid by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum OfferUnit {
    /// Lines of the switched network, each with so many channels.
    Line,
    /// Calls at once.
    Channel,
    /// Bandwidth, in steps.
    Bandwidth,
}

/// What people of a site send to the telephone network and take from it, as far as somebody knows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Traffic {
    pub users: u32,
    /// Calls of one user in the busy hour.
    pub calls: u32,
    /// How long one lasts.
    pub talk: Duration,
    /// Minutes out in a month.
    #[serde(default)]
    pub minutes: u64,
}

/// An amount of money, in millionths.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Amount(pub u64);

text_value!(Amount, "Amount", "an amount such as \"420.00\"", r"^[0-9]{1,9}(\.[0-9]{1,6})?$");

const MILLIONTHS: u64 = 1_000_000;

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hundredths = (self.0 + MILLIONTHS / 200) / (MILLIONTHS / 100);
        match self.0.is_multiple_of(MILLIONTHS / 100) {
            true => write!(f, "{}.{:02}", hundredths / 100, hundredths % 100),
            false => write!(f, "{}.{:06}", self.0 / MILLIONTHS, self.0 % MILLIONTHS),
        }
    }
}

impl FromStr for Amount {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Amount, Fault> {
        let (whole, places) = text.split_once('.').unwrap_or((text, "0"));
        let is_figure = |digits: &str, most: usize| {
            (1..=most).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit())
        };
        if !is_figure(whole, 9) || !is_figure(places, 6) {
            let fault = Fault::new(Code::OUT_OF_RANGE, format!("\"{text}\" is no amount"));
            return Err(fault.suggest("a figure such as \"420.00\", six places at most"));
        }
        let figure = |digits: &str| digits.parse::<u64>().unwrap_or(0);
        Ok(Amount(figure(whole) * MILLIONTHS + figure(&format!("{places:0<6}"))))
    }
}
