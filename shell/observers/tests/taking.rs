#![allow(clippy::unwrap_used)]
//! What others have seen, as it comes by UDP and TCP: from whom it is taken, and what becomes of the rest.

use std::collections::BTreeSet;
use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::ops::Range;
use std::path::PathBuf;
use std::thread::sleep;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use hep::Packet;
use model::{Secrets, SourceFile};
use observers::{Observation, Observers, Outcome, Wanted};
use policy::Policy;
use telemetry::{Flight, Seen, Way};

const PATIENCE: Duration = Duration::from_secs(20);
const LEG: &str = "7@phone";
const KEY: &str = "0pen-se5ame";
/// To read a message that has so much behind its head takes a while.
const LONG: usize = 20_000;
const FROM_HERE: &str = "from = [\"127.0.0.1\"]";

/// An address where nobody listens.
fn free(transport: &str) -> SocketAddr {
    match transport {
        "udp" => UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap(),
        _ => TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap(),
    }
}

fn policy(observers: &str) -> Policy {
    let house = "format = 1\n[system]\nname = \"edge\"\ncountry = \"US\"\ndemo = true\n\
                 [interface.lan]\naddress = \"192.0.2.1\"\nudp = 5060\n";
    let documents = model::load(&[SourceFile::new("edge.toml", format!("{house}{observers}"))]).unwrap();
    policy::compile(&documents, &Secrets::new()).unwrap()
}

fn observer(name: &str, listen: &str, more: &str) -> String {
    format!("[observer.{name}]\nlisten = \"{listen}\"\nkey = {{ plain = \"{KEY}\" }}\n{more}\n")
}

fn now_us() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_micros() as i64
}

fn message(number: u32, call_id: &str) -> String {
    format!(
        "OPTIONS sip:{number}@b SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK{number}\r\n\
         From: <sip:a@b>;tag=1\r\nTo: <sip:a@b>\r\nCall-ID: {call_id}\r\nCSeq: {number} OPTIONS\r\n\
         Authorization: Digest username=\"hana\", response=\"5ec2e7\"\r\n\r\n"
    )
}

fn packet(text: &str) -> Packet<'_> {
    Packet {
        from: ([192, 0, 2, 20], 5060).into(),
        to: ([192, 0, 2, 21], 5060).into(),
        protocol: hep::UDP,
        at_us: Some(now_us()),
        captured: hep::SIP,
        agent: Some(228),
        key: Some(KEY.as_bytes()),
        correlation: None,
        payload: text.as_bytes(),
    }
}

fn bytes(packet: &Packet<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    hep::write(packet, &mut out).unwrap();
    out
}

fn copy(number: u32, call_id: &str) -> Vec<u8> {
    bytes(&packet(&message(number, call_id)))
}

fn until(what: &str, is_so: impl Fn() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < end, "{what}");
        sleep(Duration::from_millis(10));
    }
}

fn count(observers: &Observers, name: &str, outcome: Outcome) -> u64 {
    let standings = observers.standings();
    let standing = standings.iter().find(|standing| standing.name == name).unwrap();
    standing.counts.iter().find(|(is, _)| *is == outcome).unwrap().1
}

/// What is shown of a call with one leg.
fn shown(observers: &Observers, flight: &Flight) -> Vec<Observation> {
    let legs = [LEG.to_owned()];
    let own = flight.of(&legs).messages;
    observers.of(Wanted { call: "c1", call_ids: &legs, sessions: &[] }, &own, |ids| flight.known(ids))
}

fn numbers(shown: &[Observation]) -> Vec<u32> {
    shown.iter().map(|one| one.text.split([':', '@']).nth(1).unwrap().parse().unwrap()).collect()
}

fn sender() -> UdpSocket {
    UdpSocket::bind("127.0.0.1:0").unwrap()
}

