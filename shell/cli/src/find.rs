//! Looking for calls that ended.

use clap::Args;

use crate::house::House;

/// What is looked for; all of it is to hold.
#[derive(Debug, Args)]
pub struct Find {
    /// Whoever called or was called: a number with its plus, its last six digits or more, or an extension
    #[arg(long, value_name = "NUMBER", allow_hyphen_values = true)]
    pub number: Option<String>,
    /// A user who called or was called
    #[arg(long, value_name = "NAME")]
    pub user: Option<String>,
    /// A trunk that it came from, or was tried on
    #[arg(long, value_name = "NAME")]
    pub trunk: Option<String>,
    /// How it ended: a code such as TD-E001, a status such as 486, or answered, cancelled, busy, no-answer,
    /// refused, failed or turned-away
    #[arg(long, value_name = "CAUSE")]
    pub cause: Option<String>,
    /// It began then or later: 90m or 36h ago, 2026-11-20, "2026-11-20 10:00", or with an offset
    #[arg(long, value_name = "TIME")]
    pub since: Option<String>,
    /// It began before then
    #[arg(long, value_name = "TIME")]
    pub until: Option<String>,
    /// How many at most, the newest first
    #[arg(long, default_value_t = 20, value_name = "N")]
    #[arg(value_parser = clap::value_parser!(u16).range(1..=1_000))]
    pub last: u16,
    /// Where the list before this one ended
    #[arg(long, value_name = "PLACE")]
    pub after: Option<String>,
    #[command(flatten)]
    pub house: House,
    /// One JSON document with whole records instead of text
    #[arg(long)]
    pub json: bool,
}
