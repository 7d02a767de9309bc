//! The tree of verbs, as clap reads it.

use std::ffi::OsString;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};

use crate::access::{Audit, Token};
use crate::capacity::Capacity;
use crate::certificate::Certificate;
use crate::change::{Apply, Confirm, Diff, Plan, Revisions, Rollback};
use crate::cost::Cost;
use crate::directory::Directory;
use crate::number::Number;
use crate::pages::Completions;
use crate::provider::Provider;
use crate::rate::RateVerb;
use crate::report::Report;
use crate::running::{Call, Drain, Resume, Status, Trunk, User, Webhook};
use crate::sign_in::{SignIn, SignOut};
use crate::span::span;
use crate::store::{Cdr, Store};
use crate::top::Top;

/// SIP trunking for enterprises: one program between phones and providers.
#[derive(Debug, Parser)]
#[command(
    name = "tandem",
    bin_name = "tandem",
    version,
    disable_help_subcommand = true,
    max_term_width = 110
)]
#[command(arg_required_else_help = true)]
#[command(
    after_help = "Examples:\n  tandem demo\n  tandem up /etc/tandem\n\nCodes like TD-R301 are explained by: \
tandem help TD-R301"
)]
pub struct Cli {
    #[command(subcommand)]
    pub verb: Verb,
    /// When to use colours; NO_COLOR is obeyed.
    #[arg(long, global = true, value_enum, default_value_t = ColorChoice::Auto, value_name = "WHEN")]
    pub color: ColorChoice,
}

/// When to use colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ColorChoice {
    #[default]
    Auto,
    Always,
    Never,
}

#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Run in the foreground with the configuration in DIR
    #[command(after_help = "Examples:\n  tandem up /etc/tandem\n  tandem up my-edge --data /var/lib/tandem \
--drain-max 2m\n\nSIGTERM or Ctrl-C lets calls end first; a second one stops at once.\n\
SIGHUP applies what DIR holds then.")]
    Up(Up),
    /// Make four calls between simulated phones, providers and a 9-1-1 centre, over loopback
    #[command(after_help = "Examples:\n  tandem demo\n  tandem demo --headless --json")]
    Demo(Demo),
    /// Look at configuration without running it
    #[command(
        subcommand,
        disable_help_subcommand = true,
        after_help = "Examples:\n  tandem config check /etc/tandem\n  tandem config schema > \
tandem.schema.json"
    )]
    Config(Config),
    /// Say what would become of a call, and why; nothing is sent
    #[command(after_help = "Examples:\n  tandem explain 911 --from hana --dir my-edge\n  tandem explain \
+14255550100 --via northwind --at \"2026-11-20 10:00\" --json")]
    Explain(Explain),
    /// Say whose numbers are, and how trunks write them
    #[command(
        subcommand,
        disable_help_subcommand = true,
        after_help = "Examples:\n  tandem number show +14255550100\n  tandem number list --json"
    )]
    Number(Number),
    /// Run the stored call tests ([test.*]) of DIR, or of the revision that runs there
    #[command(after_help = "Examples:\n  tandem test /etc/tandem\n  tandem test /etc/tandem --running \
--only national --json\n\nIt ends with 1 if a test fails, or there is none of that name.")]
    Test(Test),
    /// Find out what happens when far ends are lost
    #[command(
        subcommand,
        disable_help_subcommand = true,
        after_help = "Examples:\n  tandem failover test northwind --dir /etc/tandem\n  tandem failover test \
northwind --json"
    )]
    Failover(Failover),
    /// Say what runs, and how it stands
    #[command(after_help = "Examples:\n  tandem status --dir /etc/tandem\n  tandem status --data \
/var/lib/tandem --watch")]
    Status(Status),
    /// Take no new calls but those for help; those in progress go on
    #[command(after_help = "A house that starts takes calls again; so does tandem resume. While it drains, \
