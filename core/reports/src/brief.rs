//! Records in brief: what reports are made of, for many calls, as bytes that are read in a fraction of the
//! time that lines take.
//!
//! Sums alone would not do: sites and teams are those of the documents in force, zones change, and questions
//! are about one user or trunk. So a block keeps the times of each call, and beside them, for each report,
//! which kind of call it was to that report (`kind`); whatever depends on documents, zones and questions is
//! worked out once for each kind. `write` makes a block of lines, `read` takes it apart again.

mod bytes;
mod read;
mod write;

pub use read::{Block, Kinds};
pub use write::Writer;

/// Counted up whenever the same lines would become other bytes, or other lines would count.
pub const FORMAT: u32 = 2;

/// What stands before the names of parties.
const USER: char = 'u';
const TRUNK: char = 't';

/// What cannot be read as a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it is no block of records in brief")]
pub struct Unsound;
