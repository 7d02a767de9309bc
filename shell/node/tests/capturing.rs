#![allow(clippy::unwrap_used)]
//! A call is captured while it goes on: its packets stand with its messages in one file, by the command line
//! and by HTTP, and nothing in it that the rules keep out.

#[path = "planted/far.rs"]
mod far;
#[path = "planted/heard.rs"]
mod heard;
mod house;
mod planted;

use std::fs;
use std::net::UdpSocket;
use std::time::{Duration, Instant};

use far::{Far, value_of};
use heard::Heard;
use house::{Directory, PATIENCE, free_port, tandem};
use serde_json::Value;

/// What the caller says, and the payload of a key that it presses.
const SAID: &[u8] = b"4-w0rd-that-is-said-1n-the-call";
const PRESSED: &[u8] = &[7, 0x8a, 0x13, 0x57];

fn documents(port: u16, [phone, provider]: [&Far; 2], rules: &str) -> String {
    // Others run houses at the same time.
    let first = 20_000 + port % 1_000 * 10;
    format!(
        "format = 1\n[system]\nname = \"test-edge\"\ncountry = \"US\"\n\
         [interface.lan]\naddress = \"127.0.0.1\"\nudp = {port}\nside = \"inside\"\n\
         media_ports = \"{2}-{3}\"\n\
         [trunk.east]\nservers = [{{ uri = \"sip:{0}\" }}]\naccept = {{ sources = [\"127.0.0.2\"] }}\n\
         health = {{ options = \"off\" }}\nmedia = {{ capture = \"sound\" }}\n\
         [user.lobby]\nnumber = \"+14255550100\"\ndevices = [{{ contact = \"sip:lobby@{1}\" }}]\n{rules}\n",
        provider.address(),
        phone.address(),
        first,
        first + 9,
    )
}

fn description(media: &UdpSocket) -> String {
    let place = media.local_addr().unwrap();
    format!(
        "v=0\r\no=- 1 1 IN IP4 {0}\r\ns=-\r\nc=IN IP4 {0}\r\nt=0 0\r\nm=audio {1} RTP/AVP 0 101\r\n\
         a=rtpmap:101 telephone-event/8000\r\n",
        place.ip(),
        place.port()
    )
}

/// The port that a description names.
fn port_in(message: &str) -> u16 {
    let line = message.lines().find(|line| line.starts_with("m=audio ")).unwrap();
    line.split(' ').nth(1).unwrap().parse().unwrap()
}

fn packet(kind: u8, number: u16, payload: &[u8]) -> Vec<u8> {
    let [high, low] = number.to_be_bytes();
    let mut packet = vec![0x80, kind, high, low, 0, 0, high, low, 0xca, 0xfe, 0, 1];
    packet.extend_from_slice(payload);
    packet
}

struct Scene {
    directory: Directory,
    house: Heard,
    provider: Far,
    /// Where the provider's media and the phone's come from, and where the house takes them.
    media: [UdpSocket; 2],
    ours: [u16; 2],
    number: u16,
    /// Of an operator.
    token: String,
}

