//! What is kept of calls that ended, and of callers that were turned away.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{BufRead, BufReader, ErrorKind};
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::Value;

/// The newest records and turned-away callers that fit, in order of time.
pub fn ended(data: &Path, most: usize, fits: impl Fn(&Value) -> bool) -> Result<Vec<Value>> {
    let mut newest = Newest { most, values: VecDeque::new() };
    match store::records_in(data) {
        Ok(records) => records.filter_map(Result::ok).filter(&fits).for_each(|one| newest.push(one)),
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(error).with_context(|| data.display().to_string()),
    }
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
