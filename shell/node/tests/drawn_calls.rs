#![allow(clippy::unwrap_used)]
//! A call that goes wrong is drawn, and handed on as a page, by the command line and by HTTP: it rings two
//! phones, one of which refuses in letters that would like to be a script.

#[path = "planted/far.rs"]
mod far;
#[path = "planted/heard.rs"]
mod heard;
mod house;
mod planted;

use std::fs;
use std::time::{Duration, Instant};

use far::{Far, value_of};
use heard::Heard;
use house::{Directory, PATIENCE, free_port, tandem};
use roxmltree::{Document, Node, ParsingOptions};
use serde_json::Value;

const HOSTILE: &str = "<script>alert(1)</script>]]>";
const PASSWORD: &str = "5ec2e7-0f-anna";

struct Scene {
    directory: Directory,
    house: Heard,
    port: u16,
    token: String,
    /// Of the call.
    id: String,
}

fn documents(port: u16, provider: &Far, phones: &[Far; 2]) -> String {
    format!(
        "format = 1\n[system]\nname = \"test-edge\"\ncountry = \"US\"\n\
         [interface.lan]\naddress = \"127.0.0.1\"\nudp = {port}\nside = \"inside\"\n\
         [trunk.east]\nservers = [{{ uri = \"sip:{0}\" }}]\naccept = {{ sources = [\"127.0.0.2\"] }}\n\
         health = {{ options = \"off\" }}\n\
         [user.lobby]\nnumber = \"+14255550100\"\n\
         devices = [{{ contact = \"sip:desk@{1}\" }}, {{ contact = \"sip:cell@{2}\" }}]\n",
        provider.address(),
        phones[0].address(),
        phones[1].address(),
    )
}

fn invite(from: &Far) -> String {
    let here = from.address();
    let padding = "x".repeat(1_200);
    format!(
        "INVITE sip:+14255550100@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP {here};branch=z9hG4bK-one\r\n\
         Max-Forwards: 70\r\nFrom: \"{HOSTILE}\" <sip:+12065550142@{here}>;tag=one\r\n\
         To: <sip:+14255550100@127.0.0.1>\r\nCall-ID: one@phone\r\nCSeq: 1 INVITE\r\n\
         Contact: <sip:{here}>\r\nX-Padding: {padding}\r\n\
         Authorization: Digest username=\"anna\", response=\"{PASSWORD}\"\r\nContent-Length: 0\r\n\r\n"
    )
}

impl Scene {
    /// The provider calls twice with the same bytes; the desk is busy, and so is the cell.
    fn play() -> Scene {
        let (directory, port) = (Directory::new("drawn"), free_port());
        let mut provider = Far::at("127.0.0.2", port);
        let mut phones = ["127.0.0.3", "127.0.0.4"].map(|address| Far::at(address, port));
        let at = directory.path();
        fs::write(at.join("house.toml"), documents(port, &provider, &phones)).unwrap();
        fs::write(at.join("http.token"), "t0ken/for+http/0123456789==").unwrap();
        let house = Heard::start(&directory, &[]);
        provider.say(&invite(&provider));
        provider.say(&invite(&provider));
        for (phone, name) in phones.iter_mut().zip(["desk", "cell"]) {
            let rings = phone.hear(&format!("INVITE sip:{name}@"));
            phone.answer(&rings, &format!("486 {HOSTILE}"), "", "");
            phone.hear("ACK ");
        }
        let refused = provider.hear_of("one", "SIP/2.0 486");
        let ack = invite(&provider).replace("INVITE", "ACK");
        let to = format!("To: {}", value_of(&refused, "To"));
        provider.say(&ack.replace("To: <sip:+14255550100@127.0.0.1>", &to));
        let made = tandem(&["token", "create", "ops", "--role", "operator", "--dir", directory.text()]);
        let token = String::from_utf8(made.stdout).unwrap().trim().to_owned();
        let mut scene = Scene { directory, house, port, token, id: String::new() };
        scene.id = scene.ended();
        scene
    }

    fn says(&self, words: &[&str]) -> (Option<i32>, String) {
        let output = tandem(&[words, &["--dir", self.directory.text()]].concat());
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    }

