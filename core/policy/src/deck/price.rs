//! Prices of a minute, and what a call of some length comes to.

use std::fmt;
use std::str::FromStr;

use model::Currency;
use serde::Serialize;

const MILLIONTHS: u64 = 1_000_000;

/// What a minute costs, in millionths of the currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Price(pub u32);

impl fmt::Display for Price {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_amount(f, u64::from(self.0))
    }
}

impl Serialize for Price {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// At least three places after the point, and no more than are needed.
fn write_amount(f: &mut impl fmt::Write, millionths: u64) -> fmt::Result {
    let (whole, mut rest) = (millionths / MILLIONTHS, millionths % MILLIONTHS);
    let mut places = 6;
    while places > 3 && rest.is_multiple_of(10) {
        rest /= 10;
        places -= 1;
    }
    write!(f, "{whole}.{rest:0places$}")
}

impl FromStr for Price {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Price, &'static str> {
        let (whole, places) = text.split_once('.').unwrap_or((text, ""));
        if whole.starts_with('-') {
            return Err("the price is negative");
        }
        let is_digits = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !is_digits(whole) || !is_digits(places) {
            return Err("the price is no number");
        }
        if places.trim_end_matches('0').len() > 6 {
            return Err("the price has more than six places");
        }
        let places: String = places.chars().chain("000000".chars()).take(6).collect();
        let millionths = |text: &str| text.parse::<u64>().ok();
        let sum = millionths(whole)
            .and_then(|whole| whole.checked_mul(MILLIONTHS)?.checked_add(millionths(&places)?))
            .and_then(|sum| u32::try_from(sum).ok());
        sum.map(Price).ok_or("the price is above 4294 a minute")
    }
}

/// How a provider counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Terms {
    pub currency: Currency,
    /// The shortest time that is charged, in seconds.
    pub minimum_s: u32,
    /// What is begun is charged in steps of so many seconds; not 0.
    pub increment_s: u32,
}

/// What a call would cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quote {
    /// For a minute.
    pub price: Price,
    pub terms: Terms,
}

impl Quote {
    /// What a call of so many milliseconds comes to, as an amount with its currency; nothing for none.
    pub fn for_call(&self, talk_ms: u64) -> String {
        let mut text = String::new();
        write_amount(&mut text, self.millionths(talk_ms)).expect("a text takes all");
        format!("{text} {}", self.terms.currency)
    }

    /// The same in millionths.
    pub fn millionths(&self, talk_ms: u64) -> u64 {
        if talk_ms == 0 {
            return 0;
        }
        let step = u64::from(self.terms.increment_s.max(1));
        let seconds = talk_ms.div_ceil(1000).max(u64::from(self.terms.minimum_s));
        let charged = seconds.div_ceil(step).saturating_mul(step);
        u64::from(self.price.0).saturating_mul(charged).div_ceil(60)
    }
}

impl fmt::Display for Quote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}/min", self.price, self.terms.currency)
    }
}

impl Serialize for Quote {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_are_read_and_printed_exactly() {
        for (text, printed) in [
            ("0.021", "0.021"),
            ("1", "1.000"),
            ("0.0345678", "the price has more than six places"),
            (".5", "the price is no number"),
            ("0.000001", "0.000001"),
            ("-0.1", "the price is negative"),
            ("4294.9", "4294.900"),
            ("5000", "the price is above 4294 a minute"),
            ("1,5", "the price is no number"),
        ] {
            let read = text.parse::<Price>().map(|price| price.to_string());
            assert_eq!(read.unwrap_or_else(str::to_owned), printed, "{text}");
        }
    }

    #[test]
    fn what_is_begun_is_charged_and_never_less_than_the_minimum() {
        let terms = Terms { currency: "USD".parse().expect("a currency"), minimum_s: 30, increment_s: 6 };
        let quote = Quote { price: Price(60_000), terms };

        let costs: Vec<String> = [0, 1, 30_000, 30_001, 60_000, 61_000].map(|ms| quote.for_call(ms)).into();

        assert_eq!(costs, ["0.000 USD", "0.030 USD", "0.030 USD", "0.036 USD", "0.060 USD", "0.066 USD"]);
    }
}
