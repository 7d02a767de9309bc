//! The records that a node left behind.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::Value;

use super::Binary;
use super::place::io_failure;
use crate::step::{self, Failure};

/// Every record below a scenario's data folder. A line that is no record is a failure.
pub fn read(folder: &Path) -> Result<Vec<Value>, Failure> {
    let records = folder.join("data/records");
    let mut found = Vec::new();
    let entries =
        fs::read_dir(&records).map_err(|error| io_failure(&records.display().to_string(), &error))?;
    for entry in entries.flatten().filter(|entry| entry.path().extension().is_some_and(|it| it == "jsonl")) {
        let text = fs::read_to_string(entry.path()).map_err(|error| io_failure("records", &error))?;
        for (at, line) in text.lines().enumerate() {
            let record = serde_json::from_str(line).map_err(|error| {
                let place = format!("{}:{}", entry.path().display(), at + 1);
                Failure::new(
                    format!("{place} is no record: {error}"),
                    "a torn line must be set aside at the start",
                )
            })?;
            found.push(record);
        }
    }
    Ok(found)
}

/// Every event below a scenario's data folder, a line each.
pub fn events(folder: &Path) -> Result<String, Failure> {
    let entries =
        fs::read_dir(folder.join("data/events")).map_err(|error| io_failure("data/events", &error))?;
    let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort_unstable();
    let read = |path| fs::read_to_string(path).map_err(|error| io_failure("data/events", &error));
    paths.iter().map(read).collect()
}

/// The record of the call that ended last, as `tandem call list` has it.
pub fn last(binary: &Binary, folder: &Path) -> Result<Value, Failure> {
    let mut command = binary.command();
    command.args(["call", "list", "--json", "--data"]).arg(folder.join("data"));
    let said = step::read(&mut command, "read node.log")?;
    let list: Value = serde_json::from_str(&said)
        .map_err(|error| Failure::new(error.to_string(), "call list --json prints one document"))?;
    match &list["ended"][0] {
        Value::Null => Err(Failure::new("the call has no record", "read node.log")),
        record => Ok(record.clone()),
    }
}

/// Exactly so many records, each with an id of its own.
pub fn expect_exactly(records: &[Value], count: usize) -> Result<(), Failure> {
    let ids: BTreeSet<&str> = records.iter().filter_map(|record| record.get("id")?.as_str()).collect();
    if records.len() == count && ids.len() == count {
        return Ok(());
    }
    let what = format!("{} records with {} ids, where {count} calls were made", records.len(), ids.len());
    Err(Failure::new(what, "compare the Call-IDs of the records with SIPp's log"))
}
