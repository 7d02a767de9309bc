//! Verbs about numbers.

use std::path::PathBuf;

use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub enum Number {
    /// Say whose a number is, what it is, and how each trunk would send it in each header
    #[command(
        after_help = "Examples:\n  tandem number show +14255550100 --dir /etc/tandem\n  tandem number \
show 116117 --json"
    )]
    Show {
        /// A number, with its plus or as people of the system's country dial it; an extension; a name
        #[arg(allow_hyphen_values = true)]
        number: String,
        /// The configuration directory
        #[arg(long, default_value = ".")]
        dir: PathBuf,
        /// One JSON document instead of text
        #[arg(long)]
        json: bool,
    },
    /// List the numbers that trunks gave to us, and who has them
    #[command(after_help = "Examples:\n  tandem number list --dir /etc/tandem\n  tandem number list --json")]
    List {
        /// The configuration directory
        #[arg(long, default_value = ".")]
        dir: PathBuf,
        /// One JSON document instead of text
        #[arg(long)]
        json: bool,
    },
}
