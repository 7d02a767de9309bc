//! What is kept of calls that ended, and of callers that were turned away.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{BufRead, BufReader, ErrorKind};
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::Value;
use store::Records;

/// A clock may have been set back while a call went on.
const DAY_MS: i64 = 86_400_000;

/// The newest records and turned-away callers that fit, in order of time.
pub fn ended(data: &Path, most: usize, fits: impl Fn(&Value) -> bool) -> Result<Vec<Value>> {
    let mut newest = Newest { most, values: VecDeque::new() };
    records(data)?.filter(&fits).for_each(|one| newest.push(one));
    let mut all = newest.values;
    let mut newest = Newest { most, values: VecDeque::new() };
    each_turned_away(data, |one| {
        if fits(&one) {
            newest.push(one);
        }
    })?;
    all.extend(newest.values);
    let mut all: Vec<Value> = all.into();
    all.sort_by_key(began_ms);
    let left_out = all.len().saturating_sub(most);
    Ok(all.split_off(left_out))
}

/// The record of a call by the id that the house has given it, which says when it began: few files are looked
/// at. Nothing where there is none, or the id is not of that kind.
pub fn by_id(data: &Path, id: &str) -> Result<Option<Value>> {
    let Some(began) = began_of(id).filter(|_| store::is_plain(id)) else { return Ok(None) };
    let Some(records) = all_records(data)? else { return Ok(None) };
    let mut records = records.from_day_of(began.saturating_sub(DAY_MS)).only_with(id).filter_map(Result::ok);
    Ok(records.find(|one| one["id"] == id))
}

/// Records of calls that are marks, or say so of others.
pub fn marks(data: &Path) -> Result<impl Iterator<Item = Value>> {
    let records = all_records(data)?.map(|records| records.only_with("\"marks\""));
    let marks = records.into_iter().flatten().filter_map(Result::ok);
    Ok(marks.filter(|one| one["marks"].is_string()))
}

/// Records behind the one with this id, or all of them; nothing, where there is no such record.
pub fn behind(data: &Path, after: Option<&str>) -> Result<Option<impl Iterator<Item = Value> + use<>>> {
    let whole = |records: Option<Records>| records.into_iter().flatten().filter_map(Result::ok);
    let Some(after) = after else { return Ok(Some(whole(all_records(data)?))) };
    let Some(records) = all_records(data)? else { return Ok(None) };
    if let Some(began) = began_of(after) {
        let mut records = records.from_day_of(began.saturating_sub(DAY_MS));
        if records.go_behind(after) {
            return Ok(Some(whole(Some(records))));
        }
    }
    let Some(mut records) = all_records(data)? else { return Ok(None) };
    Ok(records.go_behind(after).then(|| whole(Some(records))))
}

fn records(data: &Path) -> Result<impl Iterator<Item = Value> + use<>> {
    Ok(all_records(data)?.into_iter().flatten().filter_map(Result::ok))
}

/// Nothing, where none was ever kept.
fn all_records(data: &Path) -> Result<Option<Records>> {
    match store::records_in(data) {
        Ok(records) => Ok(Some(records)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| data.display().to_string()),
    }
}

/// When the call began that has this id.
fn began_of(id: &str) -> Option<i64> {
    let (began, _) = id.strip_prefix('c')?.split_once('-')?;
    i64::from_str_radix(began, 16).ok().filter(|_| began.len() == 11)
}

/// Adds to the record of a call what phones have reported of its sound, in order.
pub fn add_reports(data: &Path, record: &mut Value) -> Result<()> {
    let reports = reported(data, record)?;
    if !reports.is_empty() {
        record["reports"] = reports.into();
    }
    Ok(())
}

fn reported(data: &Path, record: &Value) -> Result<Vec<Value>> {
    let attempts = record["attempts"].as_array().into_iter().flatten();
    let legs = attempts.chain([record]).map(|leg| &leg["call_id"]).filter(|leg| leg.is_string());
    let legs: Vec<&Value> = legs.collect();
    let mut reports = Vec::new();
    each_event(data, "\"sound_reported\"", |report| {
        if legs.contains(&&report["call_id"]) {
            reports.push(report);
        }
    })?;
    Ok(reports)
}

struct Newest {
    most: usize,
    values: VecDeque<Value>,
}

impl Newest {
    fn push(&mut self, value: Value) {
        if self.values.len() >= self.most {
            self.values.pop_front();
        }
        self.values.push_back(value);
    }
}

/// Callers whom nobody knows have no call record: they are in the events.
fn each_turned_away(data: &Path, mut each: impl FnMut(Value)) -> Result<()> {
    each_event(data, "\"turned_away\"", |mut event| {
        event["id"] = format!("t{:011x}", event["at"].as_i64().unwrap_or_default()).into();
        each(event);
    })
}

/// The events that say this word somewhere; most others are not worth taking apart.
fn each_event(data: &Path, word: &str, mut each: impl FnMut(Value)) -> Result<()> {
    for path in store::event_files(data).with_context(|| data.display().to_string())? {
        let file = match File::open(&path) {
            Ok(file) => file,
            // What is too old, or too much, goes at any time.
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            Err(error) => return Err(error).with_context(|| path.display().to_string()),
        };
        for line in BufReader::new(file).lines() {
            let line = line.with_context(|| path.display().to_string())?;
            if !line.contains(word) {
                continue;
            }
            if let Ok(event) = serde_json::from_str::<Value>(&line) {
                each(event);
            }
        }
    }
    Ok(())
}

fn began_ms(value: &Value) -> i64 {
    value["started"].as_i64().or(value["at"].as_i64()).unwrap_or_default()
}
