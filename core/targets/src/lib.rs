//! Where the servers of trunks are, and how each of their addresses stands. One book for each shard.
//!
//! Names are looked up in the background for as long as DNS says they hold; what was known stays when nobody
//! answers. Calls take addresses from the book and tell it what came of them, and so do probes.
//!
//! Not here: asking DNS (the shell), probing (`health`), whom a call tries (`policy`).
//!
//! Start at `Book`.

mod standing;
mod watch;

mod row;
mod search;
mod server;

mod book;

pub use book::{Attention, Book, Haste, Way, Wish};
pub use row::{Change, Outcome};
pub use standing::{Cause, Rules, Standing};
pub use watch::{Place, Watch};
