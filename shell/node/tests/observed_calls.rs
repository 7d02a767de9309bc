#![allow(clippy::unwrap_used)]
//! A call, with what its PBX has seen of it.

mod house;

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use hep::Packet;
use house::{Directory, PATIENCE, Running, free_port, house, tandem};
use serde_json::Value;

const KEY: &str = "0pen-se5ame";
const LEG: &str = "leg@pbx";

/// A house that hears of a PBX, which is its trunk `west`, too.
struct Office {
    directory: Directory,
    house: SocketAddr,
    observed: SocketAddr,
    http: SocketAddr,
    pbx: UdpSocket,
    up: Running,
}

impl Office {
    fn open() -> Office {
        let at = |port: u16| SocketAddr::from(([127, 0, 0, 1], port));
        let (directory, house_at, observed, http) =
            (Directory::new("observed"), at(free_port()), at(free_port()), at(free_port()));
        let observer = format!(
            "[observer.office]\nlisten = \"udp:{observed}\"\nfrom = [\"127.0.0.3\"]\n\
             key = {{ plain = \"{KEY}\" }}\n"
        );
        let text = house(house_at.port()) + &observer;
        fs::write(directory.path().join("house.toml"), text).unwrap();
        fs::write(directory.path().join("token"), "a-token-that-nobody-guesses").unwrap();
        let token = directory.path().join("token").display().to_string();
        let words = ["--http", &http.to_string(), "--http-token-file", &token];
        let mut up = Running::start(directory.text(), &words);
        up.wait_for("  http ");
        let pbx = UdpSocket::bind("127.0.0.3:0").unwrap();
        pbx.set_read_timeout(Some(PATIENCE)).unwrap();
        Office { directory, house: house_at, observed, http, pbx, up }
    }

    /// Once all that was said and told is on the disk.
    fn killed_and_started(mut self) -> Office {
        let folder = self.directory.path().join("data/flight");
        let holds = |of: &str, words: &str| {
            let files = fs::read_dir(folder.join(of)).unwrap();
            let mut texts = files.map(|entry| fs::read(entry.unwrap().path()).unwrap_or_default());
            texts.any(|text| text.windows(words.len()).any(|part| part == words.as_bytes()))
        };
        let until = Instant::now() + PATIENCE;
        while !holds("own", "ACK sip:") || !holds("observed/office", LEG) {
            assert!(Instant::now() < until, "it is not written");
            std::thread::sleep(Duration::from_millis(30));
        }
        self.up.kill();
        self.up = Running::start(self.directory.text(), &[]);
        self.up.wait_for("records");
        self
    }

    fn pbx(&self) -> SocketAddr {
        self.pbx.local_addr().unwrap()
    }

    /// A call that is refused: Hana has no phone.
    fn call(&self) -> String {
        let invite = invite(self.pbx(), LEG, "");
        self.pbx.send_to(invite.as_bytes(), self.house).unwrap();
        let mut room = [0; 8192];
        let refused = loop {
            let length = self.pbx.recv(&mut room).unwrap();
            let text = String::from_utf8_lossy(&room[..length]).into_owned();
            if text.starts_with("SIP/2.0 4") {
                break text;
            }
        };
        let to = refused.lines().find(|line| line.starts_with("To:")).unwrap();
        let ack = invite.replace("INVITE", "ACK").replace("To: <sip:+14255550100@127.0.0.1>", to);
        self.pbx.send_to(ack.as_bytes(), self.house).unwrap();
        invite
    }