    /// The id of the call, once its record and its last message are kept.
    fn ended(&self) -> String {
        let until = Instant::now() + PATIENCE;
        loop {
            let (_, listed) = self.says(&["call", "list", "--json"]);
            let listed: Value = serde_json::from_str(&listed).unwrap();
            if let Some(id) = listed["ended"][0]["id"].as_str() {
                let (_, drawn) = self.says(&["call", "ladder", id]);
                if drawn.matches("ACK").count() == 3 {
                    return id.to_owned();
                }
            }
            assert!(Instant::now() < until, "the call has not ended");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn written(&self, name: &str, words: &[&str]) -> Vec<u8> {
        let file = self.directory.path().join(name);
        let words = [words, &[file.to_str().unwrap()]].concat();
        assert_eq!(self.says(&words).0, Some(0), "{words:?}");
        fs::read(&file).unwrap()
    }

    fn get(&mut self, path: &str) -> String {
        let path = format!("/api/v1/calls/{}/{path}", self.id);
        let answer = self.house.get(&path, &self.token);
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        answer.split_once("\r\n\r\n").unwrap().1.to_owned()
    }
}

fn read(text: &str) -> Document<'_> {
    let options = ParsingOptions { allow_dtd: true, ..ParsingOptions::default() };
    Document::parse_with_options(text, options).unwrap_or_else(|fault| panic!("{fault}\n{text}"))
}

/// How many elements of a class there are, and how many scripts.
fn counted(text: &str, class: &str) -> (usize, usize) {
    let document = read(text);
    let elements = || document.descendants().filter(Node::is_element);
    let is_of = |node: &Node<'_, '_>| {
        node.attribute("class").is_some_and(|all| all.split(' ').any(|one| one == class))
    };
    (elements().filter(is_of).count(), elements().filter(|node| node.tag_name().name() == "script").count())
}

/// The same call with letters, as a picture, as a page and as copies, to a file and by HTTP; what somebody
/// wrote into it stays a text, and what was secret is nowhere.
#[test]
fn pain_23_a_call_that_failed_is_drawn_and_handed_on() {
    let mut scene = Scene::play();
    let id = scene.id.clone();

    let (_, drawn) = scene.says(&["call", "ladder", &id]);
    let lines: Vec<&str> = drawn.lines().collect();
    for name in ["east", "edge", "lobby", "lobby (2)"] {
        assert!(lines[1].contains(name), "{name}: {drawn}");
    }
    assert!(lines[2].contains("──INVITE──") && lines[2].contains(" ⚠  sip:+14255550100"), "{drawn}");
    assert!(drawn.contains("(repeat 1)") && drawn.contains("486 ✘"), "{drawn}");
    assert!(drawn.contains("• decided by revision 1: to user lobby"), "{drawn}");
    assert!(drawn.contains("• ended: TD-E101 "), "{drawn}");
    let (_, ascii) = scene.says(&["call", "ladder", &id, "--ascii"]);
    assert!(ascii.is_ascii() && ascii.contains("486 FAILED"), "{ascii}");

    let arrows = drawn.lines().filter(|line| line.contains('▶') || line.contains('◀')).count();
    let svg = scene.written("call.svg", &["call", "ladder", &id, "--svg", "-o"]);
    let html = scene.written("call.html", &["call", "export", &id, "--html"]);
    let [svg, html] = [svg, html].map(|bytes| String::from_utf8(bytes).unwrap());
    assert_eq!((counted(&svg, "arrow"), counted(&html, "arrow")), ((arrows, 0), (arrows, 0)));
    assert!(html.contains("TD-E101") && html.contains("Decided, and why"), "{html}");
    assert!(html.contains("&lt;script&gt;alert(1)&lt;/script&gt;]]&gt;"), "{html}");
    assert_eq!(scene.says(&["call", "ladder", &id, "--html"]).1, html);

    let hep = scene.written("call.hep", &["call", "export", &id, "--hep"]);
    let (mut rest, mut copies) = (&hep[..], 0);
    while let Some(length) = hep::length_of(rest).unwrap() {
        let packet = hep::read(&rest[..length]).unwrap();
        assert_eq!((packet.captured, packet.correlation), (hep::SIP, Some(id.as_bytes())));
        (rest, copies) = (&rest[length..], copies + 1);
        if rest.is_empty() {
            break;
        }
    }
    assert_eq!(copies, arrows);

    assert_eq!(scene.get("ladder?format=svg"), svg);
    assert_eq!(scene.get("export?format=html"), html);
    assert_eq!(scene.get("ladder?format=text"), drawn);
    let json: Value = serde_json::from_str(&scene.get("ladder")).unwrap();
    assert_eq!(json["ladder"]["arrows"].as_array().unwrap().len(), arrows);
    assert_eq!(json["found"]["messages"].as_array().unwrap().len(), arrows);
    for all in [html, svg, json.to_string(), String::from_utf8_lossy(&hep).into_owned()] {
        assert!(!all.contains(PASSWORD), "{all}");
    }
    let (_, audit) = scene.says(&["audit", "list"]);
    assert!(audit.contains(&format!("GET /api/v1/calls/{id}/export?format=html")), "{audit}");
}

/// A stranger has no record; what he sent and why he was turned away can be shown to whoever complains.
#[test]
fn a_stranger_who_was_turned_away_is_drawn_by_his_address() {
    let scene = Scene::play();
    let stranger = Far::at("127.0.0.9", scene.port);
    stranger.calls("+14255550100", "+12065550199", "strange");

    let until = Instant::now() + PATIENCE;
    let id = loop {
        let (_, listed) = scene.says(&["call", "list", "--refused", "--json"]);
        let listed: Value = serde_json::from_str(&listed).unwrap();
        let mut ended = listed["ended"].as_array().unwrap().iter();
        if let Some(away) = ended.find(|one| one["call_id"] == "strange@phone") {
            break away["id"].as_str().unwrap().to_owned();
        }
        assert!(Instant::now() < until, "nobody was turned away");
        std::thread::sleep(Duration::from_millis(50));
    };
    let (code, drawn) = scene.says(&["call", "ladder", &id]);
    let (_, page) = scene.says(&["call", "ladder", &id, "--html"]);

    assert_eq!(code, Some(0), "{drawn}");
    assert!(drawn.contains(&stranger.address()[..12]) && drawn.contains("──INVITE──"), "{drawn}");
    assert!(
        drawn.contains("• turned away: TD-") && drawn.lines().last().unwrap().starts_with("TD-"),
        "{drawn}"
    );
    assert!(page.contains("verdict bad") && page.contains("sip:+12065550199@"), "{page}");
    read(&page);
}

/// Nothing of it is kept, or it never was: no file is written.
#[test]
fn a_call_that_is_not_kept_makes_no_file() {
    let mut scene = Scene::play();
    let file = scene.directory.path().join("none.html");

    let done = scene.says(&["call", "export", "nobody@phone", "--html", file.to_str().unwrap()]);
    let answer = scene.house.get("/api/v1/calls/nobody@phone/ladder?format=svg", &scene.token.clone());

    assert_eq!(done.0, Some(1));
    assert!(!file.exists());
    assert!(answer.starts_with("HTTP/1.1 404") && answer.contains("TD-A"), "{answer}");
}
