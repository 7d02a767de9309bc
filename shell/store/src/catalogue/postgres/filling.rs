//! The one who fills a server's tables: rows and how far each file was read, in one transaction.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::Duration;

use tokio_postgres::error::Error;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Statement, Transaction};

use super::super::engine::{Fault, Filling, Known, Piece, ReadOn};
use super::super::lines;
use super::super::row::Row;
use super::link::Link;
use super::tables::Seat;

/// What waits for one answer of the server, which has bounds of its own.
pub const FILL_MAX: Duration = Duration::from_secs(40);
/// Whoever compares all of it has time.
const EXAMINE_MAX: Duration = Duration::from_secs(600);
/// Rows of one transaction that deletes.
const DELETED: i64 = 2_000;
/// Nodes have this many bits of a row's number to count with.
const ROW_BITS: u32 = 40;
/// What is longer is found by its beginning: an index has room for no more.
const WORD_MAX: usize = 400;
const FINDINGS_MAX: i64 = 50;

/// Numbers are the node's own: its number, and a count that the table of nodes keeps.
const INSERT: &str = "
with taken as (
    insert into records (row, node, key, file, at, length, id, began, ended, calling, called, outcome, status,
                         code, talk_ms, words, body)
    select $1 + n, $2, key, $3, at, length, id, began, ended, calling, called, outcome, status, code, talk_ms,
           coalesce((select array_agg(value) from json_array_elements_text(words::json) value), '{}'),
           body::json
    from unnest($4::text[], $5::bigint[], $6::bigint[], $7::text[], $8::bigint[], $9::bigint[], $10::text[],
                $11::text[], $12::text[], $13::int[], $14::text[], $15::bigint[], $16::text[], $17::text[])
         with ordinality as given (key, at, length, id, began, ended, calling, called, outcome, status, code,
                                   talk_ms, words, body, n)
    on conflict do nothing
    returning row, began, words
)
insert into words (word, began, row)
select distinct word, taken.began, taken.row from taken, unnest(taken.words) as word";

const DELETE: &str = "
with gone as (delete from records where row = any($1) returning row, began, words),
     unfound as (delete from words
                 using (select unnest(gone.words) as word, gone.began, gone.row from gone) as old
                 where words.word = old.word and words.began = old.began and words.row = old.row)
select count(*) from gone";

/// What it says over and over.
struct Said {
    move_mark: Statement,
    known: Statement,
    insert: Statement,
    delete: Statement,
}

pub struct Open {
    link: Link,
    seat: Seat,
    said: Said,
}

impl Open {
    pub fn new(mut link: Link, seat: Seat) -> Result<Open, Fault> {
        let said = link.run(FILL_MAX, async |client| prepare(client).await)?;
        Ok(Open { link, seat, said })
    }

    fn run<T>(
        &mut self,
        work: impl AsyncFnOnce(&mut Client, Seat, &Said) -> Result<T, Error>,
    ) -> Result<T, Fault> {
        let Open { link, seat, said } = self;
        link.run(FILL_MAX, async |client| work(client, *seat, said).await).map_err(of_filling)
    }

    /// Deletes rows that a condition finds, some at a time, until there are none.
    fn delete(&mut self, sql: &str, words: &[&(dyn ToSql + Sync)]) -> Result<u64, Fault> {
        let mut gone = 0;
        loop {
            let rows = self.run(async |client, _, said| {
                let found = client.query(sql, words).await?;
                let rows: Vec<i64> = found.iter().map(|row| row.get(0)).collect();
                if !rows.is_empty() {
                    client.query_one(&said.delete, &[&rows]).await?;
                }
                Ok(rows.len())
            })?;
            gone += rows as u64;
            if rows == 0 {
                return Ok(gone);
            }
        }
    }

    /// Rows whose lines are gone, or are no longer where they were: what was written stays, and belongs to no
    /// file until its line is read again.
    fn unplace(&mut self, file: Option<&str>) -> Result<(), Fault> {
        let rows = match file {
            Some(_) => "select row from records where node = $1 and file = $2 limit $3",
            None => {
                "select row from records where node = $1 and file is not null and $2::text is null limit $3"
            }
        };
        let sql = format!("update records set file = null where row in ({rows})");
        loop {
            let moved =
                self.run(async |client, seat, _| client.execute(&sql, &[&seat.node, &file, &DELETED]).await)?;
            if moved == 0 {
                break;
            }
        }
        let sql = "delete from files where node = $1 and ($2::text is null or name = $2)";
        self.run(async |client, seat, _| client.execute(sql, &[&seat.node, &file]).await.map(drop))
    }

