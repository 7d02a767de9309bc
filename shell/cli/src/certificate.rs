//! Verbs about certificates that an authority gives.

use clap::{Args, Subcommand};

use crate::house::House;

#[derive(Debug, Subcommand)]
pub enum Certificate {
    /// How each certificate stands: until when it holds, when it was tried for, when it is again, and why not
    #[command(
        after_help = "Examples:\n  tandem certificate list --dir /etc/tandem\n  tandem certificate list \
--json"
    )]
    List {
        #[command(flatten)]
        house: House,
        /// One JSON document instead of text
        #[arg(long)]
        json: bool,
    },
    /// Ask the authority for a new one now, whatever its turn is
    #[command(
        after_help = "Examples:\n  tandem certificate renew sip.example.com --dir /etc/tandem\n  tandem \
certificate renew sip.example.com --json\n\nExit code 1: none was given, and the one in use stays."
    )]
    Renew(CertificateRenew),
}

#[derive(Debug, Args)]
pub struct CertificateRenew {
    /// One of its names
    pub name: String,
    #[command(flatten)]
    pub house: House,
    /// One JSON document instead of text
    #[arg(long)]
    pub json: bool,
}
