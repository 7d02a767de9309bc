//! The catalogue in a file of SQLite: rows and words, and no second copy of a record.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rusqlite::{Connection, Error, OpenFlags, Transaction, ffi, params};

use super::engine::{EachPart, Engine, Fault, Filling, Hit, Known, Meant, Piece, ReadOn};
use super::row::Row;
use super::wanted::Wanted;
use super::{search, through, walk};
use crate::private;
use crate::table::Span;

/// Another shape than this one is made anew.
const SHAPE: i64 = 2;
const SEARCH_MAX: Duration = Duration::from_secs(5);
/// A search looks at the clock after so many steps of SQLite.
const STEPS: i32 = 20_000;

const TABLES: &str = "
create table files (number integer primary key, name text not null unique, read_to integer not null);
create table records (
    row integer primary key, file integer not null, at integer not null, length integer not null,
    id text not null, began integer not null
);
create index records_by_began on records (began, row);
create table words (
    shelf integer, word text, began integer, row integer, primary key (shelf, word, began, row)
) without rowid;
create table shelves (shelf integer primary key, oldest integer not null, newest integer not null);
";

/// A file of SQLite beside the records that it helps to find.
pub struct Sqlite {
    path: PathBuf,
}

struct Open {
    connection: Connection,
}

impl Sqlite {
    pub fn at(path: PathBuf) -> Sqlite {
        Sqlite { path }
    }

    /// What is beside it belongs to it alone: to another one in its place it would do harm.
    fn remove_logs(&self) -> Result<(), Fault> {
        ["-journal", "-wal", "-shm"].into_iter().try_for_each(|end| remove(&beside(&self.path, end)))
    }
}

impl Engine for Sqlite {
    fn open(&self) -> Result<Box<dyn Filling>, Fault> {
        if !self.path.exists() {
            // What an older one has left means nothing to a new one.
            self.remove_logs()?;
            let made = private::options().create(true).append(true).open(&self.path);
            made.map_err(|fault| Fault::NotNow(format!("{}: {fault}", self.path.display())))?;
        }
        let connection = Connection::open_with_flags(&self.path, flags(OpenFlags::SQLITE_OPEN_READ_WRITE));
        let connection = connection.map_err(of_sqlite)?;
        prepare(&connection).map_err(of_sqlite)?;
        let shape: i64 =
            connection.query_row("pragma user_version", [], |row| row.get(0)).map_err(of_sqlite)?;
        match shape {
            SHAPE => {}
            0 => make(&connection).map_err(of_sqlite)?,
            other => {
                return Err(Fault::Broken(format!("it has shape {other}, and this program makes {SHAPE}")));
            }
        }
        Ok(Box::new(Open { connection }))
    }

    fn open_to_look(&self) -> Result<Box<dyn Filling>, Fault> {
        self.open()
    }

    fn find(&self, wanted: &Wanted) -> Result<Vec<Hit>, Fault> {
        let connection = Connection::open_with_flags(&self.path, flags(OpenFlags::SQLITE_OPEN_READ_ONLY));
        let mut connection = connection.map_err(of_sqlite)?;
        connection.busy_timeout(Duration::from_secs(2)).map_err(of_sqlite)?;
        let until = Instant::now() + SEARCH_MAX;
        connection.progress_handler(STEPS, Some(move || Instant::now() > until)).map_err(of_sqlite)?;
        search::find(&mut connection, wanted).map_err(of_sqlite)
    }

    fn each_part(&self, span: Span, each: &mut EachPart<'_>) -> Result<(), Fault> {
        // It has no second copy of them: they are read where they stand.
        let data = self.path.parent().unwrap_or(Path::new("."));
        through::each_part(data, span, each)
            .map_err(|error| Fault::NotNow(format!("{}: {error}", data.display())))
    }

    fn set_aside(&self) -> Result<(), Fault> {
        let fault = |error| Fault::NotNow(format!("{}: {error}", self.path.display()));
        match fs::rename(&self.path, beside(&self.path, ".broken")) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(fault(error)),
            _ => {}
        }
        self.remove_logs()
    }
}

