//! `tandem call`: calls in progress, calls that ended, and callers that were turned away.

use std::path::Path;

use anyhow::Result;
use cli::{Call, Exit, Paint, Palette};
use serde_json::{Value, json};

use crate::control::{self, Request, Response};
use crate::verbs::kept::{self, ended};
use crate::verbs::{Form, find, make, marks, messages, operate, record, when};

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
        Call::Find(verb) => find::run(verb, palette),
        Call::Make(verb) => make::run(verb, palette),
        Call::Hangup { id, house, json } => {
            let form = if *json { Form::Json } else { Form::Text };
            operate::hang_up(id, &house.data(), form)
        }
        Call::Ladder(verb) => {
            of_call(&verb.id, &verb.house.data(), |call, data| messages::ladder(call, data, verb, palette))
        }
        Call::Export(verb) => {
            of_call(&verb.id, &verb.house.data(), |call, data| messages::export(call, data, &verb.to))
        }
        Call::Capture(verb) => operate::capture(verb),
        Call::Show { id, house, json } => {
            let form = if *json { Form::Json } else { Form::Text };
            show(id, &house.data(), form, palette)
        }
    }
}

/// Does something with a call in progress, with the record of one that ended or was turned away, or with what
/// stands for it.
fn of_call(id: &str, data: &Path, then: impl FnOnce(&Value, &Path) -> Result<Exit>) -> Result<Exit> {
    if let Some(call) = in_progress(id, data) {
        return then(&call, data);
    }
    let found = found(data, id)?;
    let record = found.into_iter().next_back().unwrap_or_else(|| messages::unknown(id));
    then(&record, data)
}

fn show(id: &str, data: &Path, form: Form, palette: Palette) -> Result<Exit> {
    let found = found(data, id)?;
    if found.len() > 1 && !names_in(id).is_empty() {
        match form {
            Form::Json => println!("{:#}", json!(found)),
            Form::Text => found.iter().for_each(|one| println!("{}", record::in_words(one, palette))),
        }
        return Ok(Exit::Done);
    }
    let live = live_calls(data);
    let in_progress = live["calls"].as_array().into_iter().flatten().find(|call| call["id"] == id);
    let mut last = found.into_iter().next_back();
    if let Some(record) = &mut last {
        kept::add_reports(data, record)?;
    }
    match (&last, in_progress) {
        (Some(record), _) if form == Form::Json => println!("{record:#}"),
        (Some(record), _) => {
            println!("{}", record::in_words(record, palette));
            about_recording(record, data).iter().for_each(|says| println!("  {says}"));
            marks::of(record, data)?.iter().for_each(|says| println!("  {says}."));
        }
        (None, Some(call)) if form == Form::Json => println!("{call:#}"),
        (None, Some(call)) => {
            println!("{}", live_line(call, palette));
            let missed = call["missed"].as_array().into_iter().flatten().filter_map(Value::as_str);
            missed.for_each(|words| println!("  Not heard: {words}"));
            if let (Some(path), Some(why)) = (call["media"]["path"].as_str(), call["media"]["why"].as_str()) {
                println!("  Its media is {path}: {why}");
            }
            if let Some(how) = call["recording"].as_str() {
                println!("  Its recording is {how}");
            }
            if let Some(media) = call["capture"]["media"].as_str() {
                println!("  It is captured: {media} of its media");
            }
            if let Some(what) = call["hears"].as_str() {
                println!("  The caller hears {what}");
            }
        }
        (None, None) => {
            eprintln!("tandem: there is no call {id} in {}", data.display());
            return Ok(Exit::Bad);
        }
    }
    Ok(Exit::Done)
}

/// What stands beside the recording of a call, once that is whole.
fn about_recording(record: &Value, data: &Path) -> Vec<String> {
    let Some(file) = record["recording"]["file"].as_str() else { return Vec::new() };
    let beside = data.join(file).with_extension("json");
    let told: Option<Value> = std::fs::read(beside).ok().and_then(|text| serde_json::from_slice(&text).ok());
    let Some(told) = told else { return Vec::new() };
    let mut says = Vec::new();
    if let (Some(ms), Some(print)) = (told["ms"].as_u64(), told["sha256"].as_str()) {
        let cut = if told["cut_off"] == true { ", cut off when the house stopped" } else { "" };
        says.push(format!("{:.1} s{cut}, SHA-256 {print}", ms as f64 / 1e3));
    }
    for gap in told["gaps"].as_array().into_iter().flatten() {
        let at = gap["at_ms"].as_u64().unwrap_or_default() as f64 / 1e3;
        says.push(format!("A gap at {at:.1} s: {}", gap["why"].as_str().unwrap_or_default()));
    }
    says
}

/// The calls that somebody names, in order of time.
pub fn found(data: &Path, id: &str) -> Result<Vec<Value>> {
    match kept::by_id(data, id)? {
        Some(record) => Ok(vec![record]),
        None => ended(data, usize::MAX, |one| is_meant(one, id)),
    }
}

/// Whether a record is the one that somebody names.
fn is_meant(record: &Value, id: &str) -> bool {
    let attempts = || record["attempts"].as_array().into_iter().flatten();
    let is_named = || {
        let pairs = record["sessions"].as_array().into_iter().flatten();
        let names: Vec<&str> =
            pairs.flat_map(|pair| [&pair["caller"], &pair["callee"]]).filter_map(Value::as_str).collect();
        names_in(id).iter().any(|wanted| names.iter().any(|name| name.eq_ignore_ascii_case(wanted)))
    };
    record["id"] == id
        || record["call_id"] == id
        || attempts().any(|attempt| attempt["call_id"] == id)
        || is_named()
}

/// The names that a Session-ID holds, or one of them alone (RFC 7989); nothing, if it is none.
fn names_in(id: &str) -> Vec<&str> {
    let (first, other) = id.split_once(";remote=").map_or((id, None), |(first, other)| (first, Some(other)));
    let is_name = |name: &&str| {
        name.len() == 32
            && name.bytes().all(|byte| byte.is_ascii_hexdigit())
            && name.bytes().any(|byte| byte != b'0')
    };
    [first].into_iter().chain(other).filter(is_name).collect()
}

fn is_refused(record: &Value) -> bool {
    record["outcome"] == "refused" || record["event"] == "turned_away"
}

fn in_progress(id: &str, data: &Path) -> Option<Value> {
    let is_meant = |call: &&Value| call["id"] == id || messages::call_ids(call).iter().any(|one| one == id);
    live_calls(data)["calls"].as_array().into_iter().flatten().find(is_meant).cloned()
}

/// Nothing, if no house runs.
fn live_calls(data: &Path) -> Value {
    match control::ask(data, &LIVE) {
        Ok(Some(Response::Answer(calls))) => calls,
        _ => Value::Null,
    }
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
    let (paint, words) = stage(call);
    let stage = palette.paint(paint, words);
    let at = when(call["started"].as_i64().unwrap_or_default());
    let callee = &call["callee"];
    let through = callee["trunk"].as_str().map(|trunk| format!(" through {trunk}")).unwrap_or_default();
    let (id, calling, called) = (word("id"), word("calling"), word("called"));
    format!("{id}  {at}  {calling} → {called}{through}  {stage}, revision {}", call["revision"])
}

/// How far a call in progress has come.
pub fn stage(call: &Value) -> (Paint, &'static str) {
    match call["stage"].as_str() {
        Some("up") => (Paint::Good, "in progress"),
        Some("refusing") => (Paint::Bad, "being refused"),
        Some("placing") => (Paint::Note, "being placed"),
        _ => (Paint::Quiet, "ending"),
    }
}