#[test]
fn d16_what_an_observer_saw_of_a_call_is_shown_under_its_name_and_without_secrets() {
    let place = free("udp");
    let (observers, flight) = (Observers::default(), Flight::new(1 << 20));
    observers.adopt(&policy(&observer("pbx", &format!("udp:{place}"), FROM_HERE)));

    sender().send_to(&copy(1, LEG), place).unwrap();
    sender().send_to(&copy(2, "8@phone"), place).unwrap();
    until("both", || count(&observers, "pbx", Outcome::Taken) == 2);

    let shown = shown(&observers, &flight);
    assert_eq!((shown.len(), &*shown[0].observer), (1, "pbx"));
    assert_eq!(shown[0].from, "192.0.2.20:5060".parse().unwrap());
    assert!(shown[0].text.contains("username=\"hana\"") && !shown[0].text.contains("5ec2e7"));
    observers.stop();
}

#[test]
fn whoever_is_not_named_has_another_key_or_sends_garbage_is_counted_and_shown_nowhere() {
    let place = free("udp");
    let (observers, flight) = (Observers::default(), Flight::new(1 << 20));
    let rule = format!("{FROM_HERE}\nagent = 228");
    observers.adopt(&policy(&observer("pbx", &format!("udp:{place}"), &rule)));

    let text = message(1, LEG);
    let good = packet(&text);
    UdpSocket::bind("127.0.0.2:0").unwrap().send_to(&bytes(&good), place).unwrap();
    let compressed = {
        let mut bytes = bytes(&good);
        bytes.extend_from_slice(&[0, 0, 0, 16, 0, 7, 1]);
        let length = (bytes.len() as u16).to_be_bytes();
        bytes[4..6].copy_from_slice(&length);
        bytes
    };
    let wrong = [
        bytes(&Packet { key: None, ..good }),
        bytes(&Packet { key: Some(b"0pen-se5amf"), ..good }),
        bytes(&Packet { agent: Some(229), ..good }),
        bytes(&Packet { captured: 5, ..good }),
        bytes(&Packet { payload: b"hello", ..good }),
        bytes(&good)[..40].to_vec(),
        b"HEP3".to_vec(),
        vec![0xff; 1_400],
        compressed,
    ];
    for bytes in &wrong {
        sender().send_to(bytes, place).unwrap();
    }

    let counts = || Outcome::ALL.map(|outcome| count(&observers, "pbx", outcome));
    until("all of them", || counts() == [0, 2, 1, 1, 1, 4] && observers.strangers() == 1);
    assert_eq!(shown(&observers, &flight), []);
    sender().send_to(&bytes(&good), place).unwrap();
    until("a good one", || counts()[0] == 1);
    observers.stop();
}

#[test]
fn packets_of_a_stream_are_taken_however_it_is_cut_and_what_is_none_ends_it() {
    let place = free("tcp");
    let (observers, flight) = (Observers::default(), Flight::new(1 << 20));
    observers.adopt(&policy(&observer("pbx", &format!("tcp:{place}"), FROM_HERE)));
    let mut stream = TcpStream::connect(place).unwrap();
    stream.set_nodelay(true).unwrap();

    let all: Vec<u8> = (0..20).flat_map(|number| copy(number, LEG)).collect();
    for part in all.chunks(97) {
        stream.write_all(part).unwrap();
        sleep(Duration::from_micros(300));
    }
    until("all", || count(&observers, "pbx", Outcome::Taken) == 20);
    stream.write_all(b"GET / HTTP/1.1\r\n").unwrap();
    until("the end", || count(&observers, "pbx", Outcome::Unreadable) == 1);

    assert_eq!(numbers(&shown(&observers, &flight)), (0..20).collect::<Vec<_>>());
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let ended = stream.read(&mut [0; 1]).map_or_else(|fault| fault.kind().to_string(), |_| String::new());
    assert!(!ended.contains("block") && !ended.contains("timed out"), "{ended}");
    observers.stop();
}

