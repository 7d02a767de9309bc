//! Whoever answers.

use std::net::SocketAddr;

use model::{Captured, Role};
use serde_json::Value;

use crate::condition::Condition;
use crate::forms::Form;
use switch::{Held, MakeCall, Notice, TrunkView};

/// The house at one moment, as far as figures are made of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Standing {
    pub version: &'static str,
    pub revision: u64,
    pub is_draining: bool,
    pub held: Held,
    /// Requests of phones that were left to be said again.
    pub put_off: u64,
    pub trunks: Vec<TrunkView>,
    pub captures: Vec<Sent>,
    pub traces: Vec<Sent>,
    pub webhooks: Vec<Sent>,
    pub pushes: Vec<Sent>,
    pub observers: Vec<ObserverFigures>,
    /// Copies of messages that came from addresses which nobody named.
    pub strangers_observing: u64,
    pub kept_messages: KeptMessages,
    /// Files that desk phones were given, and those that somebody asked for and was not.
    pub phone_files: (u64, u64),
    pub searching: Searching,
    pub directories: Vec<DirectoryFigures>,
    pub certificates: Vec<CertificateFigures>,
}

/// What somebody has told of messages that he has seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObserverFigures {
    pub name: String,
    /// How many copies of messages became what.
    pub messages: Vec<(&'static str, u64)>,
}

/// What is on the disk of the messages of calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KeptMessages {
    pub bytes: u64,
    /// Since the start.
    pub written: u64,
    /// Those that were gone before they could be written.
    pub missed: u64,
    /// Whether the disk takes them.
    pub is_up: bool,
}

/// How what searches records stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Searching {
    /// Bytes of records that nobody can search yet.
    pub behind_bytes: u64,
    /// Whether it takes them in.
    pub is_up: bool,
}

/// How a directory stands that users come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DirectoryFigures {
    pub name: String,
    pub users: usize,
    /// Entries that are no users.
    pub left_out: usize,
    /// Whether somebody has to look before its users change.
    pub is_held: bool,
    /// When its users were last as it says.
    pub current_ms: Option<i64>,
}

/// How a certificate stands that the house shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateFigures {
    /// Its first name, where an authority gives it; its file otherwise.
    pub name: String,
    /// `None`: it cannot be read.
    pub until_ms: Option<i64>,
    /// Tries to renew it that failed in a row, where the house does that.
    pub failures: Option<u32>,
}

/// What becomes of a question for a desk phone's settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Given {
    File {
        kind: &'static str,
        text: String,
    },
    /// Whatever is wrong: nobody is told what.
    Nothing,
    /// There were too many wrong ones from there.
    TooOften,
}

/// What was sent on to somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    pub to: String,
    pub sent: u64,
    pub missed: u64,
}

/// What was asked for, or why there is nothing.
pub type Answer = Result<Value, Refused>;

/// Why a question has no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// The question makes no sense, and why.
    Wrong(String),
    /// There is no such thing.
    Missing(String),
    /// It is there already, or there is no room for more.
    Taken(String),
    /// It is not in the state that the asker named.
    NotThat,
    /// Somebody else is in the middle of something.
    Conflict(String),
    /// With it the configuration would not hold.
    Unacceptable(Box<Unacceptable>),
    /// The house declines what a caller could have dialled.
    Declined(Declined),
    /// The house cannot say it now.
    NotNow(String),
    /// No such capture is made, and why.
    NotCaptured(String),
    /// It would be a change that nobody could read of later.
    NotRecorded(String),
}

/// Why a call is not made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Declined {
    /// As refused callers have it in their record.
    pub code: String,
    /// What a caller would have been answered.
    pub sip_status: u16,
    pub words: String,
}

/// Why a document is not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unacceptable {
    /// Of the first thing that is wrong; `None` where the document itself cannot be written so.
    pub code: Option<String>,
    pub detail: String,
    /// Where in the document, as a JSON pointer.
    pub path: Option<String>,
    pub suggestion: Option<String>,
    /// Everything that is wrong: problems with their places, and stored tests that fail.
    pub problems: Value,
    pub tests: Value,
}

/// What somebody wishes of one document.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    pub kind: &'static str,
    pub name: String,
    /// `None`: it goes.
    pub becomes: Option<Value>,
    pub condition: Condition,
    pub is_dry_run: bool,
    pub wish: Wish,
}

/// A call that somebody wants made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallWish {
    pub call: MakeCall,
    pub is_dry_run: bool,
    /// Asked again under it, the same call is meant.
    pub key: Option<String>,
    pub who: String,
}

/// Who wishes to change the house, and why.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wish {
    pub who: String,
    pub why: Option<String>,
    /// It is taken back unless somebody confirms it within so many seconds.
    pub confirm_s: Option<u16>,
}

/// A document in force.
#[derive(Clone, Debug, PartialEq)]
pub struct Shown {
    pub value: Value,
    /// Its entity tag, in quotes.
    pub tag: String,
    pub revision: u64,
    /// The file and the line where it begins.
    pub defined_at: String,
}

/// What became of a change.
#[derive(Clone, Debug, PartialEq)]
pub struct Changed {
    pub outcome: Value,
    pub revision: u64,
    /// Of the document, if there is one.
    pub tag: Option<String>,
    /// Where it is found, if it is new.
    pub is_new: Option<String>,
}

/// Who asks: whoever holds a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    pub name: String,
    pub role: Role,
}

