//! A calendar day in UTC, which names a file.

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

/// Days since 1970-01-01.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Day(u64);

impl Day {
    pub fn of(time: SystemTime) -> Day {
        Day(time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs() / 86_400))
    }
}

impl fmt::Display for Day {
    /// Counts in years that begin in March, so that the leap day comes last.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const DAYS_OF_400_YEARS: u64 = 146_097;
        let days = self.0 + 719_468;
        let (era, of_era) = (days / DAYS_OF_400_YEARS, days % DAYS_OF_400_YEARS);
        let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / (DAYS_OF_400_YEARS - 1)) / 365;
        let of_year = of_era - (365 * year + year / 4 - year / 100);
        let month = (5 * of_year + 2) / 153;
        let day = of_year - (153 * month + 2) / 5 + 1;
        let (month, carry) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
        write!(f, "{:04}{month:02}{day:02}", era * 400 + year + carry)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_day_is_named_by_the_calendar() {
        for (seconds, name) in [
            (0, "19700101"),
            (951_782_400, "20000229"),
            (951_868_800, "20000301"),
            (1_795_219_199, "20261120"),
            (1_795_219_200, "20261121"),
            (4_107_542_400, "21000301"),
        ] {
            assert_eq!(Day::of(UNIX_EPOCH + Duration::from_secs(seconds)).to_string(), name);
        }
    }
}
