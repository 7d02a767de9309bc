#![allow(clippy::unwrap_used)]
//! Records, as a program of others gets them that is not always there.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use exports::{Exported, Exports, replay};
use hmac::{Hmac, KeyInit, Mac};
use model::{SecretRef, Secrets, SourceFile};
use policy::Policy;
use serde_json::{Value, json};
use sha2::Sha256;
use telemetry::Flight;

const PATIENCE: Duration = Duration::from_secs(20);
const SECRET: &str = "a key as it is, and long enough";

/// Where records go, and a folder for them.
struct House {
    data: PathBuf,
    listener: TcpListener,
    exports: Exports,
}

/// What one request brought.
struct Taken {
    ids: Vec<String>,
    webhook_id: String,
    events: Value,
}

impl House {
    fn start(name: &str) -> House {
        let data = std::env::temp_dir().join(format!("tandem-webhooks-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&data);
        fs::create_dir_all(data.join("records")).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let exports = Exports::new(Flight::new(0), &data);
        House { data, listener, exports }
    }

    fn adopt(&self) {
        self.exports.adopt(&policy(&self.listener));
    }

    /// The process ends, and another begins.
    fn restart(&mut self) {
        self.exports.stop();
        self.exports = Exports::new(Flight::new(0), &self.data);
        self.adopt();
    }

    fn keep(&self, id: &str, ended: i64) {
        keep(&self.data, id, ended);
    }

    fn end(self) {
        self.exports.stop();
        fs::remove_dir_all(&self.data).unwrap();
    }
}

fn policy(listener: &TcpListener) -> Policy {
    let text = format!(
        "format = 1\n[system]\nname = \"edge 7\"\ncountry = \"US\"\n\
         [interface.lan]\naddress = \"192.0.2.1\"\nudp = 5060\n\
         [webhook.billing]\nurl = \"http://{}/calls\"\nsecret = {{ env = \"BILLING\" }}\n",
        listener.local_addr().unwrap()
    );
    let documents = model::load(&[SourceFile::new("edge.toml", text)]).unwrap();
    let mut secrets = Secrets::new();
    secrets.insert(SecretRef::Env("BILLING".into()), SECRET.to_owned());
    policy::compile(&documents, &secrets).unwrap()
}

fn keep(data: &Path, id: &str, ended: i64) {
    let record = json!({ "id": id, "started": 1_000, "ended": ended, "outcome": "busy" });
    let path = data.join("records/calls-20261122.jsonl");
    let mut file = File::options().create(true).append(true).open(path).unwrap();
    writeln!(file, "{record}").unwrap();
}

/// Takes one request, proves its signature, and answers it.
fn taken(listener: &TcpListener, status: &str) -> Taken {
    let (mut stream, _) = listener.accept().unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let (mut line, mut head) = (String::new(), Vec::new());
    while line != "\r\n" {
        line.clear();
        reader.read_line(&mut line).unwrap();
        head.push(line.trim_end().to_owned());
    }
    assert_eq!(head[0], "POST /calls HTTP/1.1");
    let header = |name: &str| {
        let found = head.iter().find_map(|line| line.strip_prefix(&format!("{name}: ")));
        found.unwrap_or_else(|| panic!("no {name} in {head:?}")).to_owned()
    };
    let mut body = vec![0; header("Content-Length").parse().unwrap()];
    reader.read_exact(&mut body).unwrap();
    write!(stream, "HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n").unwrap();

    let (id, timestamp) = (header("Webhook-Id"), header("Webhook-Timestamp"));
    let mut seal = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    seal.update(format!("{id}.{timestamp}.").as_bytes());
    seal.update(&body);
    assert_eq!(header("Webhook-Signature"), format!("v1,{}", base64(&seal.finalize().into_bytes())));
    assert_eq!(header("Content-Type"), "application/cloudevents-batch+json");
    let events: Value = serde_json::from_slice(&body).unwrap();
    let ids = events.as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect();
    Taken { ids, webhook_id: id, events }
}

/// By the system's own program.
fn base64(bytes: &[u8]) -> String {
    let mut child = std::process::Command::new("base64")
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(bytes).unwrap();
    String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap().trim().to_owned()
}

fn until(what: &str, is_so: impl Fn() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < end, "{what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn counted(sent: u64) -> [Exported; 1] {
    [Exported { name: "billing".into(), sent, missed: 0 }]
}

/// What was taken by then, in order, each of which was answered with 200.
fn all_until(house: &House, last: &str) -> Vec<String> {
    let mut all = Vec::new();
    while all.last().is_none_or(|id| id != last) {
        all.extend(taken(&house.listener, "200 OK").ids);
    }
    all
}

#[test]
fn each_record_comes_signed_as_an_event_until_it_is_taken() {
    let house = House::start("refused");
    house.keep("before", 1);
    house.adopt();
    until("it knows where it stands", || house.data.join("webhooks/billing.json").exists());
    house.keep("one", 1_795_392_000_500);

    let refused = taken(&house.listener, "500 No");
    let told = taken(&house.listener, "200 OK");

    assert_eq!((&refused.ids, &told.ids), (&vec!["one".to_owned()], &vec!["one".to_owned()]));
    assert_eq!(refused.webhook_id, told.webhook_id, "the same has the same id however often it comes");
    let event = &told.events[0];
    let named = ["specversion", "type", "source", "time"].map(|name| event[name].as_str().unwrap());
    assert_eq!(named, ["1.0", "call.ended", "/tandem/edge-7", "2026-11-23T00:00:00.5Z"]);
    assert_eq!(event["data"]["outcome"], "busy");
    until("the counts", || house.exports.webhooks() == counted(1));
    house.end();
}

#[test]
fn what_ended_while_the_house_was_away_comes_after_its_next_start_and_nothing_comes_twice() {
    let mut house = House::start("away");
    house.adopt();
    until("it knows where it stands", || house.data.join("webhooks/billing.json").exists());
    house.keep("one", 1);
    assert_eq!(all_until(&house, "one"), ["one"]);
    until("the counts", || house.exports.webhooks() == counted(1));
    house.exports.stop();

    house.keep("two", 2);
    house.restart();
    house.keep("three", 3);

    assert_eq!(all_until(&house, "three"), ["two", "three"]);
    house.end();
}

#[test]
fn what_was_lost_there_is_sent_again_from_a_moment_on() {
    let house = House::start("again");
    house.adopt();
    until("it knows where it stands", || house.data.join("webhooks/billing.json").exists());
    for (id, ended) in [("one", 1_000), ("two", 2_000), ("three", 3_000)] {
        house.keep(id, ended);
    }
    assert_eq!(all_until(&house, "three"), ["one", "two", "three"]);
    until("the counts", || house.exports.webhooks() == counted(3));

    replay(&house.data, "billing", 2_000).unwrap();

    assert_eq!(all_until(&house, "three"), ["two", "three"]);
    house.keep("four", 4_000);
    assert_eq!(all_until(&house, "four"), ["four"]);
    house.end();
}