#[test]
fn an_observer_that_moves_keeps_what_it_said_and_nothing_that_was_sent_is_lost() {
    let (one, other) = (free("udp"), free("udp"));
    let (observers, flight) = (Observers::default(), Flight::new(1 << 20));
    let at = |place: SocketAddr| policy(&observer("pbx", &format!("udp:{place}"), FROM_HERE));
    // It is there before the first copy is, so that most of them wait when nobody is to listen any more.
    let moved = at(other);
    observers.adopt(&at(one));
    let sender = sender();
    let send = |numbers: Range<u32>, place: SocketAddr| {
        for number in numbers {
            let long = [message(number, LEG), "x".repeat(LONG)].concat();
            sender.send_to(&bytes(&packet(&long)), place).unwrap();
        }
    };

    send(0..6, one);
    observers.adopt(&moved);
    send(6..9, other);
    until("all", || count(&observers, "pbx", Outcome::Taken) == 9);

    assert_eq!(shown(&observers, &flight).len(), 9);
    observers.adopt(&policy(""));
    assert!(observers.standings().is_empty() && shown(&observers, &flight).is_empty());
    observers.stop();
}

#[test]
fn a_place_that_is_taken_is_said_and_tried_again() {
    let taken = UdpSocket::bind("127.0.0.1:0").unwrap();
    let place = taken.local_addr().unwrap();
    let observers = Observers::default();
    observers.adopt(&policy(&observer("pbx", &format!("udp:{place}"), FROM_HERE)));
    assert!(observers.standings()[0].trouble.as_ref().is_some_and(|words| words.contains("in use")));

    drop(taken);

    until("it listens", || observers.standings()[0].trouble.is_none());
    sender().send_to(&copy(1, LEG), place).unwrap();
    until("it takes", || count(&observers, "pbx", Outcome::Taken) == 1);
    observers.stop();
}

#[test]
fn what_the_house_saw_too_is_marked_once_for_each_time_that_it_saw_it() {
    let place = free("udp");
    let (observers, flight) = (Observers::default(), Flight::new(1 << 20));
    observers.adopt(&policy(&observer("pbx", &format!("udp:{place}"), FROM_HERE)));
    let (local, remote) = (([192, 0, 2, 1], 5060).into(), ([192, 0, 2, 20], 5060).into());
    for number in [1, 1, 2] {
        let (text, at_us) = (message(number, LEG), now_us());
        let bytes = text.as_bytes();
        flight.note(Seen { at_us, way: Way::Received, transport: "udp", local, remote, bytes });
    }

    for number in [1, 1, 1, 3] {
        sender().send_to(&copy(number, LEG), place).unwrap();
        sleep(Duration::from_millis(2));
    }
    until("all", || count(&observers, "pbx", Outcome::Taken) == 4);

    let same: Vec<_> = shown(&observers, &flight).iter().map(|one| one.same_as).collect();
    assert_eq!(same, [Some(0), Some(1), None, None]);
    observers.stop();
}

#[test]
fn a_flood_pushes_out_nothing_of_the_houses_own_nor_of_another_observer() {
    let (place, other) = (free("udp"), free("udp"));
    let (observers, flight) = (Observers::default(), Flight::new(1 << 20));
    let flooded = observer("flood", &format!("udp:{place}"), &format!("{FROM_HERE}\nkeep_mb = 1"));
    observers.adopt(&policy(&(flooded + &observer("pbx", &format!("udp:{other}"), FROM_HERE))));
    let text = message(1, LEG);
    let (local, remote, bytes) = (place, other, text.as_bytes());
    flight.note(Seen { at_us: 1, way: Way::Sent, transport: "udp", local, remote, bytes });
    sender().send_to(&copy(2, LEG), other).unwrap();
    until("the other", || count(&observers, "pbx", Outcome::Taken) == 1);

    let (sender, flood) = (sender(), copy(3, "flood"));
    for _ in 0..100_000 {
        sender.send_to(&flood, place).unwrap();
    }
    until("some of it", || count(&observers, "flood", Outcome::Taken) > 5_000);

    assert_eq!(flight.of(&[LEG.to_owned()]).messages.len(), 1);
    assert_eq!(numbers(&shown(&observers, &flight)), [2]);
    let legs = ["flood".to_owned()];
    let kept =
        observers.of(Wanted { call: "c", call_ids: &legs, sessions: &[] }, &[], |ids| flight.known(ids));
    let size: usize = kept.iter().map(|one| one.text.len()).sum();
    assert!((200_000..1_000_000).contains(&size), "{size}");
    observers.stop();
}

/// A folder of its own, gone with the test.
struct Place(PathBuf);

