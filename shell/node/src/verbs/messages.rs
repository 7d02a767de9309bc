//! `tandem call ladder` and `call export`: what a call said, drawn or as a capture file.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::path::Path;

use anyhow::{Context, Result};
use cli::{Exit, Paint, Palette};
use observers::Observation;
use serde_json::{Value, json};
use sip_message::Message;
use telemetry::{Sighting, Way};

use crate::control::Request;
use crate::ladder::{Arrow, HOUSE, Ladder};
use crate::pcapng;
use crate::seen::Seen;
use crate::verbs::{Form, when};

/// Draws a call's messages.
pub fn ladder(record: &Value, data: &Path, form: Form, palette: Palette) -> Result<Exit> {
    let seen = match seen(record, data)? {
        Ok(seen) => seen,
        Err(exit) => return Ok(exit),
    };
    if form == Form::Json {
        println!("{:#}", json!({ "call": record["id"], "found": seen }));
        return Ok(Exit::Done);
    }
    if seen.is_empty() {
        return Ok(gone(record, data, &seen));
    }
    println!("{}", palette.paint(Paint::Strong, record["id"].as_str().unwrap_or_default()));
    print!("{}", Ladder::of(arrows(record, &seen)));
    if let Some(words) = record["words"].as_str() {
        println!("{} {words}", record["verdict"].as_str().unwrap_or_default());
    }
    Ok(Exit::Done)
}

/// Writes a call's messages into a file that Wireshark and the like read.
pub fn export(record: &Value, data: &Path, file: &Path) -> Result<Exit> {
    let seen = match seen(record, data)? {
        Ok(seen) => seen,
        Err(exit) => return Ok(exit),
    };
    let messages = seen.in_order();
    let Some(bytes) = capture_of(record, &messages, data).context("its packets")? else {
        return Ok(gone(record, data, &seen));
    };
    fs::write(file, &bytes).with_context(|| file.display().to_string())?;
    let (messages, all) = (messages.len(), store::pcapng::packets(&bytes).count());
    let (name, packets, length) = (file.display(), all - messages.min(all), bytes.len());
    eprintln!("{name}: {messages} messages, {packets} packets, {length} bytes");
    Ok(Exit::Done)
}

/// A call as a capture file, its packets with its messages; nothing, where neither is kept.
pub fn capture_of(
    call: &Value,
    messages: &[(Sighting, Option<String>)],
    data: &Path,
) -> io::Result<Option<Vec<u8>>> {
    let packets = match call["capture"]["file"].as_str().map(|file| fs::read(data.join(file))) {
        Some(Ok(packets)) => packets,
        Some(Err(fault)) if fault.kind() != ErrorKind::NotFound => return Err(fault),
        // No packet came, or they were too old.
        Some(Err(_)) | None => Vec::new(),
    };
    if messages.is_empty() && packets.is_empty() {
        return Ok(None);
    }
    let verdict = call["verdict"].as_str().zip(call["words"].as_str());
    let verdict = verdict.map(|(code, words)| format!("{code}: {words}"));
    Ok(Some(pcapng::capture(messages, &packets, verdict.as_deref())))
}

fn gone(record: &Value, data: &Path, seen: &Seen) -> Exit {
    if is_unknown(record) {
        eprintln!("tandem: no call {} has ended in {}", record["id"], data.display());
        return Exit::Bad;
    }
    let since = seen.own.since_us.map_or("nothing is kept yet".to_owned(), |at_us| {
        format!("the recorder goes back to {}", when(at_us / 1_000))
    });
    eprintln!("tandem: no message of call {} is kept any more: {since}", record["id"]);
    Exit::Bad
}

/// Stands for a record where there is none: of a call that goes on, or that others alone have seen. It is
/// found by the Call-ID of one of its legs.
pub fn unknown(id: &str) -> Value {
    json!({ "id": id, "call_id": id, "event": "unknown" })
}

fn is_unknown(record: &Value) -> bool {
    record["event"] == "unknown"
}

fn seen(record: &Value, data: &Path) -> Result<Result<Seen, Exit>> {
    let call = record["id"].as_str().unwrap_or_default().to_owned();
    let request = Request::Messages { call, call_ids: call_ids(record), sessions: sessions(record) };
    Ok(match crate::verbs::ask(data, &request)? {
        Ok(answer) => Ok(serde_json::from_value(answer).context("the house's answer")?),
        Err(exit) => Err(exit),
    })
}

