//! When something holds: days, hours and dates of a place.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::fault::Fault;
use crate::problem::Code;
use crate::spot::Spot;
use crate::text::text_value;

/// `[schedule.NAME]`: when a route is used.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    /// Every day where it is missing.
    pub days: Option<Vec<Day>>,
    /// The whole day where it is missing; "20:00-06:00" ends on the next day.
    #[serde(default)]
    pub hours: Vec<Hours>,
    /// The only dates on which it holds, if any are written.
    #[serde(default)]
    pub dates: Vec<YearDay>,
    /// Dates on which it does not hold.
    #[serde(default)]
    pub except: Vec<YearDay>,
    /// Such as "Asia/Seoul"; the system's where it is missing.
    pub time_zone: Option<Spot<String>>,
}

/// A day of the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Day {
    Mon,
    Tue,
    Wed,
    Thu,
    Fri,
    Sat,
    Sun,
}

/// A span of a day, in minutes after midnight: from the first, and not any more at the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hours {
    pub from: u16,
    pub to: u16,
}

text_value!(Hours, "Hours", "hours such as \"08:00-18:00\"", "^[0-2][0-9]:[0-5][0-9]-[0-2][0-9]:[0-5][0-9]$");

impl Hours {
    /// Whether it goes on after midnight.
    pub fn is_overnight(&self) -> bool {
        self.to <= self.from
    }
}

impl fmt::Display for Hours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Hours { from, to } = self;
        write!(f, "{:02}:{:02}-{:02}:{:02}", from / 60, from % 60, to / 60, to % 60)
    }
}

impl FromStr for Hours {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Hours, Fault> {
        let wrong = || {
            Fault::new(Code::TIME, format!("\"{text}\" is no span of a day"))
                .suggest("write it as \"08:00-18:00\"")
        };
        let minutes = |clock: &str| {
            let (hour, minute) = clock.trim().split_once(':')?;
            let (hour, minute): (u16, u16) = (hour.parse().ok()?, minute.parse().ok()?);
            (minute < 60 && hour * 60 + minute <= 24 * 60).then_some(hour * 60 + minute)
        };
        let (from, to) = text.split_once(['-', '–']).ok_or_else(wrong)?;
        let (Some(from), Some(to)) = (minutes(from), minutes(to)) else { return Err(wrong()) };
        Ok(Hours { from, to })
    }
}

/// A date, of one year or of every year: "2026-12-25", "12-25".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct YearDay {
    /// Every year where it is missing.
    pub year: Option<i16>,
    pub month: i8,
    pub day: i8,
}

text_value!(
    YearDay,
    "YearDay",
    "a date such as \"2026-12-25\", or \"12-25\" for every year",
    "^([0-9]{4}-)?[0-9]{2}-[0-9]{2}$"
);

impl fmt::Display for YearDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(year) = self.year {
            write!(f, "{year:04}-")?;
        }
        write!(f, "{:02}-{:02}", self.month, self.day)
    }
}

impl FromStr for YearDay {
    type Err = Fault;

    fn from_str(text: &str) -> Result<YearDay, Fault> {
        const LEAP_YEAR: i16 = 2024;
        let wrong = || {
            Fault::new(Code::TIME, format!("\"{text}\" is no date"))
                .suggest("write it as \"2026-12-25\", or \"12-25\" for every year")
        };
        let parts: Vec<&str> = text.split('-').collect();
        let (year, month, day) = match parts.as_slice() {
            [year, month, day] => (Some(*year), *month, *day),
            [month, day] => (None, *month, *day),
            _ => return Err(wrong()),
        };
        let year = year.map(|year| year.parse().map_err(|_| wrong())).transpose()?;
        let (month, day) = (month.parse().map_err(|_| wrong())?, day.parse().map_err(|_| wrong())?);
        jiff::civil::Date::new(year.unwrap_or(LEAP_YEAR), month, day).map_err(|_| wrong())?;
        Ok(YearDay { year, month, day })
    }
}
