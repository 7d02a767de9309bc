#![allow(clippy::unwrap_used)]
//! Who may ask a running house for what by HTTP, and what is written down of it.

mod house;

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;

use house::{Directory, Running, free_port, house, tandem};
use serde_json::Value;

struct Web {
    directory: Directory,
    _up: Running,
    port: u16,
}

impl Web {
    fn start(name: &str) -> Web {
        let (directory, port) = (Directory::new(name), free_port());
        fs::write(directory.path().join("house.toml"), house(free_port())).unwrap();
        let mut up = Running::start(directory.text(), &["--http", &format!("127.0.0.1:{port}")]);
        up.wait_for("  http ");
        Web { directory, _up: up, port }
    }

    fn token(&self, name: &str, role: &str) -> String {
        let made = tandem(&["token", "create", name, "--role", role, "--dir", self.directory.text()]);
        String::from_utf8(made.stdout).unwrap().trim().to_owned()
    }

    fn ask(&self, method: &str, path: &str, token: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        let request = format!(
            "{method} /api/v1{path} HTTP/1.1\r\nHost: edge\r\nAuthorization: Bearer {token}\r\n\
             Connection: close\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        (head[9..12].parse().unwrap(), body.to_owned())
    }
}

#[test]
fn req_f73_tokens_open_what_they_are_good_for_until_they_are_revoked() {
    let web = Web::start("access");
    let (reader, admin) = (web.token("grafana", "reader"), web.token("boss", "admin"));
    assert!(reader.starts_with("tandem_") && reader.len() > 64, "{reader}");

    assert_eq!(web.ask("GET", "/status", "").0, 401);
    assert_eq!(web.ask("GET", "/status", &reader).0, 200);
    assert_eq!(web.ask("GET", "/audit", &reader).0, 403);
    let (status, made) = web.ask("POST", "/tokens?name=ci&role=operator&days=1", &admin);
    assert_eq!(status, 200);
    let ci = serde_json::from_str::<Value>(&made).unwrap()["token"].as_str().unwrap().to_owned();
    assert_eq!(web.ask("GET", "/status", &ci).0, 200);
    assert_eq!(web.ask("DELETE", "/tokens/ci", &admin).0, 200);
    assert_eq!(web.ask("GET", "/status", &ci).0, 401);
    let (_, listed) = web.ask("GET", "/tokens", &admin);
    assert!(listed.contains("grafana") && !listed.contains("sha256"), "{listed}");

    let verified = tandem(&["audit", "verify", "--dir", web.directory.text()]);
    assert_eq!(verified.status.code(), Some(0), "{verified:?}");
    let list = tandem(&["audit", "list", "--dir", web.directory.text()]);
    let list = String::from_utf8(list.stdout).unwrap();
    for words in [
        "token create grafana reader",
        "a stranger from 127.0.0.1",
        "grafana (reader) from",
        "boss (admin) from",
        "POST /api/v1/tokens?name=ci&role=operator&days=1 → 200",
        "turned away",
    ] {
        assert!(list.contains(words), "{words} is not in\n{list}");
    }
    for token in [reader, admin, ci] {
        assert!(!list.contains(&token), "{list}");
    }
}

#[test]
fn an_edit_of_the_audit_log_shows() {
    let web = Web::start("audit-edit");
    web.token("one", "reader");
    let log = web.directory.path().join("data/audit/audit.jsonl");
    let written = fs::read_to_string(&log).unwrap();

    fs::write(&log, written.replace("reader", "admin!")).unwrap();
    let verified = tandem(&["audit", "verify", "--dir", web.directory.text()]);

    assert_eq!(verified.status.code(), Some(1));
    assert!(String::from_utf8(verified.stdout).unwrap().contains("line 1"));
}
