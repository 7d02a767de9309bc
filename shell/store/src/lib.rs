//! What lasts: call records, as complete lines of JSON in append-only files; where phones are and who watches
//! whom; revisions of the configuration.
//!
//! `Store::keep` takes records in and never waits; one thread writes them, another makes them survive the
//! death of the machine, and says when they do (`landing`). `Catalogue` finds them again: a database made of
//! those files, which can be made anew at any time, beside them or on a server.
//! Start at `store`, and go on to `queue`, `writer` and `syncer`, which go at a `pace`; `file` is one day's
//! file, `chain` binds its lines to those before, `chained` follows that, `torn` repairs after a crash,
//! `reader` reads back, `catalogue` searches, `briefs` are what reports read; `ledger` is for what changes,
//! `revisions` stands for itself; `tokens` and `audit` are about who comes by HTTP. `events` keeps what
//! happened, `recordings` what was said, `captures` packets (`pcapng`), `reels` messages, `key` what seals
//! addresses of phones; `identity` tells data folders apart, `backup` copies all of it, and `table` makes
//! records a table of `parquet`. Until a file has a record it is in `spool`, too.

mod audit;
mod backup;
mod briefs;
mod captures;
mod catalogue;
mod chain;
mod chained;
mod code;
mod day;
mod day_folders;
mod events;
mod file;
mod identity;
mod key;
mod landing;
mod ledger;
mod pace;
mod parquet;
pub mod pcapng;
mod phone_line;
mod private;
mod queue;
mod reader;
mod recordings;
mod reels;
mod revisions;
mod spool;
mod store;
mod syncer;
mod table;
mod thrift;
mod tokens;
mod torn;
mod trouble;
mod writer;

pub use audit::{Audit, Broken, Deed, Holds, Step, deeds, has_hash, verify};
pub use backup::{Backup, BackupFault, Copied, back_up, restore};
pub use briefs::{BriefsExamined, examine_briefs, make_briefs};
pub use captures::{CaptureLimits, CaptureTrouble, CaptureWay, Captures};
pub use catalogue::{
    Alone, Catalogue, CatalogueFault, Cursor, Database, EachPart, Examined, FoundCalls, Health, NoCursor,
    Note, Part, Postgres, PostgresHost, Wanted, each_part, examine, examine_on, turned_away_id,
};
pub use chained::{Chained, Finding, follow, has_link};
pub use code::{CODES, StoreCode};
pub use events::{EventLimits, EventLog, event_files};
pub use key::{Key, gruu_key};
pub use landing::{Landed, Mark};
pub use ledger::{Entry, Gather, Helps, Ledger, Messages, Phones, Restored, Watchers};
pub use queue::{Counts, Settings};
pub use reader::{ReadFault, Records, is_plain, record_files, records_in};
pub use recordings::{Recordings, TapeTrouble, Tapes};
pub use reels::{Kept, ReelLimits, ReelQuestion, ReelSizes, ReelWriter, Reels, ReelsExamined, examine_reels};
pub use revisions::{
    About, Cause, Content, List, Retention, Revisions, Torn, content_of, digest, holds_revisions,
    revisions_in,
};
pub use store::Store;
pub use table::{Exported, Span, export_parquet};
pub use tokens::{Token, TokenFault, Tokens, is_same};
pub use trouble::{Found, OpenFault, Trouble};
