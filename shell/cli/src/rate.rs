//! Verbs about price lists.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::span::span;

#[derive(Debug, Subcommand)]
pub enum RateVerb {
    /// Read a provider's price list into a deck; bad lines are set aside, with their reasons
    #[command(
        after_help = "Examples:\n  tandem rate import northwind.csv --deck northwind --dir /etc/tandem\n  \
tandem rate import list.csv --deck east --map prefix=Code,price=Rate --bad bad.csv\n\nExit code 6: some \
lines were bad."
    )]
    Import(RateImport),
    /// List the decks, their trunks, and their size
    #[command(after_help = "Examples:\n  tandem rate list --dir /etc/tandem\n  tandem rate list --json")]
    List(RateList),
    /// Say what a number costs by each deck
    #[command(
        after_help = "Examples:\n  tandem rate price +82255501234 --dir /etc/tandem\n  tandem rate price \
+82255501234 --at 2026-12-01 --talk 3m --json"
    )]
    Price(RatePrice),
    /// Say what differs between two decks, or two files of price lists
    #[command(
        after_help = "Examples:\n  tandem rate diff northwind fabrikam --dir /etc/tandem\n  tandem rate \
diff decks/northwind.csv new.csv"
    )]
    Diff(RateDiff),
}

#[derive(Debug, Args)]
pub struct RateImport {
    /// The price list: values separated by commas, semicolons or tabs
    pub file: PathBuf,
    /// The [deck.NAME] it is for
    #[arg(long, value_name = "NAME")]
    pub deck: String,
    /// The configuration directory
    #[arg(long, default_value = ".")]
    pub dir: PathBuf,
    /// Which columns to read, by name or number: prefix=Code,price=Rate,from=Effective,name=4
    #[arg(long, value_name = "COLUMNS")]
    pub map: Option<String>,
    /// Where lines that are no prices are written, with the reason
    #[arg(long, value_name = "FILE")]
    pub bad: Option<PathBuf>,
    /// One JSON document instead of text
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct RateList {
    /// The configuration directory
    #[arg(long, default_value = ".")]
    pub dir: PathBuf,
    /// One JSON document instead of text
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct RatePrice {
    /// The number, with its country code
    pub number: String,
    /// The configuration directory
    #[arg(long, default_value = ".")]
    pub dir: PathBuf,
    /// On which day, such as 2026-12-01 [default: today]
    #[arg(long, value_name = "DATE")]
    pub at: Option<String>,
    /// How long the call lasts
    #[arg(long, value_name = "SPAN", default_value = "3m", value_parser = span)]
    pub talk: std::time::Duration,
    /// One JSON document instead of text
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct RateDiff {
    /// A deck, or a file of a price list
    pub old: String,
    /// Another one
    pub new: String,
    /// The configuration directory
    #[arg(long, default_value = ".")]
    pub dir: PathBuf,
    /// One JSON document instead of text
    #[arg(long)]
    pub json: bool,
}
