//! Verbs about directories that users come from.

use clap::{Args, Subcommand};

use crate::house::House;

#[derive(Debug, Subcommand)]
pub enum Directory {
    /// How each directory stands: when it was read, how many users come from it, which entries are left out
    #[command(
        after_help = "Examples:\n  tandem directory show --dir /etc/tandem\n  tandem directory show corp \
--json"
    )]
    Show {
        /// Its name in [directory.NAME]; all of them where none is named
        name: Option<String>,
        #[command(flatten)]
        house: House,
        /// One JSON document instead of text
        #[arg(long)]
        json: bool,
    },
    /// Read a directory now, and put in force what it says
    #[command(after_help = "Examples:\n  tandem directory sync corp --dry-run --dir /etc/tandem\n  tandem \
directory sync corp --accept-leavers\n\nExit code 1: held, nothing was changed. 3: it could not be read.")]
    Sync(DirectorySync),
}

#[derive(Debug, Args)]
pub struct DirectorySync {
    /// Its name in [directory.NAME]
    pub name: String,
    /// Say what would change, and change nothing
    #[arg(long)]
    pub dry_run: bool,
    /// However many users leave, they have left
    #[arg(long)]
    pub accept_leavers: bool,
    #[command(flatten)]
    pub house: House,
    /// One JSON document instead of text
    #[arg(long)]
    pub json: bool,
}
