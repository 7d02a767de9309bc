//! The table of oddities, interop/sipp/oddities.toml: which script plays, what it proves, how it must end.

use std::collections::BTreeSet;
use std::fs;

use toml::{Table, Value};

use super::script::Words;
use crate::step::{Failure, root};

const TABLE: &str = "interop/sipp/oddities.toml";

/// How the caller's bytes travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Travel {
    Udp,
    Tcp,
    /// A connection on which messages arrive a few bytes at a time.
    Cut,
    /// A connection on which several messages arrive at once.
    Gathered,
}

/// One row.
#[derive(Clone, Debug)]
pub struct Oddity {
    pub name: String,
    /// Rows of the acceptance list.
    pub rows: Vec<String>,
    pub says: String,
    pub script: String,
    /// What fills the script in.
    pub with: Words,
    /// Further keys of the caller's trunk.
    pub from: String,
    /// Further keys of the callee's trunk.
    pub trunk: String,
    /// Further objects of the house.
    pub house: String,
    pub travel: Travel,
    /// How many records are kept, and what stands in the last one: where, and what.
    pub records: usize,
    pub record: Vec<(String, serde_json::Value)>,
    /// How long it takes at most.
    pub seconds: u64,
}

/// Reads the table; what can't be is a failure that names its row.
pub fn read() -> Result<Vec<Oddity>, Failure> {
    let path = root().join(TABLE);
    let text = fs::read_to_string(&path)
        .map_err(|error| Failure::new(format!("{TABLE}: {error}"), "is it there?"))?;
    read_text(&text)
}

fn read_text(text: &str) -> Result<Vec<Oddity>, Failure> {
    let table: Table =
        text.parse().map_err(|error| Failure::new(format!("{TABLE}: {error}"), "mend its TOML"))?;
    let rows = table.get("oddity").and_then(Value::as_array).cloned().unwrap_or_default();
    let oddities = rows.iter().map(oddity).collect::<Result<Vec<Oddity>, Failure>>()?;
    let names: BTreeSet<&str> = oddities.iter().map(|oddity| oddity.name.as_str()).collect();
    if names.len() < oddities.len() {
        return Err(Failure::new(format!("{TABLE}: a name stands twice"), "each oddity has its own"));
    }
    Ok(oddities)
}

const KEYS: [&str; 12] = [
    "name", "rows", "says", "script", "with", "from", "trunk", "house", "travel", "records", "record",
    "seconds",
];

fn oddity(row: &Value) -> Result<Oddity, Failure> {
    let text = |key: &str| row.get(key).and_then(Value::as_str).map(str::to_owned);
    let name = text("name").ok_or_else(|| wrong("a row", "has no name"))?;
    let keys = row.as_table().into_iter().flat_map(|table| table.keys());
    if let Some(strange) = keys.into_iter().find(|key| !KEYS.contains(&key.as_str())) {
        return Err(wrong(&name, &format!("has a key that means nothing: {strange}")));
    }
    let rows = row.get("rows").and_then(Value::as_array).into_iter().flatten();
    let rows: Vec<String> = rows.filter_map(Value::as_str).map(str::to_owned).collect();
    if rows.is_empty() {
        return Err(wrong(&name, "names no row"));
    }
    let with = row.get("with").and_then(Value::as_table).into_iter().flatten();
    let with = with.map(|(word, value)| (word.clone(), value.as_str().unwrap_or_default().to_owned()));
    let travel = match text("travel").as_deref() {
        None | Some("udp") => Travel::Udp,
        Some("tcp") => Travel::Tcp,
        Some("tcp-cut") => Travel::Cut,
        Some("tcp-gathered") => Travel::Gathered,
        Some(other) => return Err(wrong(&name, &format!("can't travel by {other}"))),
    };
    let figure = |key: &str| row.get(key).and_then(Value::as_integer);
    let record = row.get("record").and_then(Value::as_table).cloned().unwrap_or_default();
    Ok(Oddity {
        rows,
        says: text("says").ok_or_else(|| wrong(&name, "does not say what it is"))?,
        script: text("script").unwrap_or_else(|| name.clone()),
        with: with.collect(),
        from: text("from").unwrap_or_default(),
        trunk: text("trunk").unwrap_or_default(),
        house: text("house").unwrap_or_default(),
        travel,
        records: usize::try_from(figure("records").unwrap_or(1)).unwrap_or(1),
        record: expected(record),
        seconds: u64::try_from(figure("seconds").unwrap_or(15)).unwrap_or(15),
        name,
    })
}

/// An answered call that a party ended, where the row says nothing else.
fn expected(said: Table) -> Vec<(String, serde_json::Value)> {
    let said = said.into_iter().map(|(key, value)| match value {
        Value::Integer(figure) => (key, figure.into()),
        Value::String(text) => (key, text.into()),
        Value::Boolean(is_so) => (key, is_so.into()),
        other => (key, other.type_str().into()),
    });
    let mut expected: Vec<(String, serde_json::Value)> = said.collect();
    for (key, value) in [("verdict", "TD-E001".into()), ("sip_code", 200.into())] {
        if !expected.iter().any(|(said, _)| said == key) {
            expected.push((key.to_owned(), value));
        }
    }
    expected
}

fn wrong(name: &str, what: &str) -> Failure {
    Failure::new(format!("{TABLE}: {name} {what}"), "read the head of the table")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_row_without_verdict_is_a_call_that_went_well() {
        let text = "[[oddity]]\nname = \"a\"\nrows = [\"C1\"]\nsays = \"b\"\n";

        let row = &read_text(text).unwrap()[0];

        assert_eq!(row.record[1], ("sip_code".to_owned(), serde_json::Value::from(200)));
        assert_eq!(row.script, "a");
    }

    #[test]
    fn what_nobody_knows_is_refused() {
        let text = "[[oddity]]\nname = \"a\"\nrows = [\"C1\"]\nsays = \"b\"\nverdict = 3\n";

        assert!(read_text(text).unwrap_err().what.contains("verdict"));
    }

    #[test]
    fn there_are_at_least_sixty_oddities() {
        assert!(read().unwrap().len() >= 60);
    }
}