/ready answers 503, and callers hear 503 at once, so that a provider or another house takes them.\n\n\
Examples:\n  tandem drain --dir /etc/tandem\n  tandem drain --wait && systemctl restart tandem")]
    Drain(Drain),
    /// Take calls again after tandem drain
    #[command(after_help = "Examples:\n  tandem resume --dir /etc/tandem\n  tandem resume --json")]
    Resume(Resume),
    /// Watch a running house: calls, trunks, failures, sound, alarms, what happens
    #[command(
        after_help = "Examples:\n  tandem top --dir /etc/tandem\n  tandem top --filter northwind --sort \
longest --data /var/lib/tandem\n  tandem top --json --dir /etc/tandem\n\nKeys: q ends it; s is the next \
order of calls, r turns it round; / filters; p holds the picture;\nthe arrows move through calls.\n\n\
Where standard output is no terminal there is one picture. On one that can't place words\n(TERM=dumb) it is \
said anew each time."
    )]
    Top(Top),
    /// Look at the trunks of a running house
    #[command(
        subcommand,
        disable_help_subcommand = true,
        after_help = "Examples:\n  tandem trunk list --dir /etc/tandem\n  tandem trunk show northwind --json"
    )]
    Trunk(Trunk),
    /// Look at the registered phones of a running house
    #[command(
        subcommand,
        disable_help_subcommand = true,
        after_help = "Examples:\n  tandem user list --dir /etc/tandem\n  tandem user show hana --json"
    )]
    User(User),
    /// Have records of calls sent again to a program of others
    #[command(
        subcommand,
        disable_help_subcommand = true,
        after_help = "Examples:\n  tandem webhook replay billing --since 24h --dir /etc/tandem\n  tandem \
webhook replay billing --since 2026-11-01"
    )]
    Webhook(Webhook),
    /// Look at the directories that users come from, and have one read now
    #[command(
        subcommand,
        disable_help_subcommand = true,
        after_help = "Examples:\n  tandem directory show --dir /etc/tandem\n  tandem directory sync corp \
--dry-run"
    )]
    Directory(Directory),
    /// Look at the certificates that an authority gives, and ask for one now
    #[command(
        subcommand,
        disable_help_subcommand = true,
        after_help = "Examples:\n  tandem certificate list --dir /etc/tandem\n  tandem certificate renew \
sip.example.com"
    )]
    Certificate(Certificate),
    /// Look at calls: those in progress, those that ended, and those that were turned away
    #[command(
        subcommand,
        disable_help_subcommand = true,
        after_help = "Examples:\n  tandem call list --dir /etc/tandem --refused\n  tandem call show \
c019f3a9b2c0-1 --json"
    )]
    Call(Call),
    /// Look at the templates of providers, and print the sheet that a provider needs
    #[command(
        subcommand,
        disable_help_subcommand = true,
        after_help = "Examples:\n  tandem provider list\n  tandem provider show twilio\n  tandem \
provider sheet northwind --dir /etc/tandem"
    )]
    Provider(Provider),
    /// Say what an apply would change, and run the stored tests on it
    #[command(
        after_help = "Examples:\n  tandem plan /etc/tandem\n  tandem plan --dir /etc/tandem --json\n\n\
Exit code 1 says that it would be refused."
    )]
    Plan(Plan),
    /// Plan, test, and put in force; calls in progress keep the plan they have
    #[command(after_help = "Examples:\n  tandem apply /etc/tandem --why \"second trunk\"\n  tandem apply \
--dir /etc/tandem --confirm 5m --yes\n\nExit code 1: refused, nothing changed. 5: somebody else changed it. \
The same with --dry-run.")]
    Apply(Apply),
    /// Keep what was applied with --confirm
    #[command(after_help = "Examples:\n  tandem confirm --dir /etc/tandem\n  tandem confirm --data \
/var/lib/tandem")]
    Confirm(Confirm),
    /// Put an older revision in force again, as a new one
    #[command(after_help = "Examples:\n  tandem rollback --dir /etc/tandem\n  tandem rollback 17 --why \
