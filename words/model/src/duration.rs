//! Durations with their unit.

use std::fmt;
use std::str::FromStr;
use std::time;

use crate::fault::Fault;
use crate::problem::Code;
use crate::text::text_value;

/// A length of time such as `"12s"`, `"500ms"`, `"5m"` or `"24h"`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Duration(pub time::Duration);

text_value!(Duration, "Duration", "a duration such as \"12s\"", "^[0-9]+(ms|s|m|h|d)$");

const UNITS: [(&str, u64); 5] = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = u64::try_from(self.0.as_millis()).unwrap_or(u64::MAX);
        let fits = |(_, size): &&(&str, u64)| ms >= *size && ms.is_multiple_of(*size);
        match UNITS.iter().find(fits) {
            Some((unit, size)) => write!(f, "{}{unit}", ms / size),
            None => f.write_str("0s"),
        }
    }
}

impl FromStr for Duration {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Duration, Fault> {
        let unit_at = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let (figure, unit) = text.split_at(unit_at);
        let wrong = || Fault::new(Code::DURATION, format!("\"{text}\" is not a duration"));
        let Some((_, size)) = UNITS.iter().find(|(name, _)| *name == unit) else {
            let likely = match unit.trim().chars().next() {
                None | Some('s') => "s",
                Some('m') => "m",
                Some('h') => "h",
                Some('d') => "d",
                Some(_) => {
                    return Err(wrong().suggest("write a figure and ms, s, m, h or d, such as \"12s\""));
                }
            };
            let fault = wrong();
            return Err(if figure.is_empty() {
                fault
            } else {
                fault.suggest(format!("did you mean \"{figure}{likely}\"?"))
            });
        };
        let figure: u64 = figure.parse().map_err(|_| wrong())?;
        let ms = figure.checked_mul(*size).ok_or_else(wrong)?;
        Ok(Duration(time::Duration::from_millis(ms)))
    }
}
