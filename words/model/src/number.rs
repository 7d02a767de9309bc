//! Telephone numbers in E.164, always with a plus, and ranges of them.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use crate::fault::Fault;
use crate::problem::Code;
use crate::text::text_value;

/// A telephone number: a plus and 3 to 15 digits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Number(Arc<str>);

text_value!(Number, "Number", "a telephone number such as \"+14255550100\"", r"^\+[1-9][0-9 ().-]{2,}$");

impl Number {
    /// The number with its plus.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The digits after the plus.
    pub fn digits(&self) -> &str {
        &self.0[1..]
    }

    /// The same text, shared.
    pub fn shared(&self) -> Arc<str> {
        self.0.clone()
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Number {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Number, Fault> {
        let wrong = |message: String| Fault::new(Code::NUMBER, message);
        let bare: String = text.chars().filter(|c| !matches!(c, ' ' | '-' | '.' | '(' | ')')).collect();
        let Some(digits) = bare.strip_prefix('+') else {
            let fault = wrong(format!("\"{text}\" has no plus: numbers are written with country code"));
            let plausible = bare.len() >= 8 && bare.bytes().all(|b| b.is_ascii_digit());
            return Err(if plausible { fault.suggest(format!("did you mean \"+{bare}\"?")) } else { fault });
        };
        if !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err(wrong(format!("\"{text}\" has something other than digits after the plus")));
        }
        if !(3..=15).contains(&digits.len()) {
            return Err(wrong(format!("\"{text}\" has {} digits; E.164 has 3 to 15", digits.len())));
        }
        if digits.starts_with('0') {
            return Err(wrong(format!("\"{text}\": no country code begins with 0")));
        }
        Ok(Number(bare.into()))
    }
}

/// Numbers of one length, from the first to the last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NumberRange {
    pub first: Number,
    pub last: Number,
}

impl NumberRange {
    /// A range, if its ends have one length and stand in order.
    pub fn new(first: Number, last: Number) -> Result<NumberRange, Fault> {
        if first.digits().len() != last.digits().len() {
            let message = format!("{first} and {last} have different lengths, so nothing lies between");
            return Err(Fault::new(Code::REVERSED, message));
        }
        if first > last {
            let fault =
                Fault::new(Code::REVERSED, format!("the range ends at {last} before it begins at {first}"));
            return Err(fault.suggest("exchange the two ends"));
        }
        Ok(NumberRange { first, last })
    }

    /// Whether a number, with its plus, lies in it.
    pub fn contains(&self, number: &str) -> bool {
        number.len() == self.first.as_str().len()
            && self.first.as_str() <= number
            && number <= self.last.as_str()
    }
}