\"calls to Korea fail\" --dir /etc/tandem")]
    Rollback(Rollback),
    /// List who applied what, when and why
    #[command(after_help = "Examples:\n  tandem revisions --dir /etc/tandem\n  tandem revisions --json")]
    Revisions(Revisions),
    /// Say what changed between two revisions
    #[command(after_help = "Examples:\n  tandem diff 17 --dir /etc/tandem\n  tandem diff 12 17 --json")]
    Diff(Diff),
    /// Price lists: read them, look at them, compare them
    #[command(
        subcommand,
        disable_help_subcommand = true,
        after_help = "Examples:\n  tandem rate import northwind.csv --deck northwind --dir /etc/tandem\n  \
tandem rate price +82255501234"
    )]
    Rate(RateVerb),
    /// Say how many channels calls need, and what each [offer.*] would cost for them
    #[command(
        after_help = "Examples:\n  tandem cost --dir /etc/tandem\n  tandem cost --dir /etc/tandem --centre \
seattle --wan mpls --blocking 0.1% --json\n\nTraffic is what [site.*] says, else what call records show."
    )]
    Cost(Cost),
    /// Say what a house of some size needs: channels, ports, bandwidth, cores
    #[command(
        after_help = "Examples:\n  tandem capacity --users 2000\n  tandem capacity --users 2000 --direct 40% \
--srtp --codec opus --dir /etc/tandem\n  tandem capacity --traffic records --dir /etc/tandem --json\n\n\
With --dir it is compared with what the configuration allows. Cores are reckoned from measured figures,\n\
which are of another machine: --headroom says how far not to trust them."
    )]
    Capacity(Capacity),
    /// Count what records of calls hold: usage, failures, meetings, teams, trunks; and the phones there are
    #[command(
        after_help = "Examples:\n  tandem report usage --by day --last 30d --dir /etc/tandem\n  tandem \
report failures --last 24h --trunk northwind\n  tandem report trunks --from 2026-11-01 --until 2026-12-01 \
--csv --rows\n\nDays, weeks (from Monday) and months are those of the house's time_zone. A house may run \
meanwhile: then it is asked."
    )]
    Report(Report),
    /// Look after what a house keeps
    #[command(
        subcommand,
        disable_help_subcommand = true,
        after_help = "Examples:\n  tandem store verify --dir /etc/tandem\n  tandem store backup \
/srv/backup/monday\n  tandem store restore /srv/backup/monday --data /var/lib/tandem"
    )]
    Store(Store),
    /// Records of calls: check that they are those that were written, or make a table of them
    #[command(
        subcommand,
        disable_help_subcommand = true,
        after_help = "Examples:\n  tandem cdr verify --dir /etc/tandem\n  tandem cdr export \
calls.parquet --since 36h"
    )]
    Cdr(Cdr),
    /// Say who may ask for what by HTTP
    #[command(
        subcommand,
        disable_help_subcommand = true,
        after_help = "Examples:\n  tandem token create grafana --role reader --dir /etc/tandem\n  tandem \
token list --json"
    )]
    Token(Token),
    /// Sign in with your identity provider, to ask a house by HTTP
    #[command(after_help = "Examples:\n  tandem sign-in --dir /etc/tandem\n  tandem sign-in --issuer \
https://login.example.com/realms/corp\n  curl -H \"Authorization: Bearer $(tandem sign-in --print)\" \
https://edge.example.com:7443/api/v1/status\n\nA page is opened in any browser. What is got is kept for you \
alone, and renewed without asking again.")]
    SignIn(SignIn),
    /// Forget the sign-in, and have the provider forget it
    #[command(after_help = "Examples:\n  tandem sign-out\n  tandem sign-out --json\n\nExit code 6: it is \
forgotten here, and the provider has not said so.")]
    SignOut(SignOut),
    /// Look at who changed what, and check that nobody has edited it
    #[command(
        subcommand,
        disable_help_subcommand = true,
        after_help = "Examples:\n  tandem audit list --last 20 --dir /etc/tandem\n  tandem audit verify"
    )]
    Audit(Audit),
    /// Print what a shell needs to complete verbs and options
    #[command(after_help = "Examples:\n  tandem completions bash > \