    /// The PBX tells of a message.
    fn tell(&self, (from, to): (SocketAddr, SocketAddr), key: &str, text: &str) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_micros() as i64;
        let packet = Packet {
            from,
            to,
            protocol: hep::UDP,
            at_us: Some(now),
            captured: hep::SIP,
            agent: Some(1),
            key: Some(key.as_bytes()),
            correlation: None,
            payload: text.as_bytes(),
        };
        let mut bytes = Vec::new();
        hep::write(&packet, &mut bytes).unwrap();
        self.pbx.send_to(&bytes, self.observed).unwrap();
    }

    fn figures(&self) -> String {
        let mut stream = TcpStream::connect(self.http).unwrap();
        stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    fn wait_for_figure(&self, outcome: &str, count: u32) {
        let line = format!("{{observer=\"office\",outcome=\"{outcome}\"}} {count}\n");
        let until = Instant::now() + PATIENCE;
        while !self.figures().contains(&line) {
            assert!(Instant::now() < until, "{line}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn says(&self, words: &[&str]) -> (Option<i32>, String) {
        let output = tandem(&[words, &["--dir", self.directory.text()]].concat());
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    }
}

fn invite(from: SocketAddr, call_id: &str, more: &str) -> String {
    format!(
        "INVITE sip:+14255550100@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP {from};branch=z9hG4bK-{call_id}\r\n\
         Max-Forwards: 70\r\nFrom: <sip:+12065550142@{from}>;tag=1\r\nTo: <sip:+14255550100@127.0.0.1>\r\n\
         Call-ID: {call_id}\r\nCSeq: 1 INVITE\r\nContact: <sip:pbx@{from}>\r\n{more}\
         Content-Length: 0\r\n\r\n"
    )
}

/// The PBX reports what it sent us, and the leg of its own phone before it: that has another Call-ID, and
/// names ours. Somebody with another key is not believed. One picture shows it all.
#[test]
fn d16_the_ladder_of_a_refused_call_shows_what_its_pbx_has_seen() {
    let office = Office::open();
    let phone: SocketAddr = "10.1.2.3:5066".parse().unwrap();
    let more = format!("X-CID: {LEG}\r\nAuthorization: Digest username=\"anna\", response=\"5ec2e7\"\r\n");

    office.tell((phone, office.pbx()), KEY, &invite(phone, "inside@phone", &more));
    let sent = office.call();
    office.tell((office.pbx(), office.house), KEY, &sent);
    office.tell((phone, office.pbx()), "another", &invite(phone, "forged@phone", &more));
    office.wait_for_figure("taken", 2);
    office.wait_for_figure("wrong_key", 1);

    let (code, drawn) = office.says(&["call", "ladder", LEG]);
    assert_eq!(code, Some(0), "{drawn}");
    let lines: Vec<&str> = drawn.lines().collect();
    assert!(lines[1].trim_start().starts_with("10.1.2.3:5066"), "{drawn}");
    let reported = lines.iter().find(|line| line.ends_with("(reported by office)")).unwrap();
    assert!(reported.starts_with("      │┄┄INVITE┄┄┄┄┄┄┄┄┄┄▶│   "), "{drawn}");
    let both = lines.iter().find(|line| line.ends_with("(reported by office, too)")).unwrap();
    assert!(both.starts_with("      │                   │──INVITE──────────▶│"), "{drawn}");
    assert!(lines.iter().any(|line| line.contains("◀──4")), "{drawn}");

    let (_, json) = office.says(&["call", "ladder", LEG, "--json"]);
    let seen: Value = serde_json::from_str(&json).unwrap();
    let observed = seen["found"]["observed"].as_array().unwrap();
    let same: Vec<_> = observed.iter().map(|one| (&one["observer"], one["same_as"].as_u64())).collect();
    assert_eq!(same, [(&"office".into(), None), (&"office".into(), Some(0))]);
    assert!(json.contains("anna") && !json.contains("5ec2e7") && !json.contains("forged"), "{json}");

    let file = office.directory.path().join("call.pcapng");
    assert_eq!(office.says(&["call", "export", LEG, "--pcapng", file.to_str().unwrap()]).0, Some(0));
    let bytes = fs::read(&file).unwrap();
    let holds = |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(holds("reported by office\0") && holds("reported by office, too") && holds("inside@phone"));

    let (_, status) = office.says(&["status"]);
    assert!(
        status.contains(&format!("observer  office at udp:{}: 2 messages taken", office.observed)),
        "{status}"
    );
    assert!(status.contains(", 1 refused"), "{status}");

    let office = office.killed_and_started();
    let now: Value = serde_json::from_str(&office.says(&["call", "ladder", LEG, "--json"]).1).unwrap();
    assert_eq!(
        (now["found"]["messages"].clone(), &now["found"]["observed"]),
        (seen["found"]["messages"].clone(), &seen["found"]["observed"])
    );
    assert_eq!(office.says(&["call", "ladder", LEG]).1, drawn);
    office.up.stop();
}

/// The house has heard nothing of a call that its PBX says it has sent there.
#[test]
fn a_call_that_never_came_is_shown_as_its_pbx_saw_it() {
    let office = Office::open();
    let text = invite(office.pbx(), "lost@pbx", "");

    office.tell((office.pbx(), office.house), KEY, &text);
    office.wait_for_figure("taken", 1);

    let (code, drawn) = office.says(&["call", "ladder", "lost@pbx"]);
    assert_eq!(code, Some(0), "{drawn}");
    assert!(drawn.contains("┄┄INVITE┄") && drawn.contains("(reported by office)"), "{drawn}");
    assert_eq!(office.says(&["call", "ladder", "nobody@pbx"]).0, Some(1));
    office.up.stop();
}
