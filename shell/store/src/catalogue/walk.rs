//! Reads a database of SQLite a part at a time: each page that is read is one that can be.

use rusqlite::{Connection, Row, params};

use super::engine::{Known, Meant, ReadOn};
use super::search;

/// Rows of records behind one, in order.
pub fn rows_behind(connection: &Connection, after: i64, most: u32) -> rusqlite::Result<Vec<Known>> {
    let sql = "select r.row, f.name, r.at, r.length, r.id from records r join files f on f.number = r.file \
               where r.row > ?1 order by r.row limit ?2";
    let mut asked = connection.prepare(sql)?;
    let rows = asked.query_map(params![after, most], |row| {
        Ok(Known {
            row: row.get(0)?,
            file: row.get(1)?,
            at: row.get(2)?,
            length: row.get(3)?,
            id: row.get(4)?,
        })
    })?;
    rows.collect()
}

/// The first of these rows that is not found by all of its words, at one moment.
pub fn first_without_words(connection: &mut Connection, meant: &[Meant]) -> rusqlite::Result<Option<usize>> {
    let moment = connection.transaction()?;
    let mut word =
        moment.prepare("select 1 from words where shelf = ?1 and word = ?2 and began = ?3 and row = ?4")?;
    let mut shelf =
        moment.prepare("select 1 from shelves where shelf = ?1 and oldest <= ?2 and newest >= ?2")?;
    for (at, Meant { row, began, words }) in meant.iter().enumerate() {
        let stands = search::shelf_of(*row);
        let mut is_found = shelf.exists(params![stands, began])?;
        for one in words {
            is_found = is_found && word.exists(params![stands, one, began, row])?;
        }
        if !is_found {
            return Ok(Some(at));
        }
    }
    Ok(None)
}

/// Reads so much of what leads to rows, and says where to go on; nothing, where that was the last.
pub fn read_on(connection: &Connection, from: &ReadOn, most: u32) -> rusqlite::Result<Option<ReadOn>> {
    match from {
        ReadOn::Begin => times(connection, (i64::MIN, i64::MIN), most),
        ReadOn::Times(began, row) => times(connection, (*began, *row), most),
        ReadOn::Words(word, began, row) => words(connection, (word, *began, *row), most),
    }
}

fn times(connection: &Connection, (began, row): (i64, i64), most: u32) -> rusqlite::Result<Option<ReadOn>> {
    let sql = "select began, row from records indexed by records_by_began where (began, row) > (?1, ?2) \
               order by began, row limit ?3";
    let read = |row: &Row<'_>| Ok(ReadOn::Times(row.get(0)?, row.get(1)?));
    let last = last(connection, sql, params![began, row, most], read)?;
    Ok(Some(last.unwrap_or(ReadOn::Words(String::new(), i64::MIN, i64::MIN))))
}

fn words(
    connection: &Connection,
    (word, began, row): (&str, i64, i64),
    most: u32,
) -> rusqlite::Result<Option<ReadOn>> {
    let sql = "select word, began, row from words where (shelf, word, began, row) > (?1, ?2, ?3, ?4) \
               order by shelf, word, began, row limit ?5";
    let read = |row: &Row<'_>| Ok(ReadOn::Words(row.get(0)?, row.get(1)?, row.get(2)?));
    last(connection, sql, params![search::shelf_of(row), word, began, row, most], read)
}

fn last(
    connection: &Connection,
    sql: &str,
    values: &[&dyn rusqlite::ToSql],
    read: impl Fn(&Row<'_>) -> rusqlite::Result<ReadOn>,
) -> rusqlite::Result<Option<ReadOn>> {
    let mut asked = connection.prepare(sql)?;
    let mut rows = asked.query(values)?;
    let mut newest = None;
    while let Some(row) = rows.next()? {
        newest = Some(read(row)?);
    }
    Ok(newest)
}