/usr/share/bash-completion/completions/tandem\n  tandem completions zsh > ~/.zfunc/_tandem")]
    Completions(Completions),
    /// Write the pages of the manual into DIR
    #[command(
        after_help = "Examples:\n  tandem manual /usr/local/share/man/man1\n  tandem manual man && man \
-l man/tandem-up.1"
    )]
    Manual {
        /// The folder; it is made
        dir: PathBuf,
    },
    /// Explain a code, or show the help of a verb
    #[command(after_help = "Examples:\n  tandem help TD-R301\n  tandem help explain")]
    Help {
        /// A code such as TD-C017, or a verb
        topic: Option<String>,
    },
    /// Print the version
    #[command(after_help = "Examples:\n  tandem version\n  tandem version --json")]
    Version {
        /// One JSON document instead of text
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Args)]
pub struct Up {
    /// The configuration directory: every *.toml in it and below it is read
    #[arg(default_value = ".")]
    pub dir: PathBuf,
    /// Where call records and events are written [default: DIR/data]
    #[arg(long)]
    pub data: Option<PathBuf>,
    /// Signalling threads
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=64))]
    pub shards: u8,
    /// Media threads [default: 2, or 1 on a single core]
    #[arg(long, value_parser = clap::value_parser!(u8).range(1..=64))]
    pub media: Option<u8>,
    /// How long calls may go on after SIGTERM
    #[arg(long, default_value = "5m", value_parser = span)]
    pub drain_max: Duration,
    /// Megabytes of messages that are kept for `call ladder` and `call export`; 0 keeps none
    #[arg(long, default_value_t = 32, value_name = "MB")]
    pub flight_mb: usize,
    /// DNS servers to ask [default: those of this machine]
    #[arg(long, value_name = "IP")]
    pub dns: Vec<IpAddr>,
    /// Answer by HTTP there, on this machine alone: figures for Prometheus, calls, records, explanations.
    /// `tandem token create` says who may ask; `[system] http` answers others, within TLS
    #[arg(long, value_name = "IP:PORT")]
    pub http: Option<SocketAddr>,
    /// A file with one more token, of a reader
    #[arg(long, value_name = "FILE")]
    pub http_token_file: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct Demo {
    /// Make the calls, report, and stop
    #[arg(long)]
    pub headless: bool,
    /// Stop after so many seconds, whatever happens
    #[arg(long, value_name = "N")]
    pub seconds: Option<u64>,
    /// One JSON document instead of text
    #[arg(long)]
    pub json: bool,
    /// Write the demo's configuration to DIR, to keep and edit
    #[arg(long, value_name = "DIR")]
    pub save: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub enum Config {
    /// Read and compile DIR, and print every problem with its place and its cure
    #[command(
        after_help = "Examples:\n  tandem config check /etc/tandem\n  tandem config check my-edge --json"
    )]
    Check {
        /// The configuration directory
        #[arg(default_value = ".")]
        dir: PathBuf,
        /// One JSON document instead of text
        #[arg(long)]
        json: bool,
    },
    /// Print a trunk as it counts: what is written, with the provider's template below it
    #[command(
        after_help = "Examples:\n  tandem config show northwind --dir /etc/tandem\n  tandem config show \
northwind --json"
    )]
    Show {
        /// The trunk
        trunk: String,
        /// The configuration directory
        #[arg(long, default_value = ".")]
        dir: PathBuf,
        /// One JSON document instead of text
        #[arg(long)]
        json: bool,
    },
    /// Print the JSON Schema of the configuration, for editors
    #[command(
        after_help = "Examples:\n  tandem config schema > schema/tandem.schema.json\n  tandem config schema \
| jq .title"
    )]
    Schema,
}

#[derive(Debug, Subcommand)]
pub enum Failover {
    /// Plan sample calls with each server of TRUNK lost, and show where they would go; nothing is sent
    #[command(
        after_help = "Examples:\n  tandem failover test northwind --dir /etc/tandem\n  tandem failover \
test northwind --json\n\nIt ends with 1 if some loss leaves a call without any way."
    )]
    Test {
        /// The trunk that loses its servers
        trunk: String,
        /// The configuration directory
        #[arg(long, default_value = ".")]
        dir: PathBuf,
        /// One JSON document instead of text
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Args)]
pub struct Explain {
    /// What is dialled
    #[arg(allow_hyphen_values = true)]
    pub number: String,
    /// The configuration directory
    #[arg(long, default_value = ".")]
    pub dir: PathBuf,
    /// The user who dials
    #[arg(long, value_name = "WHO", conflicts_with = "via")]
    pub from: Option<String>,
    /// The trunk on which the call comes in
    #[arg(long, value_name = "TRUNK")]
    pub via: Option<String>,
    /// When: "2026-11-20 10:00" in the system's zone, or with an offset [default: now]
    #[arg(long, value_name = "TIME")]
    pub at: Option<String>,
    /// Show also what was not considered
    #[arg(long)]
    pub all: bool,
    /// One JSON document instead of text
    #[arg(long)]
    pub json: bool,
}

/// All verbs and options.
pub fn tree() -> clap::Command {
    Cli::command()
}

/// Reads the command line of this process. Prints help or the mistake, and exits, where there is no verb to
/// carry out.
pub fn parse() -> Cli {
    Cli::parse()
}

/// Reads a command line given as words.
pub fn parse_from<I>(words: I) -> Result<Cli, clap::Error>
where
    I: IntoIterator,
    I::Item: Into<OsString> + Clone,
{
    Cli::try_parse_from(words)
}

/// The stored calls of a directory, or of a house.
#[derive(Debug, Args)]
pub struct Test {
    /// The configuration directory
    #[arg(default_value = ".")]
    pub dir: PathBuf,
    /// Only the test of this name; again for another one
    #[arg(long, value_name = "NAME")]
    pub only: Vec<String>,
    /// Of the revision that runs, whatever stands in DIR by now
    #[arg(long)]
    pub running: bool,
    /// The data folder of the house that runs [default: DIR/data]
    #[arg(long, value_name = "DIR", requires = "running")]
    pub data: Option<PathBuf>,
    /// One JSON document instead of text
    #[arg(long)]
    pub json: bool,
}
