//! Verbs for a house that runs: they find it by its data folder.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::drawn::{Export, Ladder};
use crate::find::Find;
use crate::house::House;

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

#[derive(Debug, Args)]
pub struct Drain {
    #[command(flatten)]
    pub house: House,
    /// Wait until the last call has ended; Ctrl-C stops the waiting and nothing else
    #[arg(long)]
    pub wait: bool,
    /// One JSON document instead of text
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct Resume {
    #[command(flatten)]
    pub house: House,
    /// One JSON document instead of text
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
    /// Take no new calls from a trunk and send it none, until it resumes; those in progress go on
    #[command(
        after_help = "It holds over a restart. Calls for help take it where no other trunk is left.\n\n\
Examples:\n  tandem trunk drain northwind --dir /etc/tandem\n  tandem trunk drain northwind --json"
    )]
    Drain(OneTrunk),
    /// Let a drained trunk take calls again
    #[command(
        after_help = "Examples:\n  tandem trunk resume northwind --dir /etc/tandem\n  tandem trunk resume \
northwind --json"
    )]
    Resume(OneTrunk),
    /// One trunk, and how it has served us since the start
    #[command(
        long_about = "One trunk: its calls, its limit, its registration, its far ends, and how it has served \
us since the start, in the figures of RFC 6076:\n\n\
SER   of requests for sessions that were not redirected, the share that was answered\n\
SEER  the same, and those that the called party is the reason for: 480, 486, 600, 603\n\
ISA   of all requests, the share that the far end could not serve: 408, 500, 503, 504, silence\n\
SCR   of all requests, the share whose session was answered and ended as it should\n\
IRA   of requests to be registered, the share that was refused or not answered",
        after_help = "Examples:\n  tandem trunk show northwind --dir /etc/tandem\n  tandem trunk show \
northwind --json"
    )]
    Show {
        /// Its name in [trunk.NAME]
        name: String,
        #[command(flatten)]
        house: House,
        /// One JSON document instead of text
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Args)]
pub struct OneTrunk {
    /// Its name in [trunk.NAME]
    pub name: String,
    #[command(flatten)]
    pub house: House,
    /// One JSON document instead of text
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Subcommand)]
pub enum User {
    /// Everybody who has a phone registered, and where it is
    #[command(after_help = "Examples:\n  tandem user list --dir /etc/tandem\n  tandem user list --json")]
    List {
        #[command(flatten)]
        house: House,
        /// One JSON document instead of text
        #[arg(long)]
        json: bool,
    },
    /// Desk phones that fetch their settings, and the address where each asks: a secret of its own
    #[command(
        after_help = "Examples:\n  tandem user phones --dir /etc/tandem\n  tandem user phones hana --json"
    )]
    Phones {
        /// The name in [user.NAME]; everybody's where it is missing
        name: Option<String>,
        /// The configuration directory
        #[arg(long, default_value = ".")]
        dir: PathBuf,
        /// One JSON document instead of text
        #[arg(long)]
        json: bool,
    },
    /// Say what a user does, as a calendar or a carrier of mobiles would, to those who watch
    #[command(
        after_help = "It holds for an hour, or as long as --seconds says, and replaces what the same program \
said before.\n\nExamples:\n  tandem user notice hana --program calendar \
--activity meeting --note \"until 3\" --seconds 5400\n  tandem user notice +14255550199 --program mobile \
--activity on-the-phone\n  tandem user notice hana --program calendar --over"
    )]
    Notice(UserNotice),
    /// Reads a password, and says what to keep in its place: what digests make of it (HA1)
    #[command(after_help = "Examples:\n  tandem user secret hana --realm contoso.example \
< password > hana.secret\n  tandem user secret minsu --realm contoso.example < /dev/tty")]
    Secret {
        /// The name in [user.NAME]
        name: String,
        /// The realm of the house: `[system] realm`
        #[arg(long)]
        realm: String,
    },
    /// One user's registered phones
    #[command(
        after_help = "Examples:\n  tandem user show hana --dir /etc/tandem\n  tandem user show hana --json"
    )]
    Show {
        /// The name in [user.NAME]
        name: String,
        #[command(flatten)]
        house: House,
        /// One JSON document instead of text
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Subcommand)]
pub enum Webhook {
    /// Send records again, from a moment on; at once where the house runs, else when it does
    #[command(
        after_help = "Examples:\n  tandem webhook replay billing --since 2026-11-01 --dir /etc/tandem\n  \
tandem webhook replay billing --since \"2026-11-22T10:00:00+01:00\""
    )]
    Replay {
        /// Its name in [webhook.NAME]
        name: String,
        /// What ended then or later
        #[arg(long, value_name = "TIME")]
        since: String,
        #[command(flatten)]
        house: House,
    },
}

