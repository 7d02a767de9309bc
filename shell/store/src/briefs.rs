//! Records in brief: for each file of records one with what reports are made of (`reports::brief`), a
//! fiftieth of its size. The records are what is true: a brief says of which bytes it was made, and where
//! these are others now, or it is not whole, it is as good as none, and the records are read.
//!
//! `file` is how one stands on the disk, `make` makes them behind whoever keeps records, `examined`
//! compares. They name people as records do, and go with them.

mod examined;
mod file;
mod make;

pub use examined::{BriefsExamined, examine_briefs};
pub use file::{Brief, forget};
pub use make::{Maker, make_briefs};