impl Scene {
    /// The provider has called the phone, which has answered.
    fn begin(name: &str, rules: &str) -> Scene {
        let (directory, port) = (Directory::new(name), free_port());
        let (mut phone, mut provider) = (Far::at("127.0.0.3", port), Far::at("127.0.0.2", port));
        let at = directory.path();
        fs::write(at.join("house.toml"), documents(port, [&phone, &provider], rules)).unwrap();
        fs::write(at.join("http.token"), "t0ken/for+http/0123456789==").unwrap();
        let house = Heard::start(&directory, &[]);
        let media = ["127.0.0.2:0", "127.0.0.3:0"].map(|place| UdpSocket::bind(place).unwrap());
        let here = provider.address();
        let body = description(&media[0]);
        provider.say(&format!(
            "INVITE sip:+14255550100@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP {here};branch=z9hG4bK-one\r\n\
             Max-Forwards: 70\r\nFrom: <sip:+12065550142@{here}>;tag=one\r\n\
             To: <sip:+14255550100@127.0.0.1>\r\nCall-ID: one@phone\r\nCSeq: 1 INVITE\r\n\
             Contact: <sip:{here}>\r\nContent-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        ));
        let rings = phone.hear("INVITE sip:lobby@");
        let contact = format!("Contact: <sip:lobby@{}>\r\n", phone.address());
        let more = format!("{contact}Content-Type: application/sdp\r\n");
        phone.answer(&rings, "200 OK", &more, &description(&media[1]));
        let answered = provider.hear_of("one", "SIP/2.0 200");
        let target = value_of(&answered, "Contact").trim_matches(['<', '>']).to_owned();
        provider.say(&format!(
            "ACK {target} SIP/2.0\r\nVia: SIP/2.0/UDP {here};branch=z9hG4bK-ack\r\nMax-Forwards: 70\r\n\
             From: {}\r\nTo: {}\r\nCall-ID: one@phone\r\nCSeq: 1 ACK\r\nContent-Length: 0\r\n\r\n",
            value_of(&answered, "From"),
            value_of(&answered, "To"),
        ));
        phone.hear("ACK ");
        let ours = [port_in(&answered), port_in(&rings)];
        let made = tandem(&["token", "create", "ops", "--role", "operator", "--dir", directory.text()]);
        let token = String::from_utf8(made.stdout).unwrap().trim().to_owned();
        Scene { directory, house, provider, media, ours, number: 0, token }
    }

    /// Both say something, and the caller presses a key; each hears the other.
    fn talk(&mut self) {
        for _ in 0..20 {
            self.number += 1;
            let kinds: [(usize, u8, &[u8]); 3] = [(0, 0, SAID), (0, 101, PRESSED), (1, 0, SAID)];
            for (from, kind, payload) in kinds {
                let said = packet(kind, self.number * 2 + u16::from(kind == 101), payload);
                self.media[from].send_to(&said, ("127.0.0.1", self.ours[from])).unwrap();
                let mut room = [0; 2048];
                self.media[1 - from].set_read_timeout(Some(PATIENCE)).unwrap();
                let heard = self.media[1 - from].recv(&mut room);
                let length = heard.unwrap_or_else(|_| panic!("{from} {kind} {}", self.number));
                assert!(room[..length].ends_with(payload));
            }
        }
    }

    fn asks(&self, words: &[&str]) -> std::process::Output {
        tandem(&[words, &["--dir", self.directory.text()]].concat())
    }

    fn id(&self) -> String {
        let listed = self.asks(&["call", "list", "--live", "--json"]);
        let listed: Value = serde_json::from_slice(&listed.stdout).unwrap();
        listed["live"]["calls"][0]["id"].as_str().unwrap().to_owned()
    }

    /// The capture file as the command line writes it, once it has so many packets.
    fn exported(&self, id: &str, packets: usize) -> Vec<u8> {
        let file = self.directory.path().join("call.pcapng");
        let until = Instant::now() + PATIENCE;
        loop {
            let done = self.asks(&["call", "export", id, "--pcapng", file.to_str().unwrap()]);
            assert!(done.status.success(), "{done:?}");
            let bytes = fs::read(&file).unwrap();
            let count = store::pcapng::packets(&bytes).count();
            if count >= packets {
                return bytes;
            }
            assert!(Instant::now() < until, "{count} packets");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

fn holds(bytes: &[u8], what: &[u8]) -> bool {
    bytes.windows(what.len()).any(|window| window == what)
}

#[test]
fn pain_23_a_call_is_captured_with_what_was_said_and_without_the_keys_that_were_pressed() {
    let mut scene = Scene::begin("capturing", "capture = \"sound\"");
    let id = scene.id();
    scene.talk();

    let began = scene.asks(&["call", "capture", &id, "--sound", "--seconds", "60", "--json"]);
    let began: Value = serde_json::from_slice(&began.stdout).unwrap_or_else(|_| panic!("{began:?}"));
    assert_eq!((&began["media"], &began["seconds"]), (&"sound".into(), &60.into()));
    scene.talk();
    // Three packets twenty times, each as it came and as it went, beside seven messages at least.
    let file = scene.exported(&id, 127);
    let by_http = scene.house.get(&format!("/api/v1/calls/{id}/capture.pcapng"), &scene.token);

    let times: Vec<i64> = store::pcapng::packets(&file).map(|(at, _)| at).collect();
    assert!(times.is_sorted() && times.len() < 140, "{} packets", times.len());
    assert!(holds(&file, SAID) && holds(&file, b"INVITE sip:") && holds(&file, b"SIP/2.0 200 OK"));
    assert!(!holds(&file, PRESSED), "a key that was pressed is in the file");
    assert!(by_http.starts_with("HTTP/1.1 200") && by_http.contains("application/octet-stream"));
    assert!(holds(by_http.as_bytes(), SAID) && !holds(by_http.as_bytes(), PRESSED));
    let shown = scene.asks(&["call", "show", &id]);
    assert!(String::from_utf8_lossy(&shown.stdout).contains("It is captured: sound"), "{shown:?}");
    let drawn = scene.asks(&["call", "ladder", &id]);
    let drawn = String::from_utf8_lossy(&drawn.stdout);
    assert!(drawn.contains("  east  ") && drawn.contains("◀──200──"), "{drawn}");
    let page = scene.asks(&["call", "ladder", &id, "--html"]);
    let page = String::from_utf8_lossy(&page.stdout);
    assert!(page.contains("<dt><bdi>Stage</bdi></dt>\n<dd><bdi>up</bdi></dd>"), "{page}");

    assert!(scene.asks(&["call", "hangup", &id]).status.success());
    scene.provider.hear("BYE ");
    let after = scene.exported(&id, 127);
    assert!(holds(&after, SAID) && holds(&after, b"BYE sip:") && holds(&after, b"TD-E301"));
    let audit = scene.asks(&["audit", "list"]);
    let audit = String::from_utf8_lossy(&audit.stdout).into_owned();
    for what in [format!("capture sound of {id}"), format!("GET /api/v1/calls/{id}/capture.pcapng")] {
        assert!(audit.contains(&what), "{what} is not in {audit}");
    }
}

#[test]
fn pain_24_a_capture_of_headers_says_nothing_of_what_was_said() {
    let mut scene = Scene::begin("capturing-headers", "");
    let id = scene.id();
    let post = format!(
        "POST /api/v1/calls/{id}/capture HTTP/1.1\r\nHost: edge\r\nAuthorization: Bearer {}\r\n\
         Connection: close\r\n\r\n",
        scene.token
    );
    let refused = scene.house.ask(&post.replace("/capture ", "/capture?media=sound "));
    let began = scene.house.ask(&post);
    scene.talk();
    let file = scene.exported(&id, 127);

    assert!(refused.starts_with("HTTP/1.1 403") && refused.contains("TD-A015"), "{refused}");
    assert!(began.starts_with("HTTP/1.1 200") && began.contains("\"headers\""), "{began}");
    assert!(!holds(&file, SAID) && !holds(&file, &SAID[..8]) && !holds(&file, PRESSED));
    let kept = fs::read(scene.directory.path().join("data").join(file_in(&began))).unwrap();
    assert!(store::pcapng::packets(&kept).count() >= 120);
    assert!(!holds(&kept, &SAID[..8]) && !holds(&kept, PRESSED));
}

fn file_in(answer: &str) -> String {
    let body = answer.split("\r\n\r\n").nth(1).unwrap();
    serde_json::from_str::<Value>(body).unwrap()["file"].as_str().unwrap().to_owned()
}

#[test]
fn who_is_not_to_be_captured_is_not() {
    let scene = Scene::begin("capturing-none", "capture = \"none\"");
    let id = scene.id();

    let refused = scene.asks(&["call", "capture", &id]);
    let unknown = scene.asks(&["call", "capture", "c0-nobody"]);

    assert_eq!((refused.status.code(), unknown.status.code()), (Some(1), Some(1)));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("TD-A015"), "{refused:?}");
    assert!(!scene.directory.path().join("data/captures").exists());
}
