//! `tandem status`: what runs, and how it stands.

use std::thread;
use std::time::Duration;

use anyhow::Result;
use cli::{Exit, Paint, Palette, Status};
use serde_json::Value;

use crate::control::Request;
use crate::verbs::{ask, trunk, when};

const EVERY: Duration = Duration::from_secs(1);

pub fn run(status: &Status, palette: Palette) -> Result<Exit> {
    let data = status.house.data();
    loop {
        let answer = match ask(&data, &Request::Status {})? {
            Ok(answer) => answer,
            Err(exit) => return Ok(exit),
        };
        match (status.json, status.watch) {
            (true, true) => println!("{answer}"),
            (true, false) => println!("{answer:#}"),
            (false, true) => println!("{}\n", in_words(&answer, palette)),
            (false, false) => println!("{}", in_words(&answer, palette)),
        }
        if !status.watch {
            return Ok(Exit::Done);
        }
        thread::sleep(EVERY);
    }
}

/// Somebody who tells what he has seen.
fn observer(one: &Value, palette: Palette) -> String {
    let word = |key: &str| one[key].as_str().unwrap_or_default();
    let heard = one["heard_ms"].as_i64().map(|ms| format!(", the last at {}", when(ms))).unwrap_or_default();
    let refused = match one["refused"].as_u64() {
        Some(count @ 1..) => palette.paint(Paint::Note, format!(", {count} refused")).to_string(),
        _ => String::new(),
    };
    let (name, listen, taken) = (word("name"), word("listen"), &one["taken"]);
    format!("  observer  {name} at {listen}: {taken} messages taken{heard}{refused}")
}

/// What is on the disk of the messages of calls.
fn messages(kept: &Value) -> Option<String> {
    let since = when(kept["since_ms"].as_i64()?);
    let megabytes = kept["bytes"].as_f64().unwrap_or_default() / 1e6;
    Some(format!("  messages  {megabytes:.1} MB of them on the disk, since {since}"))
}

fn in_words(status: &Value, palette: Palette) -> String {
    let word = |key: &str| status[key].as_str().unwrap_or_default();
    let (held, shards) = (&status["held"], status["shards"].as_array().map_or(0, Vec::len));
    let paint = if word("state") == "running" { Paint::Good } else { Paint::Note };
    let mut lines = vec![
        format!(
            "{} {}, {}, revision {}, process {}",
            palette.paint(Paint::Strong, word("name")),
            palette.paint(paint, word("state")),
            word("version"),
            status["revision"],
            status["process"]
        ),
        format!("  calls     {:<8} on {shards} shards, {} media ports", held["calls"], held["ports"]),
    ];
    let trunks = status["trunks"].as_array().into_iter().flatten();
    let alarms = status["alarms"].as_array().into_iter().flatten().filter_map(Value::as_str);
    lines.extend(alarms.map(|words| format!("  {} {words}", palette.paint(Paint::Bad, "✘"))));
    lines.extend(trunks.map(|one| format!("  {}", trunk::line(one, palette))));
    lines.extend(messages(&status["messages"]));
    lines.extend(status["observers"].as_array().into_iter().flatten().map(|one| observer(one, palette)));
    lines.join("\n")
}
