#![allow(clippy::unwrap_used)]
//! Traces, as a collector gets them that is not always there.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use exports::{Exported, Exports};
use model::{Secrets, SourceFile};
use policy::Policy;
use serde_json::{Value, json};
use telemetry::Flight;

const PATIENCE: Duration = Duration::from_secs(15);

fn policy(traces: &str) -> Policy {
    let house = "format = 1\n[system]\nname = \"edge\"\ncountry = \"US\"\n\
                 [interface.lan]\naddress = \"192.0.2.1\"\nudp = 5060\n";
    let documents = model::load(&[SourceFile::new("edge.toml", format!("{house}{traces}"))]).unwrap();
    policy::compile(&documents, &Secrets::new()).unwrap()
}

fn data(name: &str) -> PathBuf {
    let data = std::env::temp_dir().join(format!("tandem-traces-{name}-{}", std::process::id()));
    fs::create_dir_all(data.join("records")).unwrap();
    data
}

fn keep(data: &Path, id: &str) {
    let record = json!({ "id": id, "started": 1_000, "ended": 2_000, "outcome": "busy", "verdict": "TD-E2" });
    let path = data.join("records/calls-20261122.jsonl");
    let mut file = File::options().create(true).append(true).open(path).unwrap();
    writeln!(file, "{record}").unwrap();
}

/// Answers one request with a status, and says which calls it told of.
fn taken(listener: &TcpListener, status: &str) -> Vec<String> {
    let (mut stream, _) = listener.accept().unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let (mut line, mut length) = (String::new(), 0);
    reader.read_line(&mut line).unwrap();
    assert_eq!(line, "POST /base/v1/traces HTTP/1.1\r\n");
    while line != "\r\n" {
        line.clear();
        reader.read_line(&mut line).unwrap();
        if let Some(value) = line.strip_prefix("Content-Length: ") {
            length = value.trim().parse().unwrap();
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    write!(stream, "HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n").unwrap();
    let body: Value = serde_json::from_slice(&body).unwrap();
    let spans = body["resourceSpans"][0]["scopeSpans"][0]["spans"].as_array().unwrap().clone();
    let ids = spans.iter().filter(|span| span["name"] == "call").map(|span| {
        let all = span["attributes"].as_array().unwrap();
        let id = all.iter().find(|one| one["key"] == "tandem.call.id").unwrap();
        id["value"]["stringValue"].as_str().unwrap().to_owned()
    });
    ids.collect()
}

fn until(what: &str, is_so: impl Fn() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < end, "{what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn counted(sent: u64, missed: u64) -> [Exported; 1] {
    [Exported { name: "collector".into(), sent, missed }]
}

#[test]
fn k4_a_collector_that_is_away_or_busy_gets_every_call_once_it_takes_them() {
    let data = data("away");
    keep(&data, "before");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let exports = Exports::new(Flight::new(0), &data);
    exports.adopt(&policy(&format!("[trace.collector]\notlp = \"http://{address}/base\"\n")));
    keep(&data, "one");
    std::thread::sleep(Duration::from_millis(1_500));

    let listener = TcpListener::bind(address).unwrap();
    let while_busy = taken(&listener, "503 Busy");
    keep(&data, "two");
    let taken_then = taken(&listener, "200 OK");

    assert_eq!(while_busy, ["one"]);
    assert_eq!(taken_then, ["one", "two"]);
    until("the counts", || exports.traces() == counted(2, 0));
    exports.stop();
    fs::remove_dir_all(&data).unwrap();
}

#[test]
fn what_a_collector_refuses_for_good_is_counted_and_not_sent_again() {
    let data = data("refused");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let exports = Exports::new(Flight::new(0), &data);
    exports.adopt(&policy(&format!("[trace.collector]\notlp = \"http://{address}/base\"\n")));

    keep(&data, "one");
    assert_eq!(taken(&listener, "400 No"), ["one"]);
    keep(&data, "two");
    assert_eq!(taken(&listener, "200 OK"), ["two"]);

    until("the counts", || exports.traces() == counted(1, 1));
    exports.stop();
    fs::remove_dir_all(&data).unwrap();
}
