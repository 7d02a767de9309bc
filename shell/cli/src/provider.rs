//! Verbs for templates of providers.

use std::path::PathBuf;

use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub enum Provider {
    /// Every provider whose template ships, with its versions
    #[command(after_help = "Examples:\n  tandem provider list\n  tandem provider list --json")]
    List {
        /// One JSON document instead of text
        #[arg(long)]
        json: bool,
    },
    /// What is known of a provider, what is not, and what you will be asked
    #[command(
        after_help = "Examples:\n  tandem provider show twilio\n  tandem provider show twilio --version 1 \
--json"
    )]
    Show {
        /// The template, such as twilio
        name: String,
        /// Its version [default: the newest]
        #[arg(long, value_name = "N")]
        version: Option<u32>,
        /// One JSON document instead of text
        #[arg(long)]
        json: bool,
    },
    /// Read every template that ships, and make a trunk of each with made-up values
    #[command(after_help = "Examples:\n  tandem provider check\n  tandem provider check --json")]
    Check {
        /// One JSON document instead of text
        #[arg(long)]
        json: bool,
    },
    /// The sheet for the provider of a trunk: what they need from you, and what to ask them
    #[command(
        after_help = "Examples:\n  tandem provider sheet northwind --dir /etc/tandem\n  tandem provider \
sheet northwind --json"
    )]
    Sheet {
        /// The trunk
        trunk: String,
        /// The configuration directory
        #[arg(long, default_value = ".")]
        dir: PathBuf,
        /// One JSON document instead of text
        #[arg(long)]
        json: bool,
    },
}
