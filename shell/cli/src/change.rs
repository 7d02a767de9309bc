//! Verbs that change a running house, and those that look at its past.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use crate::house::House;
use crate::span::span;

#[derive(Debug, Args)]
pub struct Plan {
    /// The configuration directory that would be applied [default: the house's own]
    pub directory: Option<PathBuf>,
    #[command(flatten)]
    pub house: House,
    /// One JSON document instead of text
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct Apply {
    /// The configuration directory to apply [default: the house's own]
    pub directory: Option<PathBuf>,
    #[command(flatten)]
    pub house: House,
    /// The reason, for whoever reads the revisions later
    #[arg(long, value_name = "TEXT")]
    pub why: Option<String>,
    /// Take it back after this time unless tandem confirm says that it works
    #[arg(long, value_name = "SPAN", value_parser = span)]
    pub confirm: Option<Duration>,
    /// Apply only if this revision still runs
    #[arg(long, value_name = "REV")]
    pub base: Option<u64>,
    /// Do not ask
    #[arg(long)]
    pub yes: bool,
    /// Show the plan and what would become of it, and apply nothing
    #[arg(long)]
    pub dry_run: bool,
    /// One JSON document instead of text; nothing is asked
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct Confirm {
    #[command(flatten)]
    pub house: House,
    /// One JSON document instead of text
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct Rollback {
    /// The revision to go back to [default: the one before]
    pub to: Option<u64>,
    #[command(flatten)]
    pub house: House,
    /// The reason, for whoever reads the revisions later
    #[arg(long, value_name = "TEXT")]
    pub why: Option<String>,
    /// One JSON document instead of text
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct Revisions {
    #[command(flatten)]
    pub house: House,
    /// One JSON document instead of text
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct Diff {
    /// The older revision
    pub from: u64,
    /// The newer one [default: the newest]
    pub to: Option<u64>,
    #[command(flatten)]
    pub house: House,
    /// One JSON document instead of text
    #[arg(long)]
    pub json: bool,
}