impl Filling for Open {
    fn marks(&mut self) -> Result<BTreeMap<String, u64>, Fault> {
        let mut asked = self.connection.prepare("select name, read_to from files").map_err(of_sqlite)?;
        let marks = asked.query_map([], |row| Ok((row.get(0)?, row.get(1)?)));
        marks.and_then(Iterator::collect).map_err(of_sqlite)
    }

    fn take(&mut self, pieces: &[Piece]) -> Result<(), Fault> {
        let transaction = self.connection.transaction().map_err(of_sqlite)?;
        for piece in pieces {
            let file = move_mark(&transaction, piece)?;
            insert(&transaction, file, &piece.rows).map_err(of_sqlite)?;
        }
        transaction.commit().map_err(of_sqlite)
    }

    fn forget(&mut self, file: &str, before: Option<i64>) -> Result<u64, Fault> {
        let transaction = self.connection.transaction().map_err(of_sqlite)?;
        let gone = "from records where file = (select number from files where name = ?1) and began < ?2";
        let moment = before.unwrap_or(i64::MAX);
        let forget = |sql: &str| transaction.execute(sql, params![file, moment]).map_err(of_sqlite);
        let shelf = search::shelf_in_sql("row");
        forget(&format!(
            "delete from words where shelf in (select distinct {shelf} {gone}) and row in (select row {gone})"
        ))?;
        let rows = forget(&format!("delete {gone}"))?;
        transaction.execute(&search::clear_shelves(), []).map_err(of_sqlite)?;
        if before.is_none() {
            transaction.execute("delete from files where name = ?1", [file]).map_err(of_sqlite)?;
        }
        transaction.commit().map_err(of_sqlite)?;
        Ok(rows as u64)
    }

    fn examine(&mut self) -> Result<Vec<String>, Fault> {
        let mut asked = self.connection.prepare("pragma integrity_check").map_err(of_sqlite)?;
        let said = asked.query_map([], |row| row.get(0));
        let mut said: Vec<String> = said.and_then(Iterator::collect).map_err(of_sqlite)?;
        said.retain(|words| words != "ok");
        Ok(said)
    }

    fn examine_within(&mut self, most: Duration) -> Result<Option<Vec<String>>, Fault> {
        let until = Instant::now() + most;
        let hands = self.connection.progress_handler(STEPS, Some(move || Instant::now() > until));
        hands.map_err(of_sqlite)?;
        let said = self.examine();
        self.connection.progress_handler(0, None::<fn() -> bool>).map_err(of_sqlite)?;
        match said {
            Err(Fault::TooLong) => Ok(None),
            said => said.map(Some),
        }
    }

    fn rows_behind(&mut self, after: i64, most: u32) -> Result<Vec<Known>, Fault> {
        walk::rows_behind(&self.connection, after, most).map_err(of_sqlite)
    }

    fn has_words(&mut self, row: i64, began: i64, words: &[String]) -> Result<bool, Fault> {
        let meant = Meant { row, began, words: words.to_vec() };
        Ok(self.first_without_words(&[meant])?.is_none())
    }

    fn first_without_words(&mut self, meant: &[Meant]) -> Result<Option<usize>, Fault> {
        walk::first_without_words(&mut self.connection, meant).map_err(of_sqlite)
    }

    fn newest_row(&mut self) -> Result<i64, Fault> {
        let sql = "select coalesce(max(row), 0) from records";
        self.connection.query_row(sql, [], |row| row.get(0)).map_err(of_sqlite)
    }

    fn read_on(&mut self, from: &ReadOn, most: u32) -> Result<Option<ReadOn>, Fault> {
        walk::read_on(&self.connection, from, most).map_err(of_sqlite)
    }

