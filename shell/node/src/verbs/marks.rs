//! Calls that somebody marked: the mark is a record of its own, and says who made it and when.

use std::path::Path;

use anyhow::Result;
use serde_json::Value;

use crate::verbs::kept::{self, ended};

/// What was said of a call by those whom it reached: such as "marked as malicious by hana".
pub fn of(call: &Value, data: &Path) -> Result<Vec<String>> {
    let users = reached(call);
    if users.is_empty() {
        return Ok(Vec::new());
    }
    // Hardly any call is marked, and all records are many.
    if !kept::marks(data)?.any(|mark| users.iter().any(|user| mark["calling"] == **user)) {
        return Ok(Vec::new());
    }
    let is_meant = |one: &Value| {
        let by_them = one["marks"].is_string() && users.iter().any(|user| one["calling"] == **user);
        by_them || reached(one).iter().any(|user| users.contains(user))
    };
    let all = ended(data, usize::MAX, is_meant)?;
    let marks = all.iter().filter(|one| one["marks"].is_string());
    let marks = marks.filter(|mark| meant(mark, &all).is_some_and(|one| one["id"] == call["id"]));
    let says = |mark: &Value| {
        let (what, by) = (mark["marks"].as_str(), mark["calling"].as_str());
        format!("Marked as {} by {}", what.unwrap_or_default(), by.unwrap_or_default())
    };
    Ok(marks.map(says).collect())
}

/// The call that a mark is about: the one that its maker was in, or else the last that had reached them.
pub fn meant<'r>(mark: &Value, all: &'r [Value]) -> Option<&'r Value> {
    let (by, at) = (mark["calling"].as_str()?, mark["started"].as_i64()?);
    let began = |one: &Value| one["started"].as_i64().unwrap_or_default();
    let theirs = || all.iter().filter(|one| began(one) <= at && reached(one).contains(&by));
    let is_going_on = |one: &&Value| {
        let answered = one["answered"].as_i64().is_some_and(|answered| answered <= at);
        answered && one["ended"].as_i64().is_some_and(|ended| ended > at)
    };
    let newest = |one: &&Value| began(one);
    theirs().filter(is_going_on).max_by_key(newest).or_else(|| theirs().max_by_key(newest))
}

/// The users whom a call has reached.
fn reached(record: &Value) -> Vec<&str> {
    let attempts = record["attempts"].as_array().into_iter().flatten();
    attempts.filter_map(|attempt| attempt["callee"].as_str()?.strip_prefix("user ")).collect()
}
