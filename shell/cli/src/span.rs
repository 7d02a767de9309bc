//! Spans of time, as configuration and command line write them.

use std::time::Duration;

/// A span as configuration writes it: `90s`, `5m`, `1h`, `250ms`.
pub fn span(text: &str) -> Result<Duration, String> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (count, unit) = text.split_at(digits);
    let count: u64 = count.parse().map_err(|_| "write a number and a unit, such as 90s or 5m".to_owned())?;
    let seconds = match unit {
        "ms" => return Ok(Duration::from_millis(count)),
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        _ => return Err(format!("unknown unit {unit:?}; use ms, s, m or h")),
    };
    count.checked_mul(seconds).map(Duration::from_secs).ok_or_else(|| "too long".to_owned())
}
