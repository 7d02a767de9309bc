//! Whoever answers.

use std::net::SocketAddr;

use model::Role;
use serde_json::Value;
use switch::{Held, TrunkView};

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
    /// The house cannot say it now.
    NotNow(String),
    /// It would be a change that nobody could read of later.
    NotRecorded(String),
}

/// Who asks: whoever holds a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    pub name: String,
    pub role: Role,
}

/// What the audit log is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deed {
    /// `None`: a stranger.
    pub who: Option<Person>,
    pub from: SocketAddr,
    /// The method, and what it was asked of.
    pub what: String,
    pub became: Became,
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

/// A running house. Answers may take a second or two: they are asked for on threads that may wait.
pub trait House: Send + Sync + 'static {
    /// Whose token it is. Asked before every answer: it does not wait.
    fn holder(&self, token: &str) -> Option<Person>;
    /// Writes it down; on return it is on the disk.
    fn record(&self, deed: &Deed) -> Result<(), Refused>;
    /// What was written down after a number.
    fn deeds(&self, after: u64, most: usize) -> Answer;
    fn tokens(&self) -> Answer;
    /// Makes a token, and tells it this once.
    fn create_token(&self, name: &str, role: Role, days: Option<u16>) -> Answer;
    fn revoke_token(&self, name: &str) -> Answer;
    /// `None`: a part of it does not answer.
    fn standing(&self) -> Option<Standing>;
    fn status(&self) -> Answer;
    /// The trunks, or one of them.
    fn trunks(&self, name: Option<&str>) -> Answer;
    /// The calls in progress, at most so many.
    fn calls(&self, most: u16) -> Answer;
    /// A call in progress, or one that ended.
    fn call(&self, id: &str) -> Answer;
    /// The phones that are registered, and who watches.
    fn phones(&self) -> Answer;
    /// Records after the one that has this id, the oldest first; from the first, where none is named.
    fn records(&self, after: Option<&str>, most: usize) -> Answer;
    /// What was applied.
    fn revisions(&self) -> Answer;
    /// What would become of a call of a user or a trunk.
    fn explain(&self, number: &str, from: Option<&str>, via: Option<&str>, at: Option<&str>) -> Answer;
}