/// Why somebody is nobody here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unknown {
    /// Without a token, or with none of ours.
    Nobody,
    /// The token is somebody's whom we could believe, and is no good; why.
    NoGood(String),
    /// Somebody has signed in, and has no role here; why.
    NoRole { name: String, words: String },
    /// It is being found out.
    Waiting,
    /// It cannot be found out now; why.
    NotNow(String),
}

/// What the audit log is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deed {
    pub who: Who,
    pub from: SocketAddr,
    /// The method, and what it was asked of.
    pub what: String,
    pub became: Became,
}

/// By whom it is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Who {
    Stranger,
    /// Somebody who has signed in, and has no role.
    NoRole(String),
    Person(Person),
}

/// How far it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Became {
    /// It is about to be done.
    Asked,
    /// It was answered with this status.
    Answered(u16),
    /// The asker may not.
    TurnedAway(u16),
}

/// What somebody looks for among calls; what is not said does not matter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sought<'a> {
    pub number: Option<&'a str>,
    pub user: Option<&'a str>,
    pub trunk: Option<&'a str>,
    pub cause: Option<&'a str>,
    pub since: Option<&'a str>,
    pub until: Option<&'a str>,
    /// Where the list before this one ended.
    pub after: Option<&'a str>,
    pub most: usize,
}

/// Which report somebody wants; what is not said is as usual.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counted<'a> {
    pub by: Option<&'a str>,
    pub from: Option<&'a str>,
    pub until: Option<&'a str>,
    pub last: Option<&'a str>,
    pub site: Option<&'a str>,
    pub trunk: Option<&'a str>,
    pub user: Option<&'a str>,
}

/// A running house. Answers may take a second or two: they are asked for on threads that may wait.
pub trait House: Send + Sync + 'static {
    /// Whose token it is. Asked before every answer: it does not wait.
    fn holder(&self, token: &str) -> Result<Person, Unknown>;
    /// What a desk phone is given that asks for a file behind an address of its own. It does not wait.
    fn phone_file(&self, door: &str, name: &str, from: SocketAddr) -> Given;
    /// Writes it down; on return it is on the disk.
    fn record(&self, deed: &Deed) -> Result<(), Refused>;
    /// What was written down after a number.
    fn deeds(&self, after: u64, most: usize) -> Answer;
    fn tokens(&self) -> Answer;
    /// Makes a token, and tells it this once.
    fn create_token(&self, name: &str, role: Role, days: Option<u16>) -> Answer;
    fn revoke_token(&self, name: &str) -> Answer;
    /// Documents of a kind after the one of this name, in order of the names.
    fn documents(&self, kind: &str, after: Option<&str>, most: usize) -> Answer;
    fn document(&self, kind: &str, name: &str) -> Result<Shown, Refused>;
    fn change(&self, change: Change) -> Result<Changed, Refused>;
    fn revision(&self, number: &str) -> Answer;
    /// What an apply of the directory would do.
    fn plan(&self) -> Answer;
    /// Applies the directory, if the revision and the digest are those that were seen.
    fn apply(&self, seen: (Option<u64>, Option<String>), wish: Wish) -> Answer;
    fn confirm(&self, wish: Wish) -> Answer;
    fn roll_back(&self, to: Option<u64>, wish: Wish) -> Answer;
    /// `None`: a part of it does not answer.
    fn standing(&self) -> Option<Standing>;
    fn status(&self) -> Answer;
    /// The trunks, or one of them.
    fn trunks(&self, name: Option<&str>) -> Answer;
    /// The calls in progress, at most so many.
    fn calls(&self, most: u16) -> Answer;
    /// A call in progress, or one that ended.
    fn call(&self, id: &str) -> Answer;
    /// Rings a user's phones for a call of theirs.
    fn make_call(&self, wish: &CallWish) -> Answer;
    /// Takes what a program says of a user.
    fn notice(&self, notice: &Notice) -> Answer;
    /// What the stored tests find in the policy in force; the one of this name alone, if one is named.
    fn run_tests(&self, name: Option<&str>) -> Answer;
    /// Ends a call in progress.
    fn hang_up(&self, id: &str) -> Answer;
    /// Keeps the packets of a call in progress, and so much of its media.
    fn capture(&self, id: &str, media: Captured, seconds: Option<u32>) -> Answer;
    /// What a call's parties said to each other, drawn or as a file; a capture has its packets, too, where
    /// they were kept.
    fn messages(&self, id: &str, form: Form) -> Result<Vec<u8>, Refused>;
    /// Takes no new calls but those for help, until it resumes.
    fn drain(&self) -> Answer;
    fn resume(&self) -> Answer;
    /// Lets a trunk take no new calls, until it resumes.
    fn drain_trunk(&self, name: &str) -> Answer;
    fn resume_trunk(&self, name: &str) -> Answer;
    /// The phones that are registered, and who watches.
    fn phones(&self) -> Answer;
    /// Records after the one that has this id, the oldest first; from the first, where none is named.
    fn records(&self, after: Option<&str>, most: usize) -> Answer;
    /// Calls that ended and callers who were turned away, the newest first.
    fn find(&self, sought: &Sought<'_>) -> Answer;
    /// What records of calls come to, or the phones that there are.
    fn report(&self, name: &str, counted: &Counted<'_>) -> Answer;
    /// What was applied.
    fn revisions(&self) -> Answer;
    /// What would become of a call of a user or a trunk.
    fn explain(&self, number: &str, from: Option<&str>, via: Option<&str>, at: Option<&str>) -> Answer;
}