/// The caller's dialog, and those of the attempts.
pub fn call_ids(record: &Value) -> Vec<String> {
    // A call in progress says them.
    if let Some(ids) = record["call_ids"].as_array() {
        return ids.iter().filter_map(Value::as_str).map(str::to_owned).collect();
    }
    let attempts = record["attempts"].as_array().into_iter().flatten();
    let ids = std::iter::once(&record["call_id"]).chain(attempts.map(|attempt| &attempt["call_id"]));
    ids.filter_map(|id| id.as_str()).filter(|id| !id.is_empty()).map(str::to_owned).collect()
}

/// What the ends of the call are called (RFC 7989).
pub fn sessions(record: &Value) -> Vec<String> {
    let pairs = record["sessions"].as_array().into_iter().flatten();
    let names = pairs.flat_map(|pair| [&pair["caller"], &pair["callee"]]).filter_map(Value::as_str);
    let is_known = |name: &&str| name.bytes().any(|digit| digit != b'0');
    names.filter(is_known).map(str::to_ascii_lowercase).collect()
}

fn arrows(record: &Value, seen: &Seen) -> Vec<Arrow> {
    let own = seen.own.messages.iter().map(|message| message.at_us);
    let start = own.chain(seen.reported().map(|one| one.at_us)).min().unwrap_or_default();
    let since = |at_us: i64| (at_us - start).unsigned_abs() / 1_000;
    let mut names = Names::default();
    let mut arrows = Vec::new();
    for (place, message) in seen.own.messages.iter().enumerate() {
        let Ok(read) = Message::parse(message.text.as_bytes()) else { continue };
        let (what, mut note) = Ladder::label(&read);
        let (from, to) = names.of_own(record, &read, message);
        let mut seen_by = vec![HOUSE.to_owned()];
        for other in seen.others_at(place) {
            note.push_str(&format!("  (reported by {other}, too)"));
            seen_by.push(other.to_owned());
        }
        for same in seen.observed.iter().filter(|one| one.same_as == Some(place)) {
            names.learn(same, (&from, &to));
        }
        arrows.push((message.at_us, Arrow { at_ms: since(message.at_us), from, to, what, note, seen_by }));
    }
    for one in seen.reported() {
        let Ok(read) = Message::parse(one.text.as_bytes()) else { continue };
        let (what, note) = Ladder::label(&read);
        let note = format!("{note}  (reported by {})", said_by(one));
        let (from, to) = (names.at(one.from, read.call_id()), names.at(one.to, read.call_id()));
        let seen_by = vec![one.observer.clone()];
        arrows.push((one.at_us, Arrow { at_ms: since(one.at_us), from, to, what, note, seen_by }));
    }
    arrows.sort_by_key(|(at_us, _)| *at_us);
    arrows.into_iter().map(|(_, arrow)| arrow).collect()
}

/// Who reported a message, and whether his clock is right.
fn said_by(one: &Observation) -> String {
    match one.clock_off_ms {
        None => one.observer.clone(),
        Some(ms @ 0..) => format!("{}, whose clock is {} s ahead", one.observer, ms / 1_000),
        Some(ms) => format!("{}, whose clock is {} s behind", one.observer, ms.unsigned_abs() / 1_000),
    }
}

/// Who stands at which address, as far as the house has spoken with them.
#[derive(Default)]
struct Names {
    in_dialog: BTreeMap<(SocketAddr, String), String>,
    anywhere: BTreeMap<SocketAddr, String>,
}

impl Names {
    fn of_own(&mut self, record: &Value, read: &Message<'_>, message: &Sighting) -> (String, String) {
        let other = party(record, read, message.remote);
        self.put(message.local, read.call_id(), HOUSE);
        self.put(message.remote, read.call_id(), &other);
        match message.way {
            Way::Received => (other, HOUSE.to_owned()),
            Way::Sent => (HOUSE.to_owned(), other),
        }
    }

    /// The addresses of a message as the other side of it sees them: something between may have changed them.
    fn learn(&mut self, same: &Observation, (from, to): (&str, &str)) {
        let text = Message::parse(same.text.as_bytes());
        let call_id = text.as_ref().map_or("", Message::call_id);
        self.put(same.from, call_id, from);
        self.put(same.to, call_id, to);
    }

    fn put(&mut self, address: SocketAddr, call_id: &str, name: &str) {
        self.in_dialog.entry((address, call_id.to_owned())).or_insert_with(|| name.to_owned());
        self.anywhere.entry(address).or_insert_with(|| name.to_owned());
    }

    fn at(&self, address: SocketAddr, call_id: &str) -> String {
        let known = self.in_dialog.get(&(address, call_id.to_owned()));
        known.or_else(|| self.anywhere.get(&address)).map_or_else(|| address.to_string(), String::clone)
    }
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