#[derive(Debug, Subcommand)]
pub enum Call {
    /// Calls, the newest last
    #[command(after_help = "Examples:\n  tandem call list --dir /etc/tandem\n  tandem call list --refused \
--last 100 --json")]
    List {
        #[command(flatten)]
        house: House,
        /// Only calls that were refused or turned away
        #[arg(long)]
        refused: bool,
        /// Only calls in progress
        #[arg(long, conflicts_with = "refused")]
        live: bool,
        /// How many
        #[arg(long, default_value_t = 20, value_name = "N")]
        last: usize,
        /// One JSON document instead of text
        #[arg(long)]
        json: bool,
    },
    /// Calls that ended or were turned away, by number, user, trunk, cause and time
    #[command(
        after_help = "Examples:\n  tandem call find --number +12065550142 --dir /etc/tandem\n  tandem call \
find --trunk northwind --cause 503 --since 36h --json"
    )]
    Find(Find),
    /// One call: what became of it, every attempt, and why it went there
    #[command(after_help = "Examples:\n  tandem call show c019f3a9b2c0-1 --dir /etc/tandem\n  \
tandem call show c019f3a9b2c0-1 --json")]
    Show {
        /// The id that the list shows, the Call-ID of the caller's or of an attempt's leg, or a Session-ID or
        /// one of its two names: then every call that bore it
        id: String,
        #[command(flatten)]
        house: House,
        /// One JSON document instead of text
        #[arg(long)]
        json: bool,
    },
    /// Ring a user's own phones, and connect the one that answers with NUMBER, as if it had dialled it
    #[command(after_help = "Examples:\n  tandem call make 2065550142 --from hana --dir /etc/tandem\n  \
tandem call make 0101 --from hana --wait --json\n\nIt ends with 1 if the call may not be made or no phone \
could ring; with --wait also if nobody was reached.")]
    Make(Make),
    /// End one call in progress; a call for help is ended by its parties alone
    #[command(after_help = "Examples:\n  tandem call hangup c019f3a9b2c0-1 --dir /etc/tandem\n  \
tandem call hangup c019f3a9b2c0-1 --json")]
    Hangup {
        /// The id that the list shows
        id: String,
        #[command(flatten)]
        house: House,
        /// One JSON document instead of text
        #[arg(long)]
        json: bool,
    },
    /// The messages of one call, in progress or not, drawn between those who exchanged them
    Ladder(Ladder),
    /// Keep the packets of one call in progress, decrypted, both legs and both ways
    Capture(Capture),
    /// One call as a file for somebody else, in progress or not: its messages decrypted, secrets blotted out
    Export(Export),
}

/// What a program says of a user.
#[derive(Debug, Args)]
pub struct UserNotice {
    /// A name, number, extension or mobile
    pub user: String,
    /// Who says it: small letters, digits and hyphens; what mobile says of on-the-phone lights lamps, too
    #[arg(long, value_name = "NAME")]
    pub program: String,
    /// What the user does, in a word of RFC 4480: meeting, away, busy, vacation, on-the-phone …
    #[arg(long = "activity", value_name = "WORD")]
    pub activities: Vec<String>,
    /// What watchers read beside it
    #[arg(long)]
    pub note: Option<String>,
    /// How long it holds
    #[arg(long, value_name = "N")]
    pub seconds: Option<u32>,
    /// The program has nothing to say any more
    #[arg(long, conflicts_with_all = ["activities", "note", "seconds"])]
    pub over: bool,
    #[command(flatten)]
    pub house: House,
    /// One JSON document instead of text
    #[arg(long)]
    pub json: bool,
}

/// A call that is made for a user.
#[derive(Debug, Args)]
pub struct Make {
    /// Whom the user wants: what they would dial
    #[arg(value_name = "NUMBER")]
    pub to: String,
    /// The user whose phones ring: a name, a number or an extension
    #[arg(long, value_name = "USER")]
    pub from: String,
    /// Tell the phone to answer by itself
    #[arg(long)]
    pub auto_answer: bool,
    /// Say how it goes until it is over
    #[arg(long)]
    pub wait: bool,
    #[command(flatten)]
    pub house: House,
    /// One JSON document instead of text
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Keys that are pressed are never kept, but for those that are heard as tones. How much may \
be kept, and for how long, say [system.packets] and the key capture of users, sites and trunks.\n\n\
Examples:\n  tandem call capture c019f3a9b2c0-1 --dir /etc/tandem\n  \
tandem call capture c019f3a9b2c0-1 --sound --seconds 60"
)]
pub struct Capture {
    /// The id that the list shows
    pub id: String,
    #[command(flatten)]
    pub house: House,
    /// For how long; as long as may be where it is missing
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=65_535))]
    pub seconds: Option<u32>,
    /// Headers of its media, and all reports: the usual
    #[arg(long, conflicts_with = "sound")]
    pub headers: bool,
    /// What is said, too
    #[arg(long)]
    pub sound: bool,
    /// One JSON document instead of text
    #[arg(long)]
    pub json: bool,
}
