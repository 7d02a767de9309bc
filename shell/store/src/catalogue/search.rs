//! How a database of SQLite is searched. Rows stand on shelves, as many on each in the order in which they
//! came, and so do their words: what is new goes to few pages, and a search goes from shelf to shelf, the
//! newest first, until no other can have anything newer than what was found.

use std::cmp::Reverse;

use rusqlite::types::Value;
use rusqlite::{Connection, Row, Statement, params, params_from_iter};

use super::engine::Hit;
use super::wanted::{Cursor, Key, Wanted};

/// So many rows stand on a shelf.
const ROWS: i64 = 16_384;
/// Words that more rows of a shelf have than this are all alike to a search.
const COUNTED_MAX: i64 = 2_000;

const COLUMNS: &str = "r.row, r.id, f.name, r.at, r.length";

/// The shelf of a row.
pub fn shelf_of(row: i64) -> i64 {
    row.div_euclid(ROWS)
}

/// The same, where SQLite is to know it.
pub fn shelf_in_sql(row: &str) -> String {
    format!("({row} / {ROWS})")
}

/// Takes shelves away on which nothing stands.
pub fn clear_shelves() -> String {
    format!(
        "delete from shelves where not exists (select 1 from records \
         where row between shelf * {ROWS} and shelf * {ROWS} + {ROWS} - 1)"
    )
}

/// What is looked for, the newest first: as it was at one moment.
pub fn find(connection: &mut Connection, wanted: &Wanted) -> rusqlite::Result<Vec<Hit>> {
    let moment = connection.transaction()?;
    let search = Search::new(wanted);
    if wanted.keys().is_empty() {
        return search.by_time(&moment);
    }
    let mut on_shelf = OnShelf::new(&moment, search, wanted.keys())?;
    let mut shelves = moment.prepare(
        "select shelf, newest from shelves where newest >= ?1 and oldest <= ?2 order by newest desc",
    )?;
    let mut shelves = shelves.query(params![search.since, search.before.began])?;
    let mut found: Vec<Hit> = Vec::new();
    while let Some(row) = shelves.next()? {
        let (shelf, newest): (i64, i64) = (row.get(0)?, row.get(1)?);
        let last = found.get(wanted.most.saturating_sub(1));
        if last.is_some_and(|last| last.cursor.began > newest) {
            break;
        }
        found.extend(on_shelf.find(shelf)?);
        found.sort_unstable_by_key(|hit| Reverse((hit.cursor.began, hit.cursor.row)));
        found.truncate(wanted.most);
    }
    Ok(found)
}

/// Between which places of the list, and how many.
#[derive(Clone, Copy)]
struct Search {
    since: i64,
    before: Cursor,
    most: i64,
}

impl Search {
    fn new(wanted: &Wanted) -> Search {
        let after = wanted.after.unwrap_or(Cursor { began: i64::MAX, row: i64::MAX });
        // Nothing comes before the first row of that moment.
        let until = Cursor { began: wanted.until.unwrap_or(i64::MAX), row: i64::MIN };
        let before = if (until.began, until.row) < (after.began, after.row) { until } else { after };
        let most = i64::try_from(wanted.most).unwrap_or(i64::MAX);
        Search { since: wanted.since.unwrap_or(i64::MIN), before, most }
    }

    fn values(&self) -> [Value; 4] {
        [self.since, self.before.began, self.before.row, self.most].map(Value::Integer)
    }

    fn by_time(&self, connection: &Connection) -> rusqlite::Result<Vec<Hit>> {
        let sql = format!(
            "select r.began, {COLUMNS} from records r cross join files f on f.number = r.file \
             where r.began >= ?1 and (r.began, r.row) < (?2, ?3) order by r.began desc, r.row desc limit ?4"
        );
        let mut asked = connection.prepare(&sql)?;
        let hits = asked.query_map(params_from_iter(self.values()), hit)?;
        hits.collect()
    }
}

