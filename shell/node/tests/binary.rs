#![allow(clippy::unwrap_used)]
//! The binary, as an operator meets it.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::UdpSocket;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

#[test]
fn the_demo_makes_its_four_calls_and_hears_them() {
    let output = tandem(&["demo", "--headless", "--json"]);

    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(output.status.success(), "{report:#}");
    assert_eq!(report["worked"], true);
    let calls = report["calls"].as_array().unwrap();
    assert_eq!(calls.len(), 4);
    assert!(report["took_ms"].as_u64().unwrap() < 15_000);
    assert_eq!(calls[2]["record"]["attempts"].as_array().unwrap().len(), 2, "one provider was passed over");
    assert_eq!(calls[3]["record"]["emergency"], true);
}

#[test]
fn what_the_demo_saves_is_sound_and_can_be_explained() {
    let directory = Directory::new("saved");
    let saved = directory.text();
    let demo = tandem(&["demo", "--headless", "--json", "--save", saved]);
    assert!(demo.status.success());

    assert_eq!(tandem(&["config", "check", saved]).status.code(), Some(0));
    assert_eq!(tandem(&["test", saved]).status.code(), Some(0));
    let explained = tandem(&["explain", "206 555 0142", "--from", "hana", "--dir", saved]);
    let text = String::from_utf8(explained.stdout).unwrap();
    assert_eq!(explained.status.code(), Some(0));
    assert!(text.contains("through northwind"), "{text}");
    let json = tandem(&["explain", "911", "--from", "wei", "--dir", saved, "--json"]);
    assert!(serde_json::from_slice::<Value>(&json.stdout).is_ok());
    let nobody = tandem(&["explain", "911", "--from", "hanna", "--dir", saved]);
    assert_eq!(nobody.status.code(), Some(2));
    assert!(String::from_utf8(nobody.stderr).unwrap().contains("did you mean \"hana\"?"));
}

#[test]
fn a_wrong_directory_is_named_with_line_and_column() {
    let directory = Directory::new("wrong");
    let text = house(5060).replace("trunk = \"east\"", "trunk = \"eats\"");
    fs::write(directory.path().join("house.toml"), text).unwrap();

    let checked = tandem(&["config", "check", directory.text()]);

    let text = String::from_utf8(checked.stdout).unwrap();
    assert_eq!(checked.status.code(), Some(1));
    assert!(text.contains("error[TD-C017]") && text.contains("house.toml:"), "{text}");
    assert!(text.contains("did you mean \"east\""), "{text}");
}

#[test]
fn an_absent_directory_cannot_be_reached() {
    assert_eq!(tandem(&["config", "check", "/nowhere/at/all"]).status.code(), Some(3));
}

#[test]
fn every_kind_of_code_is_explained() {
    for code in ["TD-R101", "TD-C017", "TD-E001", "td-r301"] {
        let help = tandem(&["help", code]);

        assert_eq!(help.status.code(), Some(0), "{code}");
        assert!(String::from_utf8(help.stdout).unwrap().contains(&code.to_uppercase()));
    }
    assert_eq!(tandem(&["help", "TD-X999"]).status.code(), Some(2));
    assert_eq!(tandem(&["help", "explain"]).status.code(), Some(0));
}

#[test]
fn a_running_house_answers_reads_again_keeps_what_works_and_stops() {
    let directory = Directory::new("running");
    let port = free_port();
    let path = directory.path().join("house.toml");
    fs::write(&path, house(port)).unwrap();
    let mut up = Running::start(directory.text(), &["--shards", "2"]);
    up.wait_for("test-edge");
    up.wait_for("records");
    assert!(options(port).starts_with("SIP/2.0 200 "));

    fs::write(&path, house(port).replace("[user.hana]", "[usre.hana]")).unwrap();
    up.signal("-HUP");
    up.wait_for("the running policy goes on");
    assert!(options(port).starts_with("SIP/2.0 200 "));

    fs::write(&path, house(port).replace("trunk = \"east\" }] #", "trunk = \"west\" }] #")).unwrap();
    up.signal("-HUP");
    up.wait_for("a stored test fails");
    up.wait_for("the running policy goes on");

    fs::write(&path, house(port).replace("Hana", "Hanna")).unwrap();
    up.signal("-HUP");
    up.wait_for("applied");

    let stopping = Instant::now();
    up.signal("-TERM");
    up.wait_for("stopped");
    assert_eq!(up.child.wait().unwrap().code(), Some(0));
    assert!(stopping.elapsed() < Duration::from_secs(5), "no call had to be waited for");
}

