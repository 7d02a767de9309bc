//! What must be there after a fault: revisions, records wherever they are kept and searched, bindings, and
//! what calls said.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::house::House;
use super::server::Server;
use super::{CURE, Known, phone};
use crate::interop::place::io_failure;
use crate::step::Failure;

/// What searches records has taken them in so soon.
const TAKEN_WITHIN: Duration = Duration::from_secs(60);
/// Records of one page.
const PAGE: &str = "1000";

/// Every revision is whole, and what was applied is among them.
pub fn revisions(folder: &Path, applied: u64) -> Result<(), Failure> {
    let failed = |error| io_failure("revisions", &error);
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)?.flatten() {
        let is_one = entry.file_name().to_str().is_some_and(|name| name.parse::<u64>().is_ok());
        if !is_one {
            continue;
        }
        let text = fs::read_to_string(entry.path().join("documents/tandem.toml")).map_err(failed)?;
        let about = fs::read(entry.path().join("revision.json")).map_err(failed)?;
        let name = text.split("name = \"edge-").nth(1).and_then(|rest| rest.split('"').next()).unwrap_or("?");
        let is_whole = text.ends_with(&format!("# whole {name}\n"));
        if !is_whole || serde_json::from_slice::<Value>(&about).is_err() {
            let what = format!("revision {} is half there", entry.path().display());
            return Err(Failure::new(what, CURE));
        }
        names.push(name.to_owned());
    }
    match names.iter().any(|name| *name == applied.to_string()) {
        true => Ok(()),
        false => Err(Failure::new(format!("edge-{applied} was applied, and only {names:?} are there"), CURE)),
    }
}

/// One record for each call that was told to be over: in the files, in their chain, in the database, on the
/// server, and in what a search finds.
pub fn records(house: &House, server: Option<&Server>, known: &Known) -> Result<(), Failure> {
    let lines = lines(house)?;
    let mut times: BTreeMap<String, u64> = BTreeMap::new();
    for record in lines.values() {
        *times.entry(record["call_id"].as_str().unwrap_or_default().to_owned()).or_default() += 1;
    }
    let lost: Vec<&String> = known.ended.iter().filter(|call| !times.contains_key(*call)).collect();
    let doubled: Vec<&String> = times.iter().filter(|(_, count)| **count > 1).map(|(call, _)| call).collect();
    if !lost.is_empty() || !doubled.is_empty() {
        let what = format!("{} calls have no record: {lost:?}; {doubled:?} have two", lost.len());
        return Err(Failure::new(what, CURE));
    }
    let (_, chained) = house.ask(&["cdr", "verify"])?;
    if chained["faults"] != 0 || chained["records"] != lines.len() as u64 {
        return Err(Failure::new(format!("of {} records the chain says {chained}", lines.len()), CURE));
    }
    taken_in(house, lines.len() as u64)?;
    if let Some(server) = server {
        there(server, &lines)?;
    }
    found(house, &[], &lines.values().collect::<Vec<_>>())?;
    let busy: Vec<&Value> = lines.values().filter(|record| record["outcome"] == "busy").collect();
    found(house, &["--cause", "busy"], &busy)
}

/// Calls are drawn by a later process, too: each with how it began and how it was answered.
pub fn messages(house: &House, calls: &[String]) -> Result<(), Failure> {
    for call in calls {
        let until = Instant::now() + TAKEN_WITHIN;
        loop {
            let drawn =
                house.ask(&["call", "ladder", call]).map(|(_, drawn)| drawn["found"]["messages"].to_string());
            let is_whole = |text: &String| text.contains("\"INVITE sip:") && text.contains("\"SIP/2.0 ");
            match drawn {
                Ok(text) if is_whole(&text) => break,
                // The channel opens a moment after the house answers calls.
                Err(_) if Instant::now() < until => thread::sleep(Duration::from_millis(50)),
                Ok(text) => return Err(Failure::new(format!("of call {call} there is {text}"), CURE)),
                Err(failure) => return Err(failure),
            }
        }
    }
    Ok(())
}

/// What the files hold, by the lines as they stand there.
fn lines(house: &House) -> Result<BTreeMap<String, Value>, Failure> {
    let failed = |error| io_failure("records", &error);
    let mut lines = BTreeMap::new();
    for entry in fs::read_dir(house.records()).map_err(failed)?.flatten() {
        if entry.path().extension().is_none_or(|end| end != "jsonl") {
            continue;
        }
        let text = fs::read_to_string(entry.path()).map_err(failed)?;
        for line in text.lines() {
            let record = serde_json::from_str(line)
                .map_err(|_| Failure::new(format!("{} has a torn line", entry.path().display()), CURE))?;
            if lines.insert(line.to_owned(), record).is_some() {
                return Err(Failure::new(format!("a line stands there twice: {line}"), CURE));
            }
        }
    }
    Ok(lines)
}

