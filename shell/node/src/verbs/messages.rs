//! `tandem call ladder` and `call export`: what a call said, drawn or as a capture file.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;

use anyhow::{Context, Result};
use cli::{Exit, Paint, Palette};
use serde_json::{Value, json};
use sip_message::Message;
use telemetry::{Found, Sighting, Way};

use crate::control::Request;
use crate::ladder::{Arrow, HOUSE, Ladder};
use crate::pcapng;
use crate::verbs::{Form, when};

/// Draws a call's messages.
pub fn ladder(record: &Value, data: &Path, form: Form, palette: Palette) -> Result<Exit> {
    let found = match found(record, data)? {
        Ok(found) => found,
        Err(exit) => return Ok(exit),
    };
    if form == Form::Json {
        println!("{:#}", json!({ "call": record["id"], "found": found }));
        return Ok(Exit::Done);
    }
    if found.messages.is_empty() {
        return Ok(gone(record, &found));
    }
    let arrows = arrows(record, &found.messages);
    println!("{}", palette.paint(Paint::Strong, record["id"].as_str().unwrap_or_default()));
    print!("{}", Ladder::of(arrows));
    if let Some(words) = record["words"].as_str() {
        println!("{} {words}", record["verdict"].as_str().unwrap_or_default());
    }
    Ok(Exit::Done)
}

/// Writes a call's messages into a file that Wireshark and the like read.
pub fn export(record: &Value, data: &Path, file: &Path) -> Result<Exit> {
    let found = match found(record, data)? {
        Ok(found) => found,
        Err(exit) => return Ok(exit),
    };
    if found.messages.is_empty() {
        return Ok(gone(record, &found));
    }
    let bytes = pcapng::capture(&found.messages);
    fs::write(file, &bytes).with_context(|| file.display().to_string())?;
    eprintln!("{}: {} messages, {} bytes", file.display(), found.messages.len(), bytes.len());
    Ok(Exit::Done)
}

fn gone(record: &Value, found: &Found) -> Exit {
    let since = found.since_us.map_or("nothing is kept yet".to_owned(), |at_us| {
        format!("the recorder goes back to {}", when(at_us / 1_000))
    });
    eprintln!("tandem: no message of call {} is kept any more: {since}", record["id"]);
    Exit::Bad
}

fn found(record: &Value, data: &Path) -> Result<Result<Found, Exit>> {
    Ok(match crate::verbs::ask(data, &Request::Messages { call_ids: call_ids(record) })? {
        Ok(answer) => Ok(serde_json::from_value(answer).context("the house's answer")?),
        Err(exit) => Err(exit),
    })
}

/// The caller's dialog, and those of the attempts.
fn call_ids(record: &Value) -> Vec<String> {
    let attempts = record["attempts"].as_array().into_iter().flatten();
    let ids = std::iter::once(&record["call_id"]).chain(attempts.map(|attempt| &attempt["call_id"]));
    ids.filter_map(|id| id.as_str()).filter(|id| !id.is_empty()).map(str::to_owned).collect()
}

fn arrows(record: &Value, messages: &[Sighting]) -> Vec<Arrow> {
    let start = messages.first().map_or(0, |first| first.at_us);
    let arrow = |message: &Sighting| {
        let read = Message::parse(message.text.as_bytes()).ok()?;
        let (what, note) = Ladder::label(&read);
        let other = party(record, &read, message.remote);
        let (from, to) = match message.way {
            Way::Received => (other, HOUSE.to_owned()),
            Way::Sent => (HOUSE.to_owned(), other),
        };
        Some(Arrow { at_ms: (message.at_us - start).unsigned_abs() / 1_000, from, to, what, note })
    };
    messages.iter().filter_map(arrow).collect()
}

/// Who stands at the other end of a dialog, in the record's words.
fn party(record: &Value, message: &Message<'_>, remote: SocketAddr) -> String {
    if record["call_id"] == message.call_id() {
        return record["calling"].as_str().unwrap_or("caller").to_owned();
    }
    let mut attempts = record["attempts"].as_array().into_iter().flatten();
    let tried = attempts.find(|attempt| attempt["call_id"] == message.call_id());
    let callee = tried.and_then(|attempt| attempt["callee"].as_str());
    let name = callee.map(|callee| callee.split(' ').next_back().unwrap_or(callee));
    name.map_or_else(|| remote.to_string(), str::to_owned)
}