    fn each_row(&mut self, file: &str, each: &mut dyn FnMut(u64, u64, &str)) -> Result<(), Fault> {
        let sql = "select at, length, id from records \
                   where file = (select number from files where name = ?1) order by at";
        let mut asked = self.connection.prepare(sql).map_err(of_sqlite)?;
        let mut rows = asked.query([file]).map_err(of_sqlite)?;
        while let Some(row) = rows.next().map_err(of_sqlite)? {
            let read = || Ok::<_, Error>((row.get(0)?, row.get(1)?, row.get_ref(2)?.as_str()?));
            let (at, length, id) = read().map_err(of_sqlite)?;
            each(at, length, id);
        }
        Ok(())
    }
}

/// The number of the file, whose mark was where the piece begins, and is where it ends.
fn move_mark(transaction: &Transaction<'_>, piece: &Piece) -> Result<i64, Fault> {
    let sql = "insert into files (name, read_to) values (?1, ?3) on conflict (name) \
               do update set read_to = ?3 where read_to = ?2 returning number";
    let moved = transaction.query_row(sql, params![piece.file, piece.from, piece.to], |row| row.get(0));
    moved.map_err(|fault| match fault {
        Error::QueryReturnedNoRows => Fault::NotAlone,
        fault => of_sqlite(fault),
    })
}

fn insert(transaction: &Transaction<'_>, file: i64, rows: &[Row]) -> rusqlite::Result<()> {
    let mut record = transaction
        .prepare("insert into records (file, at, length, id, began) values (?1, ?2, ?3, ?4, ?5)")?;
    let (mut shelves, mut words) = (BTreeMap::<i64, (i64, i64)>::new(), Vec::new());
    for Row { at, length, id, began, words: own, .. } in rows {
        record.execute(params![file, at, length, id, began])?;
        let row = transaction.last_insert_rowid();
        let shelf = search::shelf_of(row);
        let (oldest, newest) = shelves.entry(shelf).or_insert((*began, *began));
        (*oldest, *newest) = ((*oldest).min(*began), (*newest).max(*began));
        words.extend(own.iter().map(|word| (shelf, word.as_str(), *began, row)));
    }
    // In their order those that go to the same page go there together.
    words.sort_unstable();
    let mut word =
        transaction.prepare("insert into words (shelf, word, began, row) values (?1, ?2, ?3, ?4)")?;
    words.into_iter().try_for_each(|one| word.execute(one).map(drop))?;
    let mut shelf = transaction.prepare(
        "insert into shelves (shelf, oldest, newest) values (?1, ?2, ?3) on conflict (shelf) \
         do update set oldest = min(oldest, ?2), newest = max(newest, ?3)",
    )?;
    shelves.into_iter().try_for_each(|(at, (oldest, newest))| shelf.execute((at, oldest, newest)).map(drop))
}

fn flags(mode: OpenFlags) -> OpenFlags {
    mode | OpenFlags::SQLITE_OPEN_NO_MUTEX
}

/// Every commit is on the disk. Not by WAL: its index is mapped into memory, and where a full disk has no
/// room for a page of it the kernel ends the process, with all calls.
fn prepare(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(SEARCH_MAX + Duration::from_secs(5))?;
    connection.pragma_update(None, "journal_mode", "truncate")?;
    connection.pragma_update(None, "synchronous", "full")?;
    connection.pragma_update(None, "cache_size", -16_000)
}

fn make(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch(&format!("begin; {TABLES} pragma user_version = {SHAPE}; commit;"))
}

fn of_sqlite(error: Error) -> Fault {
    let words = error.to_string();
    let Some(known) = error.sqlite_error() else { return Fault::Broken(words) };
    match known.code {
        ffi::ErrorCode::OperationInterrupted => Fault::TooLong,
        ffi::ErrorCode::DatabaseCorrupt | ffi::ErrorCode::NotADatabase => Fault::Broken(words),
        // Tables or columns that are not there: it is none of ours.
        ffi::ErrorCode::Unknown if known.extended_code == ffi::SQLITE_ERROR => Fault::Broken(words),
        _ => Fault::NotNow(words),
    }
}

fn beside(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    PathBuf::from(name)
}

fn remove(path: &Path) -> Result<(), Fault> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(Fault::NotNow(format!("{}: {error}", path.display())))
        }
        _ => Ok(()),
    }
}
