//! What a database has to do for the catalogue, and no more: one of ours in a file, or a server's.

use std::collections::BTreeMap;
use std::time::Duration;

use reports::brief::Unsound;
use thiserror::Error;

use super::row::Row;
use super::wanted::{Cursor, Wanted};
use crate::table::Span;

/// Why a database did not do it.
#[derive(Debug, Error)]
pub enum Fault {
    /// It cannot be read any more: it has to be made anew.
    #[error("{0}")]
    Broken(String),
    /// It may be better later.
    #[error("{0}")]
    NotNow(String),
    /// A server of databases is not there.
    #[error("[TD-S001] the server of records is not there: {0}")]
    Away(String),
    /// It is there, and does not let us: somebody has to change something.
    #[error("[TD-S002] the server of records does not take them: {0}")]
    Refused(String),
    /// Somebody else has filled it meanwhile.
    #[error("somebody else fills it")]
    NotAlone,
    #[error("the search took too long: say more of what is looked for, such as --since")]
    TooLong,
}

/// A part of a file whose lines were read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    pub file: String,
    pub from: u64,
    /// Behind its last whole line.
    pub to: u64,
    /// What stands there.
    pub text: Vec<u8>,
    pub rows: Vec<Row>,
}

impl Piece {
    /// The line that a row was made of.
    pub fn line(&self, row: &Row) -> &[u8] {
        let place = |at: u64| usize::try_from(at - self.from).unwrap_or(usize::MAX);
        self.text.get(place(row.at)..place(row.at + row.length)).unwrap_or_default()
    }
}

/// Where a line that was looked for stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    pub cursor: Cursor,
    pub id: String,
    pub file: String,
    pub at: u64,
    pub length: u64,
    /// The whole line, where the database has that too.
    pub line: Option<Line>,
}

/// A line that a database has itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    pub text: String,
    /// The node that kept it, where that is another one.
    pub node: Option<String>,
}

/// A row that is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    pub row: i64,
    pub file: String,
    pub at: u64,
    pub length: u64,
    pub id: String,
}

/// By what a row is to be found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meant {
    pub row: i64,
    pub began: i64,
    pub words: Vec<String>,
}

/// Up to where was read of what leads to rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReadOn {
    Begin,
    Times(i64, i64),
    Words(String, i64, i64),
}

/// Of records that are read through.
#[derive(Clone, Copy, Debug)]
pub enum Part<'p> {
    /// A whole line.
    Line(&'p [u8]),
    /// A block of `reports::brief`, in the place of its lines.
    Brief(&'p [u8]),
}

/// Takes parts; a block that is refused is handed over by its lines.
pub type EachPart<'e> = dyn FnMut(Part<'_>) -> Result<(), Unsound> + 'e;

/// A database that rows can be kept in.
pub trait Engine: Send + Sync {
    /// Opens it for the one who fills it; makes it where there is none.
    fn open(&self) -> Result<Box<dyn Filling>, Fault>;
    /// Opens it for somebody who only looks, beside the one who fills it.
    fn open_to_look(&self) -> Result<Box<dyn Filling>, Fault>;
    /// What is looked for, the newest first. Any thread may ask, also while it is filled.
    fn find(&self, wanted: &Wanted) -> Result<Vec<Hit>, Fault>;
    /// Hands over the records of all calls that began in a span, in any order, and perhaps others. Whoever
    /// fills it is not held up.
    fn each_part(&self, span: Span, each: &mut EachPart<'_>) -> Result<(), Fault>;
    /// Moves a broken one out of the way, so that all is read anew.
    fn set_aside(&self) -> Result<(), Fault>;
}

/// The one who fills it.
pub trait Filling {
    /// How far each file was read.
    fn marks(&mut self) -> Result<BTreeMap<String, u64>, Fault>;
    /// Takes the rows in and moves the marks: all of it, or nothing.
    fn take(&mut self, pieces: &[Piece]) -> Result<(), Fault>;
    /// Forgets the mark of a file that has gone, or has other lines now, and what was made of these.
    fn lose(&mut self, file: &str) -> Result<u64, Fault> {
        self.forget(file, None)
    }
    /// Deletes the rows of a file: those that began before a moment, or all with its mark.
    fn forget(&mut self, file: &str, before: Option<i64>) -> Result<u64, Fault>;
    /// Whether everything in it can be read; nothing is wrong where the list is empty.
    fn examine(&mut self) -> Result<Vec<String>, Fault>;
    /// The same, as long as it takes no longer.
    fn examine_within(&mut self, most: Duration) -> Result<Option<Vec<String>>, Fault>;
    /// Some rows behind one, in their order.
    fn rows_behind(&mut self, after: i64, most: u32) -> Result<Vec<Known>, Fault>;
    /// Whether a row is found by all these words.
    fn has_words(&mut self, row: i64, began: i64, words: &[String]) -> Result<bool, Fault>;
    /// The first of these rows that is not found by all of its words.
    fn first_without_words(&mut self, meant: &[Meant]) -> Result<Option<usize>, Fault> {
        for (at, Meant { row, began, words }) in meant.iter().enumerate() {
            if !self.has_words(*row, *began, words)? {
                return Ok(Some(at));
            }
        }
        Ok(None)
    }
    /// The newest row, where rows are counted; otherwise whatever comes before it is older.
    fn newest_row(&mut self) -> Result<i64, Fault> {
        Ok(i64::MAX)
    }
    /// Reads so much of what leads to rows; where to go on, if there is more.
    fn read_on(&mut self, from: &ReadOn, most: u32) -> Result<Option<ReadOn>, Fault>;
    /// Every row of a file in order: where its line begins, how long it is, and its id.
    fn each_row(&mut self, file: &str, each: &mut dyn FnMut(u64, u64, &str)) -> Result<(), Fault>;
}
