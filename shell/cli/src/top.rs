//! `tandem top`: the house as it is now, on a terminal.

use std::time::Duration;

use clap::{Args, ValueEnum};

use crate::house::House;
use crate::span::span;

#[derive(Debug, Args)]
pub struct Top {
    #[command(flatten)]
    pub house: House,
    /// One picture as text, and no more
    #[arg(long)]
    pub once: bool,
    /// One picture as a JSON document
    #[arg(long)]
    pub json: bool,
    /// How long a picture stands
    #[arg(long, value_name = "SPAN", value_parser = interval, default_value = "1s")]
    pub every: Duration,
    /// In which order calls stand
    #[arg(long, value_enum, default_value_t = CallOrder::Newest, value_name = "ORDER")]
    pub sort: CallOrder,
    /// Only calls, trunks, causes and events in which these words stand
    #[arg(long, value_name = "WORDS", default_value = "")]
    pub filter: String,
}

/// In which order calls in progress stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum CallOrder {
    Newest,
    Longest,
    Trunk,
    Calling,
    Called,
    Stage,
}

impl CallOrder {
    pub const ALL: [CallOrder; 6] = [
        CallOrder::Newest,
        CallOrder::Longest,
        CallOrder::Trunk,
        CallOrder::Calling,
        CallOrder::Called,
        CallOrder::Stage,
    ];

    /// The one after it; after the last the first.
    pub fn next(self) -> CallOrder {
        let at = CallOrder::ALL.iter().position(|one| *one == self).unwrap_or_default();
        CallOrder::ALL[(at + 1) % CallOrder::ALL.len()]
    }

    pub fn word(self) -> &'static str {
        match self {
            CallOrder::Newest => "newest",
            CallOrder::Longest => "longest",
            CallOrder::Trunk => "trunk",
            CallOrder::Calling => "calling",
            CallOrder::Called => "called",
            CallOrder::Stage => "stage",
        }
    }
}

/// A house that is looked at all the time has nothing else to do.
fn interval(text: &str) -> Result<Duration, String> {
    let bounds = Duration::from_millis(250)..=Duration::from_secs(3600);
    let every = span(text)?;
    if bounds.contains(&every) { Ok(every) } else { Err("from 250ms to 1h".to_owned()) }
}
