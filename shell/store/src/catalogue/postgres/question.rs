//! What is asked of a server: the newest calls of all nodes that meet what somebody wants.

use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Error, Row};

use super::super::engine::{Hit, Line};
use super::super::wanted::{Cursor, Key, Wanted};
use super::filling::word_of;

/// Words that more rows have than this are all alike to a search.
const COUNTED_MAX: i64 = 2_000;

type Values = Vec<Box<dyn ToSql + Sync + Send>>;

/// What was found; `identity` is who asks.
pub async fn find(client: &Client, wanted: &Wanted, identity: &str) -> Result<Vec<Hit>, Error> {
    let after = wanted.after.unwrap_or(Cursor { began: i64::MAX, row: i64::MAX });
    let most = i64::try_from(wanted.most).unwrap_or(i64::MAX);
    let mut values: Values = vec![
        Box::new(identity.to_owned()),
        Box::new(wanted.since.unwrap_or(i64::MIN)),
        Box::new(wanted.until.unwrap_or(i64::MAX)),
        Box::new(after.began),
        Box::new(after.row),
        Box::new(most),
    ];
    let found = newest(client, &wanted.keys(), &mut values).await?;
    let sql = format!(
        "select r.began, r.row, r.id, coalesce(r.file, ''), r.at, r.length, r.body::text, \
         case when n.identity = $1 then null else n.name end \
         from ({found}) as f join records r on r.row = f.row join nodes n on n.node = r.node \
         order by r.began desc, r.row desc"
    );
    let values: Vec<&(dyn ToSql + Sync)> = values.iter().map(|value| &**value as _).collect();
    Ok(client.query(&sql, &values).await?.iter().map(hit).collect())
}

/// Some records of calls that began in a span, of all nodes, behind a place; with the place of each.
pub async fn some_behind(
    client: &Client,
    (since, until): (i64, i64),
    after: Cursor,
    most: i64,
) -> Result<Vec<(Cursor, String)>, Error> {
    // Whoever was turned away has a row, and no record.
    let sql = "select began, row, body::text from records where began >= $1 and began < $2 \
               and (began, row) > ($3, $4) and outcome <> 'turned_away' order by began, row limit $5";
    let rows = client.query(sql, &[&since, &until, &after.began, &after.row, &most]).await?;
    Ok(rows.iter().map(|row| (Cursor { began: row.get(0), row: row.get(1) }, row.get(2))).collect())
}

fn hit(row: &Row) -> Hit {
    Hit {
        cursor: Cursor { began: row.get(0), row: row.get(1) },
        id: row.get(2),
        file: row.get(3),
        at: row.get::<_, i64>(4).unsigned_abs(),
        length: row.get::<_, i64>(5).unsigned_abs(),
        line: Some(Line { text: row.get(6), node: row.get(7) }),
    }
}

/// SQL for the numbers of rows, led by the word that the fewest have.
async fn newest(client: &Client, keys: &[Key], values: &mut Values) -> Result<String, Error> {
    let mut keys = keys.to_vec();
    let Some(first) = leading(client, &keys).await? else {
        return Ok("select row from records where began >= $2 and began < $3 and (began, row) < ($4, $5) \
                   order by began desc, row desc limit $6"
            .to_owned());
    };
    let (mut met, distinct) = match keys.swap_remove(first) {
        Key::Is(word) => (format!("w.word = {}", place(values, &word)), ""),
        // Behind all digits; a number of more digits ends as this one does.
        Key::BeginsWith(word) => {
            let (from, to) = (place(values, &word), place(values, &format!("{word}:")));
            (format!("w.word >= {from} and w.word < {to}"), "distinct ")
        }
    };
    for key in keys {
        let (Key::Is(word) | Key::BeginsWith(word)) = key;
        let place = place(values, &word);
        met.push_str(&format!(
            " and exists \
             (select 1 from words o where o.word = {place} and o.began = w.began and o.row = w.row)"
        ));
    }
    Ok(format!(
        "select {distinct}w.began, w.row from words w where {met} and w.began >= $2 and w.began < $3 \
         and (w.began, w.row) < ($4, $5) order by w.began desc, w.row desc limit $6"
    ))
}

fn place(values: &mut Values, word: &str) -> String {
    values.push(Box::new(word_of(word).into_owned()));
    format!("${}", values.len())
}

/// An ending leads, as only one whole word can be looked up for a row; otherwise the rarest word does.
async fn leading(client: &Client, keys: &[Key]) -> Result<Option<usize>, Error> {
    if let Some(ending) = keys.iter().position(|key| matches!(key, Key::BeginsWith(_))) {
        return Ok(Some(ending));
    }
    if keys.len() < 2 {
        return Ok((!keys.is_empty()).then_some(0));
    }
    let mut rarest = None;
    let sql = "select count(*) from (select 1 from words where word = $1 limit $2) as counted";
    for (at, key) in keys.iter().enumerate() {
        let (Key::Is(word) | Key::BeginsWith(word)) = key;
        let count: i64 = client.query_one(sql, &[&&*word_of(word), &COUNTED_MAX]).await?.get(0);
        if rarest.is_none_or(|(fewest, _)| count < fewest) {
            rarest = Some((count, at));
        }
    }
    Ok(rarest.map(|(_, at)| at))
}
