//! Whoever answers.

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
    /// The house cannot say it now.
    NotNow(String),
}

/// A running house. Answers may take a second or two: they are asked for on threads that may wait.
pub trait House: Send + Sync + 'static {
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
