//! Verbs for a house that runs: they find it by its data folder.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// Which house is meant.
#[derive(Clone, Debug, Args)]
pub struct House {
    /// The configuration directory of the house
    #[arg(long, default_value = ".", value_name = "DIR")]
    pub dir: PathBuf,
    /// Its data folder [default: DIR/data]
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
}

impl House {
    /// The data folder.
    pub fn data(&self) -> PathBuf {
        self.data.clone().unwrap_or_else(|| self.dir.join("data"))
    }
}

#[derive(Debug, Args)]
pub struct Status {
    #[command(flatten)]
    pub house: House,
    /// Say it again every second, until Ctrl-C
    #[arg(long)]
    pub watch: bool,
    /// JSON instead of text: one document, or one a line with --watch
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Subcommand)]
pub enum Trunk {
    /// Every trunk: its calls, its limit, its far ends
    #[command(after_help = "Examples:\n  tandem trunk list --dir /etc/tandem\n  tandem trunk list --json")]
    List {
        #[command(flatten)]
        house: House,
        /// One JSON document instead of text
        #[arg(long)]
        json: bool,
    },
    /// One trunk
    #[command(
        after_help = "Examples:\n  tandem trunk show northwind --dir /etc/tandem\n  tandem trunk show \
northwind --json"
    )]
    Show {
        name: String,
        #[command(flatten)]
        house: House,
        /// One JSON document instead of text
        #[arg(long)]
        json: bool,
    },
}
