//! `tandem call`: calls in progress, calls that ended, and callers that were turned away.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{BufRead, BufReader, ErrorKind};
use std::path::Path;

use anyhow::{Context, Result};
use cli::{Call, Exit, Paint, Palette};
use serde_json::{Value, json};

use crate::control::{self, Request, Response};
use crate::verbs::{Form, messages, record, when};

/// Calls in progress that a shard lists: a thousand at most.
const LIVE: Request = Request::Calls { most: 1_000 };

pub fn run(verb: &Call, palette: Palette) -> Result<Exit> {
    match verb {
        Call::List { house, refused, live, last, json } => {
            let data = house.data();
            let live = match (refused, live) {
                (true, _) => Value::Null,
                (_, true) => crate::verbs::ask(&data, &LIVE)?.unwrap_or_default(),
                (_, false) => live_calls(&data),
            };
            let ended = match verb {
                Call::List { live: true, .. } => Vec::new(),
                _ => ended(&data, *last, |one| !refused || is_refused(one))?,
            };
            match json {
                true => println!("{:#}", json!({ "live": live, "ended": ended })),
                false => print(&live, &ended, palette),
            }
            Ok(Exit::Done)
        }
        Call::Ladder { id, house, json } => {
            let form = if *json { Form::Json } else { Form::Text };
            with_record(id, &house.data(), |record, data| messages::ladder(record, data, form, palette))
        }
        Call::Export { id, house, pcapng } => {
            with_record(id, &house.data(), |record, data| messages::export(record, data, pcapng))
        }
        Call::Show { id, house, json } => {
            let form = if *json { Form::Json } else { Form::Text };
            show(id, &house.data(), form, palette)
        }
    }
}

/// Does something with the record of a call that ended or was turned away.
fn with_record(id: &str, data: &Path, then: impl FnOnce(&Value, &Path) -> Result<Exit>) -> Result<Exit> {
    let found = ended(data, usize::MAX, |one| is_meant(one, id))?;
    let Some(record) = found.last() else {
        eprintln!("tandem: no call {id} has ended in {}", data.display());
        return Ok(Exit::Bad);
    };
    then(record, data)
}

fn show(id: &str, data: &Path, form: Form, palette: Palette) -> Result<Exit> {
    let found = ended(data, usize::MAX, |one| is_meant(one, id))?;
    let live = live_calls(data);
    let in_progress = live["calls"].as_array().into_iter().flatten().find(|call| call["id"] == id);
    match (found.last(), in_progress) {
        (Some(record), _) if form == Form::Json => println!("{record:#}"),
        (Some(record), _) => println!("{}", record::in_words(record, palette)),
        (None, Some(call)) if form == Form::Json => println!("{call:#}"),
        (None, Some(call)) => println!("{}", live_line(call, palette)),
        (None, None) => {
            eprintln!("tandem: there is no call {id} in {}", data.display());
            return Ok(Exit::Bad);
        }
    }
    Ok(Exit::Done)
}

/// Whether a record is the one that somebody names.
fn is_meant(record: &Value, id: &str) -> bool {
    let attempts = || record["attempts"].as_array().into_iter().flatten();
    record["id"] == id || record["call_id"] == id || attempts().any(|attempt| attempt["call_id"] == id)
}

fn is_refused(record: &Value) -> bool {
    record["outcome"] == "refused" || record["event"] == "turned_away"
}

/// Nothing, if no house runs.
fn live_calls(data: &Path) -> Value {
    match control::ask(data, &LIVE) {
        Ok(Some(Response::Answer(calls))) => calls,
        _ => Value::Null,
    }
}

/// The newest records and turned-away callers that fit, in order of time.
fn ended(data: &Path, most: usize, fits: impl Fn(&Value) -> bool) -> Result<Vec<Value>> {
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
    let path = data.join("events.jsonl");
    let file = match File::open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error).with_context(|| path.display().to_string()),
    };
    for line in BufReader::new(file).lines() {
        let line = line.with_context(|| path.display().to_string())?;
        // Most events are others, and not worth taking apart.
        if !line.contains("\"turned_away\"") {
            continue;
        }
        if let Ok(mut event) = serde_json::from_str::<Value>(&line) {
            event["id"] = format!("t{:011x}", event["at"].as_i64().unwrap_or_default()).into();
            each(event);
        }
    }
    Ok(())
}

fn began_ms(value: &Value) -> i64 {
    value["started"].as_i64().or(value["at"].as_i64()).unwrap_or_default()
}

fn print(live: &Value, ended: &[Value], palette: Palette) {
    if ended.is_empty() && live["calls"].as_array().is_none_or(Vec::is_empty) {
        println!("no calls");
    }
    for one in ended {
        println!("{}", record::line(one, palette));
    }
    for call in live["calls"].as_array().into_iter().flatten() {
        println!("{}", live_line(call, palette));
    }
    if let Some(more @ 1..) = live["left_out"].as_u64() {
        println!("and {more} more in progress");
    }
}

fn live_line(call: &Value, palette: Palette) -> String {
    let word = |key: &str| call[key].as_str().unwrap_or_default();
    let stage = match word("stage") {
        "up" => palette.paint(Paint::Good, "in progress"),
        "placing" => palette.paint(Paint::Note, "being placed"),
        _ => palette.paint(Paint::Quiet, "ending"),
    };
    let at = when(call["started"].as_i64().unwrap_or_default());
    let callee = &call["callee"];
    let through = callee["trunk"].as_str().map(|trunk| format!(" through {trunk}")).unwrap_or_default();
    let (id, calling, called) = (word("id"), word("calling"), word("called"));
    format!("{id}  {at}  {calling} → {called}{through}  {stage}, revision {}", call["revision"])
}
