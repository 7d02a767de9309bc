#![allow(clippy::unwrap_used)]
//! Copies of messages, as a capture server gets them.

use std::io::Read;
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::path::Path;
use std::time::{Duration, Instant};

use exports::{Exported, Exports};
use model::{Secrets, SourceFile};
use policy::{Direction, Policy, WallTime};
use switch::Event;
use telemetry::{Flight, Seen, Way};

const PATIENCE: Duration = Duration::from_secs(10);
const CALL: &str = "c0199c0ffee00-0123456789abc";
const LEGS: [&str; 2] = ["7@phone", "0123456789abc-x5yzzy000000"];

fn policy(captures: &str) -> Policy {
    let house = "format = 1\n[system]\nname = \"edge\"\ncountry = \"US\"\ndemo = true\n\
                 [interface.lan]\naddress = \"192.0.2.1\"\nudp = 5060\n";
    let documents = model::load(&[SourceFile::new("edge.toml", format!("{house}{captures}"))]).unwrap();
    policy::compile(&documents, &Secrets::new()).unwrap()
}

fn capture(name: &str, transport: &str, to: SocketAddr) -> String {
    let key = "{ plain = \"0pen-se5ame\" }";
    format!("[capture.{name}]\nhep = \"{transport}:{to}\"\nagent = 228\nkey = {key}\n")
}

fn note(flight: &Flight, number: usize) {
    let call_id = LEGS[number % 2];
    let text = format!(
        "OPTIONS sip:{number}@b SIP/2.0\r\nCall-ID: {call_id}\r\n\
         Authorization: Digest username=\"hana\", response=\"5ec2e7\"\r\n\r\n"
    );
    let address = |last: u8| SocketAddr::from(([192, 0, 2, last], 5060));
    let (local, remote, bytes) = (address(1), address(2), text.as_bytes());
    flight.note(Seen { at_us: number as i64, way: Way::Sent, transport: "udp", local, remote, bytes });
}

fn began() -> Event {
    Event::CallStarted {
        call: CALL.into(),
        call_id: LEGS[0].into(),
        at: WallTime(0),
        calling: "hana".into(),
        called: "+14255550100".into(),
        direction: Direction::Outbound,
        emergency: false,
    }
}

/// The chunk of a kind in a packet.
fn chunk(packet: &[u8], kind: u16) -> Option<&[u8]> {
    let mut rest = &packet[6..];
    while !rest.is_empty() {
        let two = |at: usize| u16::from_be_bytes([rest[at], rest[at + 1]]);
        let (this, length) = (two(2), usize::from(two(4)));
        if this == kind {
            return Some(&rest[6..length]);
        }
        rest = &rest[length..];
    }
    None
}

fn number_of(packet: &[u8]) -> usize {
    let payload = str::from_utf8(chunk(packet, 15).unwrap()).unwrap();
    payload.split(['@', ':']).nth(1).unwrap().parse().unwrap()
}

/// Takes so many packets off a stream.
fn packets(stream: &mut TcpStream, count: usize) -> Vec<Vec<u8>> {
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let packet = |_| {
        let mut packet = vec![0; 6];
        stream.read_exact(&mut packet).unwrap();
        assert_eq!(&packet[..4], b"HEP3");
        packet.resize(usize::from(u16::from_be_bytes([packet[4], packet[5]])), 0);
        stream.read_exact(&mut packet[6..]).unwrap();
        packet
    };
    (0..count).map(packet).collect()
}

fn until(what: &str, is_so: impl Fn() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < end, "{what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn d16_both_legs_of_a_call_come_under_its_name_and_without_secrets() {
    let server = UdpSocket::bind("127.0.0.1:0").unwrap();
    server.set_read_timeout(Some(PATIENCE)).unwrap();
    let flight = Flight::new(1 << 20);
    let exports = Exports::new(flight.clone(), Path::new("/nowhere"));
    exports.adopt(&policy(&capture("homer", "udp", server.local_addr().unwrap())));

    // The beginning of a call is told after its first messages were seen.
    (0..6).for_each(|number| note(&flight, number));
    exports.heed()(&began());

    let mut buffer = [0; 65_535];
    for number in 0..6 {
        let length = server.recv(&mut buffer).unwrap();
        let packet = &buffer[..length];
        assert_eq!(number_of(packet), number);
        assert_eq!(chunk(packet, 17).unwrap(), CALL.as_bytes());
        assert_eq!(chunk(packet, 14).unwrap(), b"0pen-se5ame");
        assert_eq!(chunk(packet, 12).unwrap(), 228_u32.to_be_bytes());
        let payload = str::from_utf8(chunk(packet, 15).unwrap()).unwrap();
        assert!(payload.contains("username=\"hana\"") && !payload.contains("5ec2e7"), "{payload}");
    }
    exports.stop();
}

