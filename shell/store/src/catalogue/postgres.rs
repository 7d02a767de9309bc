//! The catalogue on a server of PostgreSQL: what all nodes of an organisation have kept, with the records
//! themselves, so that each can be asked about all of them, also where a node's disk is lost.
//!
//! `link` is a connection, `seal` its TLS, `tables` what stands there, `filling` who writes it, `question`
//! what is asked. Three connections at most: one fills, one searches, one reads all.

mod filling;
mod link;
mod question;
mod seal;
mod tables;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::engine::{EachPart, Engine, Fault, Filling, Hit, Part};
use super::wanted::{Cursor, Wanted};
use crate::identity::identity;
use crate::table::Span;
use filling::{FILL_MAX, Open};
use link::Link;

pub use link::{Postgres, PostgresHost};

/// Ended by the server after the first, and by us after the second: it may be dead.
const SEARCH_MS: u64 = 5_000;
const SEARCH_MAX: Duration = Duration::from_secs(8);
const FILL_MS: u64 = 30_000;
const EXAMINE_MS: u64 = 600_000;
/// So many records are read at once where all are.
const TOGETHER: i64 = 1_000;
/// Whoever says so little for so long would say no more to another connection.
const SILENCE: Duration = Duration::from_secs(2);
/// So many searches wait for one another.
const WAITING_MAX: usize = 16;

/// A server, and the data folder whose records go there.
pub struct Server {
    to: Postgres,
    data: PathBuf,
    is_stopping: Arc<AtomicBool>,
    searching: Mutex<Option<Link>>,
    waiting: AtomicUsize,
}

/// One who waits for a search.
struct Waiting<'w>(&'w AtomicUsize);

impl Server {
    pub fn new(to: Postgres, data: &Path, is_stopping: Arc<AtomicBool>) -> Server {
        Server {
            to,
            data: data.to_owned(),
            is_stopping,
            searching: Mutex::default(),
            waiting: AtomicUsize::new(0),
        }
    }

    fn identity(&self) -> Result<String, Fault> {
        identity(&self.data).map_err(|error| Fault::NotNow(format!("{}: {error}", self.data.display())))
    }

    fn connect(&self, statement_ms: u64) -> Result<Link, Fault> {
        Link::open(&self.to, &tables::session(&self.to, statement_ms), &self.is_stopping)
    }

    fn seated(&self) -> Result<Open, Fault> {
        let identity = self.identity()?;
        let mut link = self.connect(FILL_MS)?;
        tables::make(&mut link, &self.to, FILL_MAX)?;
        let name = &self.to.node;
        let seat = link.run(FILL_MAX, async |client| tables::take_seat(client, &identity, name).await)?;
        let too_many = || Fault::NotNow("too many nodes begin there at once".to_owned());
        Open::new(link, seat.ok_or_else(too_many)?)
    }

    /// A connection that was left alone may be dead without anybody's knowing: then a new one is asked.
    fn ask(&self, wanted: &Wanted, identity: &str) -> Result<Vec<Hit>, Fault> {
        let mut searching = self.searching.lock().unwrap_or_else(PoisonError::into_inner);
        let ask = |link: &mut Link| {
            link.run(SEARCH_MAX, async |client| question::find(client, wanted, identity).await)
        };
        if let Some(mut link) = searching.take() {
            let begun = Instant::now();
            match ask(&mut link) {
                Err(Fault::Away(_)) if begun.elapsed() < SILENCE => {}
                Err(fault @ Fault::Away(_)) => return Err(fault),
                done => {
                    *searching = Some(link);
                    return done;
                }
            }
        }
        let mut link = self.connect(SEARCH_MS)?;
        let found = ask(&mut link)?;
        *searching = Some(link);
        Ok(found)
    }
}

impl Engine for Server {
    fn open(&self) -> Result<Box<dyn Filling>, Fault> {
        Ok(Box::new(self.seated()?))
    }

    fn open_to_look(&self) -> Result<Box<dyn Filling>, Fault> {
        let identity = self.identity()?;
        let mut link = self.connect(EXAMINE_MS)?;
        let nothing = || Fault::NotNow("nothing of this node is on the server of records yet".to_owned());
        if !tables::are_there(&mut link, &self.to, FILL_MAX)? {
            return Err(nothing());
        }
        let seat = link.run(FILL_MAX, async |client| tables::look_at_seat(client, &identity).await)?;
        let seat = seat.ok_or_else(nothing)?;
        Ok(Box::new(Open::new(link, seat)?))
    }

    fn find(&self, wanted: &Wanted) -> Result<Vec<Hit>, Fault> {
        let identity = self.identity()?;
        let _waiting = Waiting::begin(&self.waiting)?;
        self.ask(wanted, &identity)
    }

    fn each_part(&self, span: Span, each: &mut EachPart<'_>) -> Result<(), Fault> {
        let mut link = self.connect(FILL_MS)?;
        if !tables::are_there(&mut link, &self.to, FILL_MAX)? {
            return Ok(());
        }
        let of = (span.since.unwrap_or(i64::MIN), span.until.unwrap_or(i64::MAX));
        let mut after = Cursor { began: i64::MIN, row: i64::MIN };
        loop {
            let some =
                link.run(FILL_MAX, async |client| question::some_behind(client, of, after, TOGETHER).await)?;
            let Some((last, _)) = some.last() else { return Ok(()) };
            after = *last;
            for (_, record) in &some {
                // There is nothing else to fall back on.
                let _ = each(Part::Line(record.as_bytes()));
            }
        }
    }

    fn set_aside(&self) -> Result<(), Fault> {
        self.seated()?.lose_all()
    }
}

impl Waiting<'_> {
    fn begin(waiting: &AtomicUsize) -> Result<Waiting<'_>, Fault> {
        let one = Waiting(waiting);
        match waiting.fetch_add(1, Ordering::AcqRel) {
            before if before < WAITING_MAX => Ok(one),
            _ => Err(Fault::NotNow("too many search at once; look again in a moment".to_owned())),
        }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}