impl Place {
    fn new(name: &str) -> Place {
        let path = std::env::temp_dir().join(format!("tandem-observed-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        Place(path)
    }

    /// All that lies there of an observer.
    fn written(&self, name: &str) -> String {
        let files = fs::read_dir(self.0.join(name)).into_iter().flatten();
        let texts = files.map(|entry| fs::read(entry.unwrap().path()).unwrap_or_default());
        texts.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).collect()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn d16_what_an_observer_has_told_is_known_after_a_start_and_longer_than_memory_goes_back() {
    let (place, disk) = (free("udp"), Place::new("start"));
    let rules = policy(&observer("pbx", &format!("udp:{place}"), &format!("{FROM_HERE}\nkeep_mb = 1")));
    let (observers, flight) = (Observers::keeping(&disk.0).unwrap(), Flight::new(1 << 20));
    observers.adopt(&rules);
    let sender = sender();
    // As the last dialog names the first one's it is shown with it, wherever each of them is.
    sender.send_to(&copy(1, "8@inside"), place).unwrap();
    sender.send_to(&copy(2, LEG), place).unwrap();
    until("both on the disk", || disk.written("pbx").contains(LEG));
    let long = message(3, "long") + &"x".repeat(LONG);
    for _ in 0..100 {
        sender.send_to(&bytes(&packet(&long)), place).unwrap();
        sleep(Duration::from_millis(1));
    }
    let text = message(4, LEG).replace("CSeq", "X-CID: 8@inside\r\nCSeq");
    sender.send_to(&bytes(&packet(&text)), place).unwrap();
    until("all", || count(&observers, "pbx", Outcome::Taken) == 103);
    until("all on the disk", || disk.written("pbx").contains("X-CID"));

    let before = shown(&observers, &flight);
    assert_eq!(numbers(&before), [1, 2, 4], "each once");
    observers.stop();
    let observers = Observers::keeping(&disk.0).unwrap();
    observers.adopt(&rules);
    assert_eq!(shown(&observers, &flight), before);
    assert!(!disk.written("pbx").contains("5ec2e7"), "no secret is written down");
    assert!(observers.standings()[0].disk_bytes > 500_000);

    // A dialog that the house knows from another call of its own joins nothing, on the disk or not.
    let legs = [LEG.to_owned()];
    let wanted = Wanted { call: "c1", call_ids: &legs, sessions: &[] };
    let asked = |known: &BTreeSet<&str>| known.iter().map(|id| (*id).to_owned()).collect();
    assert_eq!(numbers(&observers.of(wanted, &[], asked)), [2, 4]);
    observers.stop();
}

#[test]
fn what_an_observer_has_told_goes_with_it_and_by_its_rule_and_nothing_of_another() {
    let (place, other, disk) = (free("udp"), free("udp"), Place::new("rules"));
    let (flight, both) = (Flight::new(1 << 20), |more: &str| {
        let one = observer("one", &format!("udp:{place}"), &format!("{FROM_HERE}\n{more}"));
        one + &observer("other", &format!("udp:{other}"), FROM_HERE)
    });
    let observers = Observers::keeping(&disk.0).unwrap();
    observers.adopt(&policy(&both("")));
    for (number, place) in [(1, place), (2, other)] {
        sender().send_to(&copy(number, LEG), place).unwrap();
    }
    let is_there = |name: &str| disk.written(name).contains(LEG);
    until("both", || is_there("one") && is_there("other"));

    observers.adopt(&policy(&both("disk_mb = 0")));
    until("it has no room", || !is_there("one"));
    assert_eq!(numbers(&shown(&observers, &flight)), [1, 2], "memory has it still");
    observers.adopt(&policy(&observer("one", &format!("udp:{place}"), FROM_HERE)));
    assert!(!disk.0.join("other").exists());
    observers.stop();

    fs::create_dir_all(disk.0.join("gone")).unwrap();
    fs::write(disk.0.join("gone/reel-20261121-0001"), "x").unwrap();
    let observers = Observers::keeping(&disk.0).unwrap();
    observers.adopt(&policy(&observer("one", &format!("udp:{place}"), FROM_HERE)));
    assert!(!disk.0.join("gone").exists() && disk.0.join("one").exists());
    observers.stop();
}
