//! What somebody wants to know, as it is asked, and what is meant by it.

use jiff::civil::{Date, DateTime};
use jiff::{Timestamp, Zoned};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::calendar::{By, Point, Zone};
use crate::shape::{KINDS, Shape};

/// As it is asked, by command or by HTTP.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Question {
    /// The name of the report.
    pub report: String,
    pub by: Option<String>,
    pub from: Option<String>,
    pub until: Option<String>,
    /// How far back, where `from` is not said: `24h`, `7d`, `4w`, `3mo`.
    pub last: Option<String>,
    pub site: Option<String>,
    pub trunk: Option<String>,
    pub user: Option<String>,
}

/// A question that makes sense.
#[derive(Clone, Debug)]
pub struct Wanted {
    pub shape: &'static Shape,
    pub zone: Zone,
    pub by: By,
    /// Calls that began from here on, and before there; in milliseconds since 1970.
    pub from: i64,
    pub until: i64,
    pub points: Vec<Point>,
    pub site: Option<String>,
    pub trunk: Option<String>,
    pub user: Option<String>,
}

/// Why a question has no answer.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Wrong {
    #[error("there is no report {name}; there are {known}, and phones")]
    NoReport { name: String, known: String },
    #[error("{0:?}: hour, day, week or month")]
    By(String),
    #[error("{0:?}: write it as 2026-11-20, \"2026-11-20 10:00\", or with an offset")]
    Moment(String),
    #[error("{0:?}: write it as 24h, 7d, 4w or 3mo")]
    Last(String),
    #[error("say from, or last: not both")]
    FromAndLast,
    #[error("it would end before it begins")]
    Backwards,
    #[error("more than {} points by {}: ask for less time, or for longer points", .0.points_max(), .0.word())]
    TooMany(By),
}

fn no_report(name: &str) -> Wrong {
    let known: Vec<&str> = KINDS.iter().map(|shape| shape.name).collect();
    Wrong::NoReport { name: name.to_owned(), known: known.join(", ") }
}

impl Question {
    /// What is meant, at this moment, by people who live in this zone.
    pub fn meant(&self, now: i64, zone: Zone) -> Result<Wanted, Wrong> {
        let shape = KINDS.iter().find(|shape| shape.name == self.report);
        let shape = shape.ok_or_else(|| no_report(&self.report))?;
        let wanted = self.by.as_deref().map(|word| By::named(word).ok_or_else(|| Wrong::By(word.to_owned())));
        let wanted = wanted.transpose()?;
        let moment = |text: &String| moment(text, &zone).ok_or_else(|| Wrong::Moment(text.clone()));
        let until = self.until.as_ref().map(moment).transpose()?.unwrap_or(now);
        let from = match (&self.from, &self.last) {
            (Some(_), Some(_)) => return Err(Wrong::FromAndLast),
            (Some(from), None) => moment(from)?,
            (None, last) => {
                let last = last.as_deref().unwrap_or_else(|| usual(wanted.unwrap_or(By::Day)));
                let before = before(&zone.at(until), last);
                before.ok_or_else(|| Wrong::Last(last.to_owned()))?.timestamp().as_millisecond()
            }
        };
        if from >= until {
            return Err(Wrong::Backwards);
        }
        let cut = |by: By| zone.points(by, from, until, by.points_max() + 1);
        let fits = |by: &By| cut(*by).len() <= by.points_max();
        let by = wanted.or_else(|| By::ALL.into_iter().find(fits)).unwrap_or(By::Month);
        let points = cut(by);
        if points.len() > by.points_max() {
            return Err(Wrong::TooMany(by));
        }
        let Question { site, trunk, user, .. } = self.clone();
        Ok(Wanted { shape, by, from, until, points, site, trunk, user, zone })
    }
}

/// How far a report goes back where nobody says it.
fn usual(by: By) -> &'static str {
    match by {
        By::Hour => "24h",
        By::Day => "7d",
        By::Week => "4w",
        By::Month => "3mo",
    }
}

fn before(moment: &Zoned, last: &str) -> Option<Zoned> {
    let digits = last.find(|letter: char| !letter.is_ascii_digit())?;
    let (count, unit) = last.split_at(digits);
    let count: i64 = count.parse().ok().filter(|count| (1..=10_000).contains(count))?;
    let span = jiff::Span::new();
    let span = match unit {
        "h" => span.hours(count),
        "d" => span.days(count),
        "w" => span.weeks(count),
        "mo" => span.months(count),
        _ => return None,
    };
    moment.checked_sub(span).ok()
}

/// A day or a time in the zone, or with an offset.
fn moment(text: &str, zone: &Zone) -> Option<i64> {
    if let Ok(exact) = text.parse::<Timestamp>() {
        return Some(exact.as_millisecond());
    }
    let day = text.parse::<Date>().ok();
    let zoned = match (day, text.parse::<DateTime>().ok()) {
        (Some(day), _) if text.len() <= 10 => day.to_zoned(zone.rules().clone()),
        (_, Some(time)) => time.to_zoned(zone.rules().clone()),
        _ => return None,
    };
    zoned.ok().map(|zoned| zoned.timestamp().as_millisecond())
}