#[test]
fn a_server_that_comes_late_and_goes_in_between_gets_everything_by_tcp() {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = server.local_addr().unwrap();
    drop(server);
    let flight = Flight::new(1 << 20);
    let exports = Exports::new(flight.clone(), Path::new("/nowhere"));
    exports.adopt(&policy(&capture("homer", "tcp", address)));
    (0..300).for_each(|number| note(&flight, number));
    std::thread::sleep(Duration::from_millis(700));

    let server = TcpListener::bind(address).unwrap();
    let (mut first, _) = server.accept().unwrap();
    let seen: Vec<usize> = packets(&mut first, 300).iter().map(|packet| number_of(packet)).collect();
    drop(first);
    std::thread::sleep(Duration::from_millis(50));
    (300..400).for_each(|number| note(&flight, number));
    let (mut second, _) = server.accept().unwrap();
    let more: Vec<usize> = packets(&mut second, 100).iter().map(|packet| number_of(packet)).collect();

    assert_eq!(seen, (0..300).collect::<Vec<_>>());
    assert_eq!(more, (300..400).collect::<Vec<_>>());
    until("the counts", || exports.captures() == [Exported { name: "homer".into(), sent: 400, missed: 0 }]);
    exports.stop();
}

#[test]
fn what_is_gone_before_a_server_can_be_reached_is_counted() {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = server.local_addr().unwrap();
    drop(server);
    let flight = Flight::new(20_000);
    let exports = Exports::new(flight.clone(), Path::new("/nowhere"));
    exports.adopt(&policy(&capture("homer", "tcp", address)));
    (0..1_000).for_each(|number| note(&flight, number));
    std::thread::sleep(Duration::from_millis(700));

    let server = TcpListener::bind(address).unwrap();
    let (mut stream, _) = server.accept().unwrap();
    let counts = || exports.captures()[0].clone();
    until("the counts", || counts().sent + counts().missed == 1_000);

    let Exported { sent, missed, .. } = counts();
    assert!(sent > 0 && missed > 500, "{sent} {missed}");
    let seen: Vec<usize> =
        packets(&mut stream, sent as usize).iter().map(|packet| number_of(packet)).collect();
    assert_eq!(seen, (missed as usize..1_000).collect::<Vec<_>>());
    exports.stop();
}

#[test]
fn a_server_that_is_taken_out_gets_nothing_more_and_the_others_hear_nothing_of_it() {
    let (one, other) = (UdpSocket::bind("127.0.0.1:0").unwrap(), UdpSocket::bind("127.0.0.1:0").unwrap());
    other.set_read_timeout(Some(PATIENCE)).unwrap();
    let flight = Flight::new(1 << 20);
    let exports = Exports::new(flight.clone(), Path::new("/nowhere"));
    let of = |name: &str, server: &UdpSocket| capture(name, "udp", server.local_addr().unwrap());
    exports.adopt(&policy(&(of("one", &one) + &of("other", &other))));
    note(&flight, 0);
    until("the first", || exports.captures().iter().all(|capture| capture.sent == 1));

    exports.adopt(&policy(&of("other", &other)));
    std::thread::sleep(Duration::from_millis(300));
    note(&flight, 1);
    until("the second", || exports.captures() == [Exported { name: "other".into(), sent: 2, missed: 0 }]);

    let mut buffer = [0; 65_535];
    let length = one.recv(&mut buffer).unwrap();
    assert_eq!(number_of(&buffer[..length]), 0);
    one.set_nonblocking(true).unwrap();
    assert!(one.recv(&mut buffer).is_err());
    exports.stop();
}
