//! The verbs that count records: reports of what was, and what a house of some size needs.

use clap::{Args, ValueEnum};

use crate::house::House;

#[derive(Debug, Args)]
pub struct Report {
    /// What about: calls, what kept them from being any, conferences, teams, trunks; or the phones there are
    #[arg(value_enum)]
    pub report: ReportKind,
    /// How long a point is [default: as short as fits: 25 hours, 31 days, 12 weeks or 12 months at most]
    #[arg(long, value_enum)]
    pub by: Option<ReportBy>,
    /// Calls that began then or later: 2026-11-20, "2026-11-20 10:00", in the zone of the house, or with an
    /// offset
    #[arg(long, value_name = "TIME", conflicts_with = "last")]
    pub from: Option<String>,
    /// Calls that began before then [default: now]
    #[arg(long, value_name = "TIME")]
    pub until: Option<String>,
    /// How far back: 24h, 7d, 4w or 3mo [default: 7d, or what suits --by]
    #[arg(long, value_name = "SPAN")]
    pub last: Option<String>,
    /// Calls of users of this site
    #[arg(long)]
    pub site: Option<String>,
    /// Calls that came from this trunk, or were tried on it
    #[arg(long)]
    pub trunk: Option<String>,
    /// Calls by this user, or that rang there
    #[arg(long)]
    pub user: Option<String>,
    #[command(flatten)]
    pub house: House,
    /// One JSON document instead of text
    #[arg(long, conflicts_with = "csv")]
    pub json: bool,
    /// A table with commas: its points in time, or with --rows its sites, codes, rooms, teams or trunks
    #[arg(long)]
    pub csv: bool,
    /// With --csv: the rows by name, and not the points in time
    #[arg(long, requires = "csv")]
    pub rows: bool,
}

/// What a report is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ReportKind {
    Usage,
    Failures,
    Meetings,
    Teams,
    Trunks,
    Phones,
}

/// How long a point of it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ReportBy {
    Hour,
    Day,
    Week,
    Month,
}

impl ReportKind {
    pub fn word(self) -> &'static str {
        match self {
            ReportKind::Usage => "usage",
            ReportKind::Failures => "failures",
            ReportKind::Meetings => "meetings",
            ReportKind::Teams => "teams",
            ReportKind::Trunks => "trunks",
            ReportKind::Phones => "phones",
        }
    }
}

impl ReportBy {
    pub fn word(self) -> &'static str {
        match self {
            ReportBy::Hour => "hour",
            ReportBy::Day => "day",
            ReportBy::Week => "week",
            ReportBy::Month => "month",
        }
    }
}
