//! What lasts: call records, as complete lines of JSON in append-only files; where phones are and who watches
//! whom; revisions of the configuration.
//!
//! `Store::keep` returns once the kernel has the lines, so the death of this process loses nothing; a thread
//! of its own makes them survive the death of the machine. It is not a database: nothing is looked up here.
//! Start at `store`; `file` is one day's file, `torn` repairs after a crash, `reader` reads back;
//! `ledger` is for what changes, `revisions` stands for itself.

mod day;
mod file;
mod ledger;
mod private;
mod reader;
mod revisions;
mod store;
mod torn;

pub use ledger::{Entry, Ledger, Messages, Phones, Restored, Watchers};
pub use reader::{ReadFault, Records, records_in};
pub use revisions::{
    About, Cause, Content, List, Retention, Revisions, Torn, content_of, digest, holds_revisions,
    revisions_in,
};
pub use store::{Counts, Found, OpenFault, Settings, Store, Trouble};