/// Whatever searches records has all of them, and nothing is wrong with it.
fn taken_in(house: &House, lines: u64) -> Result<(), Failure> {
    within(|| {
        let said = house.ask(&["store", "verify"])?.1;
        // Whoever was turned away has a row, too, and no record.
        match said["faults"] == 0 && said["behind_bytes"] == 0 && said["rows"].as_u64() >= Some(lines) {
            true => Ok(()),
            false => Err(Failure::new(format!("of {lines} records the database says {said}"), CURE)),
        }
    })
}

/// The server has exactly what the files have, letter by letter.
fn there(server: &Server, lines: &BTreeMap<String, Value>) -> Result<(), Failure> {
    let said = server.bodies()?;
    let mut times: BTreeMap<&str, u64> = BTreeMap::new();
    for body in said.lines() {
        *times.entry(body).or_default() += 1;
    }
    let call = |line: &str| {
        let record = serde_json::from_str::<Value>(line).unwrap_or_default();
        record["call_id"].as_str().unwrap_or("?").to_owned()
    };
    let of = |lines: Vec<&str>| lines.into_iter().map(call).collect::<Vec<_>>();
    let lost = of(lines.keys().map(String::as_str).filter(|line| !times.contains_key(line)).collect());
    let strange = of(times.keys().copied().filter(|body| !lines.contains_key(*body)).collect());
    let doubled = of(times.iter().filter(|(_, count)| **count > 1).map(|(body, _)| *body).collect());
    if lost.is_empty() && strange.is_empty() && doubled.is_empty() {
        return Ok(());
    }
    let what = format!(
        "of {} records the server lacks {lost:?}, has twice {doubled:?}, and has others of {strange:?}",
        lines.len()
    );
    Err(Failure::new(what, CURE))
}

/// A search, page after page, finds these records and no others, each once and whole.
fn found(house: &House, words: &[&str], expected: &[&Value]) -> Result<(), Failure> {
    let id = |record: &Value| record["id"].as_str().unwrap_or_default().to_owned();
    let mut left: BTreeMap<String, &Value> = expected.iter().map(|record| (id(record), *record)).collect();
    let mut after: Option<String> = None;
    loop {
        let mut asked = vec!["call", "find", "--last", PAGE];
        asked.extend(words);
        asked.extend(after.iter().flat_map(|after| ["--after", after.as_str()]));
        // A server may be busy with what it takes in.
        let page = within(|| house.ask(&asked))?.1;
        let records = page["records"].as_array().cloned().unwrap_or_default();
        // Whoever was turned away has no record.
        for record in records.iter().filter(|record| !record["started"].is_null()) {
            if left.remove(&id(record)) != Some(record) {
                let what = format!("{words:?} finds what is no record, or twice, or not whole: {record}");
                return Err(Failure::new(what, CURE));
            }
        }
        after = page["next"].as_str().map(str::to_owned);
        if after.is_none() {
            break;
        }
    }
    match left.keys().next() {
        None => Ok(()),
        Some(first) => {
            let (left, all) = (left.len(), expected.len());
            let what = format!("{words:?} does not find {left} of {all} records: {first}");
            Err(Failure::new(what, CURE))
        }
    }
}

/// The phone is where the last answer let it be, or where it went after that.
pub fn binding(house: &House, granted: u64) -> Result<(), Failure> {
    let (_, said) = house.ask(&["user", "show", phone::USER])?;
    let text = said.to_string();
    let places: Vec<u64> =
        text.split("sip:k").skip(1).filter_map(|rest| rest.split('k').next()?.parse().ok()).collect();
    match places.iter().max() {
        Some(newest) if *newest >= granted => Ok(()),
        _ => Err(Failure::new(format!("the phone is at {places:?}, and {granted} was granted"), CURE)),
    }
}

/// Asks again and again until it is so.
fn within<T>(mut is_so: impl FnMut() -> Result<T, Failure>) -> Result<T, Failure> {
    let until = Instant::now() + TAKEN_WITHIN;
    loop {
        match is_so() {
            Err(_) if Instant::now() < until => thread::sleep(Duration::from_millis(100)),
            done => return done,
        }
    }
}
