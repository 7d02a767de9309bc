#![allow(clippy::unwrap_used)]
//! Wishes that phones wake, as a program gets them that speaks with a push service.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::time::{Duration, Instant};

use exports::{Exported, Exports};
use hmac::{Hmac, KeyInit, Mac};
use model::{SecretRef, Secrets, SourceFile};
use policy::{Policy, WallTime};
use serde_json::{Value, json};
use sha2::Sha256;
use switch::{Urgency, Wake, Why};
use telemetry::Flight;

const PATIENCE: Duration = Duration::from_secs(20);
const SECRET: &str = "a key as it is, and long enough";

struct House {
    listener: TcpListener,
    exports: Exports,
}

impl House {
    fn start() -> House {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let exports = Exports::new(Flight::new(0), &std::env::temp_dir());
        exports.adopt(&policy(&listener));
        House { listener, exports }
    }

    /// Takes one request, and answers it.
    fn taken(&self, status: &str) -> Taken {
        let (mut stream, _) = self.listener.accept().unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        let (mut line, mut head) = (String::new(), Vec::new());
        while line != "\r\n" {
            line.clear();
            reader.read_line(&mut line).unwrap();
            head.push(line.trim_end().to_owned());
        }
        assert_eq!(head[0], "POST /wake HTTP/1.1");
        let header = |name: &str| {
            let found = head.iter().find_map(|line| line.strip_prefix(&format!("{name}: ")));
            found.unwrap_or_else(|| panic!("no {name} in {head:?}")).to_owned()
        };
        let mut body = vec![0; header("Content-Length").parse().unwrap()];
        reader.read_exact(&mut body).unwrap();
        write!(stream, "HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n").unwrap();
        assert_eq!(header("Content-Type"), "application/cloudevents+json");
        let (id, timestamp) = (header("Webhook-Id"), header("Webhook-Timestamp"));
        let mut seal = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
        seal.update(format!("{id}.{timestamp}.").as_bytes());
        seal.update(&body);
        let sum = seal.finalize().into_bytes();
        assert_eq!(header("Webhook-Signature"), format!("v1,{}", base64(&sum)));
        Taken { id, event: serde_json::from_slice(&body).unwrap() }
    }

    fn counts(&self, sent: u64, missed: u64) {
        let wanted = [Exported { name: "apns".into(), sent, missed }];
        let end = Instant::now() + PATIENCE;
        while self.exports.pushes() != wanted {
            assert!(Instant::now() < end, "{:?}", self.exports.pushes());
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

struct Taken {
    id: String,
    event: Value,
}

fn policy(listener: &TcpListener) -> Policy {
    let text = format!(
        "format = 1\n[system]\nname = \"edge\"\ncountry = \"US\"\n\
         [interface.lan]\naddress = \"192.0.2.1\"\nudp = 5060\n\
         [push.apns]\nurl = \"http://{}/wake\"\nsecret = {{ env = \"PUSH\" }}\n",
        listener.local_addr().unwrap()
    );
    let documents = model::load(&[SourceFile::new("edge.toml", text)]).unwrap();
    let mut secrets = Secrets::new();
    secrets.insert(SecretRef::Env("PUSH".into()), SECRET.to_owned());
    policy::compile(&documents, &secrets).unwrap()
}

fn wake(user: &str, provider: &str, urgency: Urgency) -> Wake {
    Wake {
        user: user.into(),
        device: "urn:x:app".into(),
        provider: provider.into(),
        token: "t0k3n".into(),
        param: Some("T.app".into()),
        why: Why::Call,
        urgency,
        at: WallTime(1_795_392_000_500),
    }
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

#[test]
fn d11_whoever_wakes_phones_is_asked_at_once_and_again_if_it_was_too_busy() {
    let house = House::start();
    house.exports.wake(wake("hana", "apns", Urgency::Usual));

    let first = house.taken("503 Busy");
    let second = house.taken("202 Accepted");

    assert_eq!(first.id, second.id, "the same has the same id however often it comes");
    let named =
        ["specversion", "type", "source", "time", "id"].map(|name| second.event[name].as_str().unwrap());
    assert_eq!(named, ["1.0", "push.wanted", "/tandem/edge", "2026-11-23T00:00:00.5Z", &*second.id]);
    let wanted = json!({
        "user": "hana", "provider": "apns", "prid": "t0k3n", "param": "T.app", "reason": "call",
        "urgent": false,
    });
    assert_eq!(second.event["data"], wanted);
    house.counts(1, 0);
    house.exports.stop();
}

#[test]
fn what_is_refused_once_and_for_all_is_not_asked_again_and_strange_services_are_not_asked_at_all() {
    let house = House::start();
    let (tell, told) = std::sync::mpsc::channel();
    house.exports.tell_in_vain(move |wake| tell.send((wake.user.clone(), wake.device.clone())).unwrap());
    house.exports.wake(wake("hana", "fcm", Urgency::Urgent));
    house.exports.wake(wake("hana", "apns", Urgency::Urgent));

    let gone = house.taken("410 Gone");
    assert_eq!(gone.event["data"]["urgent"], true);
    house.counts(0, 1);
    assert_eq!(told.recv_timeout(PATIENCE).unwrap(), ("hana".into(), "urn:x:app".into()));
    house.exports.wake(wake("minsu", "apns", Urgency::Usual));

    assert_eq!(house.taken("200 OK").event["data"]["user"], "minsu");
    house.counts(1, 1);
    house.exports.stop();
}
