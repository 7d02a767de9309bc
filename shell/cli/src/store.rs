//! Looking after what a house keeps: whether it is whole and as it was written, and copies of it.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::house::House;

/// What is done with what a house keeps.
#[derive(Debug, Subcommand)]
pub enum Store {
    /// Compare what finds records, and what reports read, with the files of records, line by line
    #[command(
        after_help = "Examples:\n  tandem store verify --dir /etc/tandem\n  tandem store verify --json\n\n\
It ends with 1 if something is wrong. A house may run meanwhile. What finds records is made anew by itself \
where\nrecords.sqlite is missing at a start, what reports read while the house runs."
    )]
    Verify {
        #[command(flatten)]
        house: House,
        /// One JSON document instead of text
        #[arg(long)]
        json: bool,
    },
    /// Copy everything that a house keeps, also while it runs
    #[command(
        after_help = "Examples:\n  tandem store backup /srv/backup/monday --dir /etc/tandem\n  tandem \
store backup /srv/backup/monday --json\n\nThe folder must be empty or not there. What finds records, \
and what reports read, is not copied: it is made anew."
    )]
    Backup(Copies),
    /// Make a data folder of a backup
    #[command(after_help = "Examples:\n  tandem store restore /srv/backup/monday --data /var/lib/tandem\n  \
tandem store restore monday --dir /etc/tandem --json\n\nThe data folder must be empty or not there; it is \
made whole, or not at all. Every file is\ncompared with what was copied.")]
    Restore(Copies),
}

/// Where a backup is, and of which house.
#[derive(Debug, Args)]
pub struct Copies {
    /// The folder of the backup
    pub backup: PathBuf,
    #[command(flatten)]
    pub house: House,
    /// One JSON document instead of text
    #[arg(long)]
    pub json: bool,
}

/// What is done with records of calls.
#[derive(Debug, Subcommand)]
pub enum Cdr {
    /// Check that no record was changed, taken out, put in or moved
    #[command(
        after_help = "Examples:\n  tandem cdr verify --dir /etc/tandem\n  tandem cdr verify --newest 3f0c… \
--json\n\nWhoever keeps the newest hash elsewhere, and asks for it later, sees whether the end was cut off, \
or\neverything was written anew. Exit code 1 says that something is wrong. A house may run meanwhile."
    )]
    Verify(CdrVerify),
    /// Write records as a table of Parquet, one row for each call
    #[command(
        after_help = "Examples:\n  tandem cdr export calls.parquet --since 36h --dir /etc/tandem\n  tandem \
cdr export november.parquet --since 2026-11-01 --until 2026-12-01\n\nA house may run meanwhile."
    )]
    Export(CdrExport),
}

#[derive(Debug, Args)]
pub struct CdrExport {
    /// The file; one that is there is replaced
    pub file: PathBuf,
    /// Calls that began then or later: 36h or 720h ago, 2026-11-20, "2026-11-20 10:00", or with an offset
    #[arg(long, value_name = "TIME")]
    pub since: Option<String>,
    /// Calls that began before then
    #[arg(long, value_name = "TIME")]
    pub until: Option<String>,
    #[command(flatten)]
    pub house: House,
    /// One JSON document instead of text
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct CdrVerify {
    /// A hash that was the newest once: it has to be there still
    #[arg(long, value_name = "HASH")]
    pub newest: Option<String>,
    #[command(flatten)]
    pub house: House,
    /// One JSON document instead of text
    #[arg(long)]
    pub json: bool,
}
