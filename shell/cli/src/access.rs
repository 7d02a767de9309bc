//! Verbs about who may ask for what by HTTP, and who did.

use clap::{Args, Subcommand};
use model::Role;

use crate::house::House;

#[derive(Debug, Subcommand)]
pub enum Token {
    /// Who holds a token, and what it is good for
    #[command(after_help = "Examples:\n  tandem token list --dir /etc/tandem\n  tandem token list --json")]
    List(TokenList),
    /// Make a token, and print it this once
    #[command(after_help = "Examples:\n  tandem token create grafana --dir /etc/tandem\n  tandem token \
create ci --role operator --days 90 > ci.token\n\nA reader looks, an operator changes what is in force, an \
admin makes tokens too.")]
    Create(TokenCreate),
    /// Whoever holds it is nobody from now on
    #[command(
        after_help = "Examples:\n  tandem token revoke ci --dir /etc/tandem\n  tandem token revoke ci \
--json"
    )]
    Revoke(TokenRevoke),
}

#[derive(Debug, Args)]
pub struct TokenList {
    #[command(flatten)]
    pub house: House,
    /// One JSON document instead of text
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct TokenCreate {
    /// Who will hold it: small letters, digits and hyphens
    pub name: String,
    /// reader, operator or admin
    #[arg(long, default_value = "reader")]
    pub role: Role,
    /// It ends by itself after so many days
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=3650))]
    pub days: Option<u16>,
    #[command(flatten)]
    pub house: House,
    /// One JSON document instead of text
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct TokenRevoke {
    /// The name that it was made with
    pub name: String,
    #[command(flatten)]
    pub house: House,
    /// One JSON document instead of text
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Subcommand)]
pub enum Audit {
    /// Who did what, when, from where, and what became of it
    #[command(
        after_help = "Examples:\n  tandem audit list --dir /etc/tandem\n  tandem audit list --last 100 --json"
    )]
    List(AuditList),
    /// Check that no line was edited, taken out or put in
    #[command(after_help = "Examples:\n  tandem audit verify --dir /etc/tandem\n  tandem audit verify \
--newest 3f0c…\n\nWhoever keeps the newest hash elsewhere, and asks for it later, sees whether the end was \
cut off.\nExit code 1 says that it does not hold.")]
    Verify(AuditVerify),
}

#[derive(Debug, Args)]
pub struct AuditList {
    /// How many, the newest last
    #[arg(long, default_value_t = 20, value_name = "N")]
    pub last: usize,
    #[command(flatten)]
    pub house: House,
    /// One JSON document instead of text
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct AuditVerify {
    /// A hash that was the newest once: it has to be there still
    #[arg(long, value_name = "HASH")]
    pub newest: Option<String>,
    #[command(flatten)]
    pub house: House,
    /// One JSON document instead of text
    #[arg(long)]
    pub json: bool,
}
