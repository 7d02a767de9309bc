//! What a value says when it cannot be read; it travels through serde as text and becomes a `Problem`.

use std::fmt;

use crate::problem::Code;

const MARK: char = '\u{1e}';
const PART: char = '\u{1f}';

/// What is wrong with one value, and what might be meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    pub code: Code,
    pub message: String,
    pub suggestion: Option<String>,
}

impl Fault {
    /// A fault without a suggestion.
    pub fn new(code: Code, message: impl Into<String>) -> Fault {
        Fault { code, message: message.into(), suggestion: None }
    }

    /// The same with something to write instead.
    pub fn suggest(mut self, suggestion: impl Into<String>) -> Fault {
        self.suggestion = Some(suggestion.into());
        self
    }

    pub(crate) fn into_error<E: serde::de::Error>(self) -> E {
        let suggestion = self.suggestion.as_deref().unwrap_or("");
        let code = self.code.number();
        E::custom(format_args!("{MARK}{code}{PART}{}{PART}{suggestion}", self.message))
    }

    pub(crate) fn from_error_text(text: &str) -> Option<Fault> {
        let mut parts = text.strip_prefix(MARK)?.splitn(3, PART);
        let code = Code::from_number(parts.next()?.parse().ok()?)?;
        let message = parts.next()?.to_owned();
        let suggestion = parts.next().filter(|text| !text.is_empty()).map(str::to_owned);
        Some(Fault { code, message, suggestion })
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}