    /// Has all lines of this node read again; what stands there is written anew where it differs.
    pub fn lose_all(&mut self) -> Result<(), Fault> {
        self.unplace(None)
    }
}

impl Filling for Open {
    fn marks(&mut self) -> Result<BTreeMap<String, u64>, Fault> {
        let rows = self.run(async |client, seat, _| {
            client.query("select name, read_to from files where node = $1", &[&seat.node]).await
        })?;
        Ok(rows.iter().map(|row| (row.get(0), row.get::<_, i64>(1).unsigned_abs())).collect())
    }

    fn take(&mut self, pieces: &[Piece]) -> Result<(), Fault> {
        let done = self.run(async |client, seat, said| {
            let transaction = client.transaction().await?;
            let count: i64 = pieces.iter().map(|piece| signed(piece.rows.len() as u64)).sum();
            let sql = "update nodes set last_row = last_row + $3 where node = $1 and epoch = $2 \
                       returning last_row";
            let Some(last) = transaction.query_opt(sql, &[&seat.node, &seat.epoch, &count]).await? else {
                return Ok(false);
            };
            let mut row = (seat.node << ROW_BITS) + last.get::<_, i64>(0) - count;
            for piece in pieces {
                let (from, to) = (signed(piece.from), signed(piece.to));
                let mark = [&seat.node as &(dyn ToSql + Sync), &piece.file, &from, &to];
                if transaction.query_opt(&said.move_mark, &mark).await?.is_none() {
                    return Ok(false);
                }
                take_piece(&transaction, (seat, said), piece, row).await?;
                row += signed(piece.rows.len() as u64);
            }
            transaction.commit().await.map(|()| true)
        })?;
        if done { Ok(()) } else { Err(Fault::NotAlone) }
    }

    fn forget(&mut self, file: &str, before: Option<i64>) -> Result<u64, Fault> {
        let (node, moment) = (self.seat.node, before.unwrap_or(i64::MAX));
        let of_file = "select row from records where node = $1 and file = $2 and began < $3 limit $4";
        let mut rows = self.delete(of_file, &[&node, &file, &moment, &DELETED])?;
        if let Some(moment) = before {
            let of_none = "select row from records where node = $1 and file is null and began < $2 limit $3";
            rows += self.delete(of_none, &[&node, &moment, &DELETED])?;
        } else {
            let sql = "delete from files where node = $1 and name = $2";
            self.run(async |client, seat, _| client.execute(sql, &[&seat.node, &file]).await)?;
        }
        Ok(rows)
    }

    fn lose(&mut self, file: &str) -> Result<u64, Fault> {
        self.unplace(Some(file)).map(|()| 0)
    }

    /// Pages are the server's to look after; whether rows are found by their words, and have their lines, is
    /// ours.
    fn examine(&mut self) -> Result<Vec<String>, Fault> {
        let sql = "select id, 'is not found by its words' from records r where node = $1 and exists \
                   (select 1 from unnest(r.words) as meant where not exists (select 1 from words w \
                    where w.word = meant and w.began = r.began and w.row = r.row)) \
                   union all select id, 'is not as long there as its line' from records \
                   where node = $1 and file is not null and octet_length(body::text) <> length limit $2";
        let Open { link, seat, .. } = self;
        let rows =
            link.run(EXAMINE_MAX, async |client| client.query(sql, &[&seat.node, &FINDINGS_MAX]).await)?;
        Ok(rows.iter().map(|row| format!("{} {}", row.get::<_, &str>(0), row.get::<_, &str>(1))).collect())
    }

    fn examine_within(&mut self, _: Duration) -> Result<Option<Vec<String>>, Fault> {
        Ok(None)
    }

    fn rows_behind(&mut self, _: i64, _: u32) -> Result<Vec<Known>, Fault> {
        Ok(Vec::new())
    }

    fn has_words(&mut self, _: i64, _: i64, _: &[String]) -> Result<bool, Fault> {
        Ok(true)
    }

    fn read_on(&mut self, _: &ReadOn, _: u32) -> Result<Option<ReadOn>, Fault> {
        Ok(None)
    }

