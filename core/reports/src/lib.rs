//! What records of calls come to: sums by hour, day, week or month where people live.
//!
//! Lines of records in, one report out. It reads no file and asks nobody. A [`Question`] with the moment at
//! which it is asked makes [`Wanted`]; a [`Tally`] takes lines in, in any order, and ends as a [`Report`].
//! `shape` is the table of reports: a column is one row of it. Start there. So that lines are not read anew
//! for each report, [`brief`] keeps what reports are made of, and a tally takes that in just as well.

pub mod brief;
mod calendar;
mod kind;
mod line;
mod names;
mod peak;
mod question;
mod report;
mod rooms;
mod shape;
mod tally;

pub use calendar::{By, Point, Zone};
pub use line::{Attempt, Call, Direction, Facts, Line};
pub use names::Names;
pub use question::{Question, Wanted, Wrong};
pub use report::{Figures, Report, Row, ShownPoint};
pub use shape::{Column, KINDS, Shape, Sum, Unit};
pub use tally::Tally;
