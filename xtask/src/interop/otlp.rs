//! A trace of each call reaches a collector, which reads it with OpenTelemetry's own protocol buffers; the
//! first request is turned away, and comes again.
//!
//! Proves: K4.

use std::collections::BTreeMap;
use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::calls::NUMBER;
use super::node::{self, Node};
use super::place::{self, UDP_V4, Way, free_port, io_failure};
use super::program::Program;
use super::{Binary, Load, calls, python, records};
use crate::step::{Failure, root};

const WAY: Way = Way { name: "otlp", ..UDP_V4 };
/// Where the classes of OpenTelemetry's protocol buffers are installed, and which.
const PLACE: &str = "target/interop-otlp";
const CLASSES: &str = "opentelemetry-proto==1.39.1";
const SPANS: [&str; 5] = ["attempt", "call", "decide", "ring", "talk"];
const WITHIN: Duration = Duration::from_secs(15);

/// Installs them in a folder of their own, where they are missing.
pub fn install() -> Result<(), Failure> {
    python::install(PLACE, &[CLASSES])
}

pub fn run(binary: &Binary, _: Load) -> Result<String, Failure> {
    let folder = place::folder(WAY.name)?;
    let port = || free_port(WAY.address).map(|port| SocketAddr::new(WAY.address, port));
    let (callee, caller, server) = (port()?, port()?, port()?);
    let setting = node::configure(&folder, WAY, callee, None)?;
    let traces = format!("[trace.collector]\notlp = \"http://{server}\"\n");
    fs::write(folder.join("conf/traces.toml"), traces).map_err(|error| io_failure("traces", &error))?;
    let _collector = collector(&folder, server)?;
    let node = Node::start(binary, &folder, &setting)?;

    calls::one(&folder, setting.sip, caller, callee)?;

    let spans = spans(&folder)?;
    let record = records::last(binary, &folder)?;
    judged(&spans, &record)?;
    node.stop()?;
    Ok(format!("a trace of {} spans, after a 503, read by OpenTelemetry's own classes", spans.len()))
}

/// Whoever takes the traces.
fn collector(folder: &Path, server: SocketAddr) -> Result<Program, Failure> {
    let mut command = python::command(PLACE, "python");
    command.arg(root().join("interop/otlp/collector.py"));
    command.arg(server.port().to_string()).arg(folder.join("spans.jsonl"));
    Program::start_until(command, folder, "collector", "ready")
}

/// What the collector has read.
fn spans(folder: &Path) -> Result<BTreeMap<String, Value>, Failure> {
    let until = Instant::now() + WITHIN;
    loop {
        let text = fs::read_to_string(folder.join("spans.jsonl")).unwrap_or_default();
        let lines = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let spans: BTreeMap<String, Value> =
            lines.map(|span| (span["name"].as_str().unwrap_or_default().to_owned(), span)).collect();
        if spans.len() >= SPANS.len() {
            return Ok(spans);
        }
        if Instant::now() > until {
            let what = format!("{} spans of {}", spans.len(), SPANS.len());
            return Err(Failure::new(what, "read collector.log and node.log"));
        }
        thread::sleep(Duration::from_millis(100));
    }
}

/// Ids, parents, times and what went how.
fn judged(spans: &BTreeMap<String, Value>, record: &Value) -> Result<(), Failure> {
    let wrong = |what: String| Err(Failure::new(what, "compare spans.jsonl with `tandem call show --json`"));
    let names: Vec<&str> = spans.keys().map(String::as_str).collect();
    if names != SPANS {
        return wrong(format!("spans are {names:?}"));
    }
    let root = &spans["call"];
    let nanos = |time: &Value| time.as_i64().unwrap_or_default() * 1_000_000;
    let expected = [
        ("call", &record["started"], &record["ended"]),
        ("ring", &record["rang"], &record["answered"]),
        ("talk", &record["answered"], &record["ended"]),
        ("attempt", &record["attempts"][0]["started"], &record["attempts"][0]["ended"]),
    ];
    for (name, begins, ends) in expected {
        let span = &spans[name];
        if span["begins"] != nanos(begins) || span["ends"] != nanos(ends) || nanos(begins) == 0 {
            return wrong(format!("{name}: {span}, and the record says {begins} to {ends}"));
        }
    }
    for (name, span) in spans {
        let parent = if name == "call" { &Value::from("") } else { &root["id"] };
        if span["parent"] != *parent || span["trace"] != root["trace"] || span["service"] != "tandem" {
            return wrong(format!("{name} does not belong there: {span}"));
        }
    }
    let attributes = &root["attributes"];
    let is_told = attributes["tandem.call.id"] == record["id"] && attributes["sip.status_code"] == 200;
    let went_well = root["status"] == 1 && spans["attempt"]["status"] == 1 && root["kind"] == 2;
    let decided = spans["decide"]["events"].as_array().is_some_and(|steps| !steps.is_empty());
    if !(is_told && went_well && decided) {
        return wrong(format!("{root} {}", spans["decide"]));
    }
    let text = format!("{spans:?}");
    if text.contains(NUMBER) {
        return wrong(format!("{NUMBER} is told, and was to be masked"));
    }
    Ok(())
}