#[test]
fn an_address_in_use_is_said_and_cannot_be_reached() {
    let directory = Directory::new("in-use");
    let taken = UdpSocket::bind("127.0.0.1:0").unwrap();
    fs::write(directory.path().join("house.toml"), house(taken.local_addr().unwrap().port())).unwrap();

    let up = tandem(&["up", directory.text()]);

    assert_eq!(up.status.code(), Some(3));
    assert!(String::from_utf8(up.stderr).unwrap().contains("cannot listen on udp 127.0.0.1:"));
}

fn house(port: u16) -> String {
    format!(
        r#"format = 1
[system]
name = "test-edge"
country = "US"
demo = true
[interface.lan]
address = "127.0.0.1"
udp = {port}
tcp = {port}
side = "inside"
[trunk.east]
servers = [{{ uri = "sip:127.0.0.2" }}]
health = {{ options = "off" }}
[trunk.west]
servers = [{{ uri = "sip:127.0.0.3" }}]
health = {{ options = "off" }}
[user.hana]
name = "Hana"
number = "+14255550100"
password = {{ plain = "x" }}
[route.national]
order = 10
to = "+1 NXX NXX XXXX"
use = [{{ trunk = "east" }}] #
[test.national]
given = {{ from = "hana", dial = "206 555 0142" }}
expect = {{ trunk = "east" }}
"#
    )
}

/// Asks the house whether it is there.
fn options(port: u16) -> String {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    let here = socket.local_addr().unwrap();
    let branch = here.port();
    let request = format!(
        "OPTIONS sip:127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP {here};branch=z9hG4bK{branch}\r\n\
Max-Forwards: 70\r\n\
From: <sip:a@{here}>;tag=1\r\nTo: <sip:127.0.0.1>\r\nCall-ID: {branch}@here\r\nCSeq: 1 OPTIONS\r\n\
Content-Length: 0\r\n\r\n"
    );
    socket.send_to(request.as_bytes(), ("127.0.0.1", port)).unwrap();
    let mut room = [0; 2048];
    let length = socket.recv(&mut room).unwrap();
    String::from_utf8_lossy(&room[..length]).into_owned()
}

fn free_port() -> u16 {
    UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn tandem(words: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_tandem")).args(words).env("NO_COLOR", "1").output().unwrap()
}

/// `tandem up`, ended with the test.
struct Running {
    child: Child,
    said: std::sync::mpsc::Receiver<String>,
    heard: Vec<String>,
}

impl Running {
    fn start(directory: &str, more: &[&str]) -> Running {
        let mut child = Command::new(env!("CARGO_BIN_EXE_tandem"))
            .args(["up", directory])
            .args(more)
            .env("NO_COLOR", "1")
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let (say, said) = std::sync::mpsc::channel();
        std::thread::spawn(move || lines.map_while(Result::ok).try_for_each(|line| say.send(line)));
        Running { child, said, heard: Vec::new() }
    }

    fn wait_for(&mut self, words: &str) {
        loop {
            let line = self.said.recv_timeout(Duration::from_secs(20));
            let line = line.unwrap_or_else(|_| panic!("it never said {words:?}: {:#?}", self.heard));
            let is_it = line.contains(words);
            self.heard.push(line);
            if is_it {
                return;
            }
        }
    }

    fn signal(&self, signal: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A directory of its own for one test.
struct Directory(PathBuf);

impl Directory {
    fn new(name: &str) -> Directory {
        let path = std::env::temp_dir().join(format!("tandem-node-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Directory(path)
    }

    fn path(&self) -> &Path {
        &self.0
    }

    fn text(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
