//! What lasts: call records, as complete lines of JSON in append-only files; where phones are and who watches
//! whom; revisions of the configuration.
//!
//! `Store::keep` takes records in and never waits; a thread of its own writes them, makes them survive the
//! death of the machine, and says when they do (`landing`). `Catalogue` finds them again: a database made of
//! those files, which can be made anew at any time.
//! Start at `store`; `file` is one day's file, `torn` repairs after a crash, `reader` reads back, `catalogue`
//! searches; `ledger` is for what changes, `revisions` stands for itself; `tokens` and `audit` are about who
//! comes by HTTP. `recordings` writes down what was said.

mod audit;
mod catalogue;
mod day;
mod file;
mod landing;
mod ledger;
mod private;
mod reader;
mod recordings;
mod revisions;
mod store;
mod tokens;
mod torn;

pub use audit::{Audit, Broken, Deed, Holds, Step, deeds, has_hash, verify};
pub use catalogue::{
    Alone, Catalogue, CatalogueFault, Cursor, Examined, FoundCalls, NoCursor, Note, Wanted, examine,
    turned_away_id,
};
pub use landing::{Landed, Mark};
pub use ledger::{Entry, Ledger, Messages, Phones, Restored, Watchers};
pub use reader::{ReadFault, Records, records_in};
pub use recordings::{Recordings, TapeTrouble, Tapes};
pub use revisions::{
    About, Cause, Content, List, Retention, Revisions, Torn, content_of, digest, holds_revisions,
    revisions_in,
};
pub use store::{Counts, Found, OpenFault, Settings, Store, Trouble};
pub use tokens::{Token, TokenFault, Tokens, is_same};