    fn each_row(&mut self, file: &str, each: &mut dyn FnMut(u64, u64, &str)) -> Result<(), Fault> {
        let sql = "select at, length, id from records where node = $1 and file = $2 and at >= $3 \
                   order by at limit $4";
        let mut from = 0_i64;
        loop {
            let rows = self.run(async |client, seat, _| {
                client.query(sql, &[&seat.node, &file, &from, &DELETED]).await
            })?;
            for row in &rows {
                let at: i64 = row.get(0);
                each(at.unsigned_abs(), row.get::<_, i64>(1).unsigned_abs(), row.get(2));
                from = at + 1;
            }
            if rows.is_empty() {
                return Ok(());
            }
        }
    }
}

async fn prepare(client: &Client) -> Result<Said, Error> {
    // One that is not where it is said to be is somebody else's, or gone.
    let move_mark = "with moved as (update files set read_to = $4 \
                                    where node = $1 and name = $2 and read_to = $3 returning 1), \
                          made as (insert into files select $1, $2::text, $4 where $3 = 0::bigint \
                                   on conflict do nothing returning 1) \
                     select 1 from moved union all select 1 from made";
    Ok(Said {
        move_mark: client.prepare(move_mark).await?,
        known: client.prepare("select row from records where node = $1 and key = any($2)").await?,
        insert: client.prepare(INSERT).await?,
        delete: client.prepare(DELETE).await?,
    })
}

/// Rows that are there already, as their lines are read a second time, make room for what is read now.
async fn take_piece(
    transaction: &Transaction<'_>,
    (seat, said): (Seat, &Said),
    piece: &Piece,
    before: i64,
) -> Result<(), Error> {
    if piece.rows.is_empty() {
        return Ok(());
    }
    let rows = &piece.rows;
    let keys: Vec<String> = rows.iter().map(|row| key_of(&piece.file, row)).collect();
    let known = transaction.query(&said.known, &[&seat.node, &keys]).await?;
    if !known.is_empty() {
        let known: Vec<i64> = known.iter().map(|row| row.get(0)).collect();
        transaction.query_one(&said.delete, &[&known]).await?;
    }
    let numbers = |of: fn(&Row) -> i64| rows.iter().map(of).collect::<Vec<i64>>();
    let texts = |of: fn(&Row) -> &str| rows.iter().map(|row| plain(of(row))).collect::<Vec<_>>();
    let ended: Vec<Option<i64>> = rows.iter().map(|row| row.ended).collect();
    let statuses: Vec<Option<i32>> = rows.iter().map(|row| row.status.map(i32::from)).collect();
    let words: Vec<String> = rows.iter().map(|row| words_of(&row.words)).collect();
    let lines: Vec<Cow<'_, str>> = rows.iter().map(|row| String::from_utf8_lossy(piece.line(row))).collect();
    transaction
        .execute(
            &said.insert,
            &[
                &before,
                &seat.node,
                &piece.file,
                &keys,
                &numbers(|row| signed(row.at)),
                &numbers(|row| signed(row.length)),
                &texts(|row| cut(&row.id)),
                &numbers(|row| row.began),
                &ended,
                &texts(|row| &row.calling),
                &texts(|row| &row.called),
                &texts(|row| &row.outcome),
                &statuses,
                &texts(|row| &row.code),
                &numbers(|row| signed(row.talk_ms)),
                &words,
                &lines,
            ],
        )
        .await
        .map(drop)
}

/// A call is there once, in whatever place of a file; callers who were turned away have no name of their own.
fn key_of(file: &str, row: &Row) -> String {
    let id = cut(&row.id);
    match lines::is_of_events(file) {
        true => plain(&format!("{id}@{}", row.at)).into_owned(),
        false => plain(id).into_owned(),
    }
}

fn words_of(words: &[String]) -> String {
    let words: Vec<Cow<'_, str>> = words.iter().map(|word| word_of(word)).collect();
    serde_json::to_string(&words).expect("texts are JSON")
}

/// A word as it stands there, and is looked for.
pub fn word_of(word: &str) -> Cow<'_, str> {
    plain(cut(word))
}

fn cut(text: &str) -> &str {
    let mut end = text.len().min(WORD_MAX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// The server's texts hold everything but this; whoever sent it would keep all records from there.
fn plain(text: &str) -> Cow<'_, str> {
    if text.contains('\0') { text.replace('\0', "\u{fffd}").into() } else { text.into() }
}

fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// Nobody searches here: what was ended took the server too long.
fn of_filling(fault: Fault) -> Fault {
    match fault {
        Fault::TooLong => Fault::Away("it took too long for what was to be written".to_owned()),
        fault => fault,
    }
}
