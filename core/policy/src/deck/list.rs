//! The text of a price list: one line for each beginning and day.

use jiff::civil::Date;

use crate::deck::{Price, Rate};

/// The first line of a list of ours.
pub const LIST_HEAD: &str = "prefix,price,from,name";

/// What one line of a list says.
pub type ListLine = Result<Rate, BadLine>;

/// A line that is no price, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadLine {
    /// Counted from 1.
    pub line: usize,
    pub why: &'static str,
}

/// Reads a list: prefix, price, the first day it holds (may be missing), and a name (may be missing).
pub fn lines_of(text: &str) -> impl Iterator<Item = ListLine> {
    let numbered = (1..).zip(text.lines());
    let lines = numbered.filter(|(number, line)| !line.is_empty() && (*number > 1 || *line != LIST_HEAD));
    lines.map(|(line, text)| {
        let mut fields = text.splitn(4, ',');
        let mut next = || fields.next().unwrap_or("").trim();
        let (prefix, price, from, name) = (next(), next(), next(), next());
        Rate::read(prefix, price, from, name).map_err(|why| BadLine { line, why })
    })
}

impl Rate {
    /// One row, from its fields as texts.
    pub fn read(prefix: &str, price: &str, from: &str, name: &str) -> Result<Rate, &'static str> {
        const LONGEST: usize = 15;
        let prefix = prefix.strip_prefix('+').unwrap_or(prefix);
        if prefix.is_empty() {
            return Err("there is no prefix");
        }
        if !prefix.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err("the prefix has something other than digits");
        }
        if prefix.len() > LONGEST {
            return Err("the prefix is longer than a number can be");
        }
        let price: Price = price.parse()?;
        let from_day = if from.is_empty() { None } else { Some(day_of(from)?) };
        Ok(Rate { prefix: prefix.into(), price, from_day, name: name.trim_matches('"').into() })
    }

    /// The line that says so.
    pub fn line(&self) -> String {
        let Rate { prefix, price, name, .. } = self;
        let from = self.from_day.and_then(date_of).map(|date| date.to_string()).unwrap_or_default();
        format!("{prefix},{price},{from},{name}").trim_end_matches(',').to_owned()
    }
}

/// Days since 1970 of a date such as 2026-12-25; or what is wrong with it.
pub fn day_of(text: &str) -> Result<u32, &'static str> {
    let date: Date = text.parse().map_err(|_| "the date is none; write it as 2026-12-25")?;
    day_number(date).ok_or("the date is before 1970")
}

/// Days since 1970.
pub(crate) fn day_number(date: Date) -> Option<u32> {
    let since = date.since(Date::constant(1970, 1, 1)).ok()?;
    u32::try_from(since.get_days()).ok()
}

pub(super) fn date_of(day: u32) -> Option<Date> {
    let days = jiff::Span::new().try_days(day).ok()?;
    Date::constant(1970, 1, 1).checked_add(days).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_read_and_written_back() {
        let text = format!("{LIST_HEAD}\n82,0.034\n8210,0.05,2026-11-01,\"South Korea, mobile\"\n");

        let rates: Vec<Rate> = lines_of(&text).map(|line| line.expect("a good line")).collect();

        assert_eq!(rates[0].line(), "82,0.034");
        assert_eq!(rates[1].line(), "8210,0.050,2026-11-01,South Korea, mobile");
    }

    #[test]
    fn a_bad_line_says_why() {
        let text = "82a,0.1\n,0.1\n82,-0.1\n82,0.1,yesterday\n1234567890123456,1\n";

        let why: Vec<(usize, &str)> =
            lines_of(text).filter_map(Result::err).map(|bad| (bad.line, bad.why)).collect();

        assert_eq!(
            why,
            [
                (1, "the prefix has something other than digits"),
                (2, "there is no prefix"),
                (3, "the price is negative"),
                (4, "the date is none; write it as 2026-12-25"),
                (5, "the prefix is longer than a number can be"),
            ]
        );
    }
}
