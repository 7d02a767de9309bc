//! What somebody looks for among calls, and where a list of them goes on.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// From so many digits on a number is found by its end alone.
const ENDING_MIN: usize = 6;

/// What is to hold of a call; what is not said does not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Wanted {
    /// Whoever called or was called: a number, the last six digits of one or more, or an extension.
    pub number: Option<String>,
    pub user: Option<String>,
    pub trunk: Option<String>,
    /// A code such as TD-E001, a status of SIP, or an outcome in one word.
    pub cause: Option<String>,
    /// When it began, in milliseconds of the clock: from here, and before there.
    pub since: Option<i64>,
    pub until: Option<i64>,
    /// Where the list before this one ended.
    pub after: Option<Cursor>,
    pub most: usize,
}

/// A place in the order of calls, the newest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Cursor {
    pub began: i64,
    pub row: i64,
}

/// It is no place in a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not where a list of calls goes on")]
pub struct NoCursor;

/// One condition, as words of rows meet it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Key {
    Is(String),
    BeginsWith(String),
}

impl Wanted {
    /// The conditions that words of rows have to meet, all of them.
    pub fn keys(&self) -> Vec<Key> {
        let number = self.number.as_deref().map(|number| {
            let word = number_word(number);
            let digits = word.bytes().filter(u8::is_ascii_digit).count();
            let is_whole = number.trim_start().starts_with('+') || digits < ENDING_MIN;
            if is_whole || digits + 1 < word.len() { Key::Is(word) } else { Key::BeginsWith(word) }
        });
        let user = self.user.as_deref().map(user_word).map(Key::Is);
        let trunk = self.trunk.as_deref().map(trunk_word).map(Key::Is);
        let cause = self.cause.as_deref().map(cause_word).map(Key::Is);
        number.into_iter().chain(user).chain(cause).chain(trunk).collect()
    }
}

/// Numbers stand with their last digit first: so they are found by how they end.
pub fn number_word(number: &str) -> String {
    let plain = number.trim().trim_start_matches('+').chars();
    let plain = plain.filter(|letter| !matches!(letter, ' ' | '-' | '.' | '(' | ')' | '/'));
    let mut letters: Vec<char> = plain.flat_map(char::to_lowercase).collect();
    letters.push('n');
    letters.into_iter().rev().collect()
}

pub fn user_word(name: &str) -> String {
    format!("u{name}")
}

pub fn trunk_word(name: &str) -> String {
    format!("t{name}")
}

pub fn cause_word(cause: &str) -> String {
    format!("c{}", cause.to_ascii_lowercase().replace([' ', '-'], "_"))
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.began, self.row)
    }
}

impl FromStr for Cursor {
    type Err = NoCursor;

    fn from_str(text: &str) -> Result<Cursor, NoCursor> {
        let (began, row) = text.split_once('.').ok_or(NoCursor)?;
        Ok(Cursor { began: began.parse().or(Err(NoCursor))?, row: row.parse().or(Err(NoCursor))? })
    }
}

impl From<Cursor> for String {
    fn from(cursor: Cursor) -> String {
        cursor.to_string()
    }
}

impl TryFrom<String> for Cursor {
    type Error = NoCursor;

    fn try_from(text: String) -> Result<Cursor, NoCursor> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_number(number: &str) -> Vec<Key> {
        Wanted { number: Some(number.to_owned()), ..Wanted::default() }.keys()
    }

    #[test]
    fn a_number_is_whole_with_its_plus_and_an_ending_without() {
        assert_eq!(of_number("+1 (206) 555-0142"), [Key::Is("n24105556021".to_owned())]);
        assert_eq!(of_number("206 555 0142"), [Key::BeginsWith("n2410555602".to_owned())]);
        assert_eq!(of_number("204"), [Key::Is("n402".to_owned())]);
        assert_eq!(of_number("Hana1234567"), [Key::Is("n7654321anah".to_owned())]);
    }

    #[test]
    fn a_cursor_is_read_as_it_is_written() {
        let cursor = Cursor { began: 1_795_342_272_129, row: 17 };

        assert_eq!(cursor.to_string().parse(), Ok(cursor));
        assert_eq!("17".parse::<Cursor>(), Err(NoCursor));
        assert_eq!("x.1".parse::<Cursor>(), Err(NoCursor));
    }
}