/// One search on one shelf after the other.
struct OnShelf<'c> {
    connection: &'c Connection,
    search: Search,
    keys: Vec<Key>,
    counting: Statement<'c>,
    /// What is asked where the key at this place leads.
    asked: Vec<Option<Statement<'c>>>,
}

impl<'c> OnShelf<'c> {
    fn new(connection: &'c Connection, search: Search, keys: Vec<Key>) -> rusqlite::Result<OnShelf<'c>> {
        let sql = "select count(*) from (select 1 from words where shelf = ?1 and word = ?2 limit ?3)";
        let counting = connection.prepare(sql)?;
        let asked = keys.iter().map(|_| None).collect();
        Ok(OnShelf { connection, search, keys, counting, asked })
    }

    fn find(&mut self, shelf: i64) -> rusqlite::Result<Vec<Hit>> {
        let Some(first) = self.leading(shelf)? else { return Ok(Vec::new()) };
        let asked = match &mut self.asked[first] {
            Some(asked) => asked,
            none => none.insert(self.connection.prepare(&question(&self.keys, first))?),
        };
        let mut values = self.search.values().to_vec();
        values.push(shelf.into());
        for key in led_by(&self.keys, first) {
            let (Key::Is(word) | Key::BeginsWith(word)) = key;
            values.push(word.clone().into());
        }
        if let Key::BeginsWith(word) = &self.keys[first] {
            // Behind all digits; a number of more digits ends as this one does.
            values.push(format!("{word}:").into());
        }
        let hits = asked.query_map(params_from_iter(values), hit)?;
        hits.collect()
    }

    /// An ending leads, as only one whole word can be looked up for a row; otherwise the word that the fewest
    /// rows of the shelf have. Nothing, where none has one of them.
    fn leading(&mut self, shelf: i64) -> rusqlite::Result<Option<usize>> {
        let ending = self.keys.iter().position(|key| matches!(key, Key::BeginsWith(_)));
        if ending.is_some() || self.keys.len() == 1 {
            return Ok(Some(ending.unwrap_or(0)));
        }
        let mut rarest = (i64::MAX, None);
        for (at, key) in self.keys.iter().enumerate() {
            let (Key::Is(word) | Key::BeginsWith(word)) = key;
            let count: i64 = self.counting.query_row(params![shelf, word, COUNTED_MAX], |row| row.get(0))?;
            if count == 0 {
                return Ok(None);
            }
            if count < rarest.0 {
                rarest = (count, Some(at));
            }
        }
        Ok(rarest.1)
    }
}

/// The keys in another order: this one before all others.
fn led_by(keys: &[Key], first: usize) -> impl Iterator<Item = &Key> {
    let others = keys.iter().enumerate().filter(move |(at, _)| *at != first).map(|(_, key)| key);
    keys.get(first).into_iter().chain(others)
}

fn question(keys: &[Key], first: usize) -> String {
    let behind = 6 + keys.len();
    let (distinct, mut met) = match &keys[first] {
        Key::Is(_) => ("", "w.word = ?6".to_owned()),
        // Several numbers of a row may end so.
        Key::BeginsWith(_) => ("distinct", format!("w.word >= ?6 and w.word < ?{behind}")),
    };
    for place in 7..behind {
        met.push_str(&format!(
            " and exists (select 1 from words o where o.shelf = w.shelf and o.word = ?{place} \
             and o.began = w.began and o.row = w.row)"
        ));
    }
    format!(
        "select {distinct} w.began, {COLUMNS} from words w cross join records r on r.row = w.row \
         cross join files f on f.number = r.file where w.shelf = ?5 and {met} \
         and w.began >= ?1 and (w.began, w.row) < (?2, ?3) order by w.began desc, w.row desc limit ?4"
    )
}

fn hit(row: &Row<'_>) -> rusqlite::Result<Hit> {
    let cursor = Cursor { began: row.get(0)?, row: row.get(1)? };
    Ok(Hit { cursor, id: row.get(2)?, file: row.get(3)?, at: row.get(4)?, length: row.get(5)?, line: None })
}
