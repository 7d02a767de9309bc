//! Offers and answers whose keys come from a handshake of DTLS: what each side is told, and what
//! the relay is.
// A test has no shell to be given its first `now` by.
#![allow(clippy::unwrap_used, clippy::disallowed_methods)]

mod house;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use house::{flow_from, switch_of};
use media::{Certificate, Handshake, Order, Role, Side};
use policy::WallTime;
use switch::{Input, Now, Outbox, Received, Switch};

const HOUSE: &str = r#"
format = 1

[system]
name = "edge"
country = "US"

[interface.lan]
address = "127.0.0.1"
udp = 5060
media_ports = "30000-30099"
side = "inside"

[trunk.pbx]
kind = "pbx"
servers = [{ uri = "sip:127.0.0.2:5060" }]
accept = { sources = ["127.0.0.2"], did = "any" }
health = { options = "off" }
media = { PBX }

[trunk.carrier]
servers = [{ uri = "sip:127.0.0.3:5060" }]
health = { options = "off" }
media = { CARRIER }

[route.out]
order = 10
to = "*"
from = { trunk = "pbx" }
use = [{ trunk = "carrier" }]
"#;

const PBX: &str = "127.0.0.2:5060";
const CARRIER: &str = "127.0.0.3:5060";
const DTLS: &str = "UDP/TLS/RTP/SAVP";

struct Bench {
    switch: Switch,
    now: Now,
    out: Outbox,
    aims: Vec<(Side, Option<Handshake>)>,
    /// Whether checks are expected, at each of those.
    checked: Vec<bool>,
    ours: Arc<Certificate>,
}

impl Bench {
    fn new(pbx: &str, carrier: &str) -> Bench {
        let house = HOUSE.replace("{ PBX }", &format!("{{ {pbx} }}"));
        let house = house.replace("{ CARRIER }", &format!("{{ {carrier} }}"));
        let ours = Arc::new(Certificate::new(vec![5; 300], vec![6; 100]));
        let now = Now { instant: Instant::now(), wall: WallTime(1_800_000_000_000) };
        let switch = switch_of(&house, Some(Arc::clone(&ours)), now);
        Bench { switch, now, out: Outbox::default(), aims: Vec::new(), checked: Vec::new(), ours }
    }

    fn from(&mut self, remote: &str, text: &str) {
        let bytes = text.replace('\n', "\r\n");
        let input = Input::Received(Received { flow: flow_from(remote), bytes: bytes.as_bytes() });
        self.switch.handle(self.now, input, &mut self.out);
        for order in std::mem::take(&mut self.out.orders) {
            if let Order::Close { session } = order {
                let event = media::Event::Finished { session, stream: 0, figures: Box::default() };
                self.switch.handle(self.now, Input::Heard(event), &mut self.out);
            } else if let Order::Aim { side, aim, .. } = order {
                assert!(aim.protection.is_none());
                self.checked.push(aim.door.as_ref().is_some_and(|door| door.checks.is_some()));
                self.aims.push((side, aim.door.and_then(|door| door.handshake.clone())));
            }
        }
    }

    /// The last thing that somebody was sent and that begins like this.
    fn sent_to(&mut self, remote: &str, begins: &str) -> String {
        let remote: SocketAddr = remote.parse().unwrap();
        let to = self.out.sends.iter().filter(|send| send.flow.remote == remote);
        let texts = to.map(|send| String::from_utf8(send.wire.bytes().to_vec()).unwrap());
        let all: Vec<String> = texts.collect();
        let found = all.iter().rev().find(|text| text.starts_with(begins));
        found.unwrap_or_else(|| panic!("{begins} in {all:#?}")).clone()
    }

    /// What the relay was told of a side last.
    fn handshake(&self, side: Side) -> Option<Handshake> {
        self.aims.iter().rev().find(|(of, _)| *of == side).expect("it was aimed at").1.clone()
    }

    fn print(&self) -> String {
        let bytes = self.ours.fingerprint().map(|byte| format!("{byte:02X}"));
        format!("a=fingerprint:sha-256 {}\r\n", bytes.join(":"))
    }
}

/// A description whose keys come from a handshake, with some other lines.
fn shaken(protocol: &str, setup: &str) -> String {
    format!("{}a=fingerprint:sha-256 {}\na=setup:{setup}\n", clear(protocol), print_of(0xab))
}

fn print_of(byte: u8) -> String {
    vec![format!("{byte:02X}"); 32].join(":")
}

fn clear(protocol: &str) -> String {
    format!(
        "v=0\no=- 1 1 IN IP4 127.0.0.9\ns=-\nc=IN IP4 127.0.0.9\nt=0 0\n\
         m=audio 40000 {protocol} 0\na=rtpmap:0 PCMU/8000\n"
    )
}

fn invite(body: &str) -> String {
    let length = body.replace('\n', "\r\n").len();
    format!(
        "INVITE sip:+12065550142@127.0.0.1 SIP/2.0\nVia: SIP/2.0/UDP 127.0.0.2:5060;branch=z9hG4bK1\n\
         Max-Forwards: 70\nFrom: <sip:+14255550100@127.0.0.2>;tag=a1\nTo: <sip:+12065550142@127.0.0.1>\n\
         Call-ID: one@pbx\nCSeq: 1 INVITE\nContact: <sip:pbx@127.0.0.2:5060>\n\
         Content-Type: application/sdp\nContent-Length: {length}\n\n{body}"
    )
}

fn answer(request: &str, body: &str) -> String {
    let header = |name: &str| {
        let start = request.find(&format!("\r\n{name}: ")).unwrap();
        request[start + name.len() + 4..].split("\r\n").next().unwrap()
    };
    format!(
        "SIP/2.0 200 OK\nVia: {}\nFrom: {}\nTo: {};tag=b1\nCall-ID: {}\nCSeq: {}\n\
         Contact: <sip:carrier@127.0.0.3:5060>\nContent-Type: application/sdp\nContent-Length: {}\n\n{body}",
        header("Via"),
        header("From"),
        header("To"),
        header("Call-ID"),
        header("CSeq"),
        body.replace('\n', "\r\n").len()
    )
}

#[test]
fn i4_an_offer_by_handshake_is_answered_with_our_part_and_crosses_in_clear() {
    for (setup, protocol, ours, role) in [
        ("actpass", DTLS, "active", Role::Client),
        ("active", "UDP/TLS/RTP/SAVPF", "passive", Role::Server),
        ("passive", DTLS, "active", Role::Client),
    ] {
        let mut bench = Bench::new("", "");
        bench.from(PBX, &invite(&shaken(protocol, setup)));
        let out = bench.sent_to(CARRIER, "INVITE ");
        assert!(out.contains(" RTP/AVP 0 101\r\n"), "{out}");
        assert!(!out.contains("fingerprint") && !out.contains("setup") && !out.contains("AB:AB"), "{out}");

        bench.from(CARRIER, &answer(&out, &clear("RTP/AVP")));

        let told = bench.sent_to(PBX, "SIP/2.0 200 ");
        assert!(told.contains(&format!(" {protocol} 0\r\n")), "{told}");
        assert!(told.contains(&bench.print()) && told.contains(&format!("a=setup:{ours}\r\n")), "{told}");
        let handshake = bench.handshake(Side::Caller).unwrap();
        assert_eq!((handshake.role, handshake.theirs), (role, vec![[0xab; 32]]));
        assert_eq!(bench.handshake(Side::Callee), None);
    }
}

#[test]
fn i4_a_trunk_with_keys_by_dtls_is_offered_a_handshake_and_may_choose_its_part() {
    for (setup, role) in [("active", Role::Server), ("passive", Role::Client)] {
        let mut bench = Bench::new("", "keys = \"dtls\"");
        bench.from(PBX, &invite(&clear("RTP/AVP")));
        let out = bench.sent_to(CARRIER, "INVITE ");
        assert!(out.contains(&format!(" {DTLS} 0 101\r\n")) && !out.contains("crypto"), "{out}");
        for line in [&bench.print(), "a=setup:actpass\r\n", "a=rtcp-mux\r\n", "a=ice-lite\r\n"] {
            assert!(out.contains(line), "{line} in {out}");
        }

        bench.from(CARRIER, &answer(&out, &shaken(DTLS, setup)));

        let told = bench.sent_to(PBX, "SIP/2.0 200 ");
        assert!(told.contains(" RTP/AVP 0\r\n") && !told.contains("fingerprint"), "{told}");
        let handshake = bench.handshake(Side::Callee).unwrap();
        assert_eq!((handshake.role, handshake.theirs), (role, vec![[0xab; 32]]));
        assert_eq!(bench.handshake(Side::Caller), None);
    }
}

/// Checks are offered with a handshake, and had if the answer has them.
#[test]
fn g2_whoever_is_offered_checks_may_have_them_or_not() {
    let checks = "a=ice-ufrag:theirs\na=ice-pwd:twenty+two+or+more+letters\n";
    for (more, are_had) in
        [(checks.to_owned(), true), (String::new(), false), (format!("{checks}a=ice-mismatch\n"), false)]
    {
        let mut bench = Bench::new("", "keys = \"dtls\"");
        bench.from(PBX, &invite(&clear("RTP/AVP")));
        let out = bench.sent_to(CARRIER, "INVITE ");
        for line in ["a=ice-ufrag:", "a=candidate:1 1 UDP ", "a=candidate:1 2 UDP "] {
            assert!(out.contains(line), "{line} in {out}");
        }

        bench.from(CARRIER, &answer(&out, &format!("{}{more}", shaken(DTLS, "active"))));

        assert!(bench.handshake(Side::Callee).is_some(), "{more}");
        assert_eq!(bench.checked.last(), Some(&are_had), "{more}");
    }
}

#[test]
fn i6_two_sides_with_handshakes_have_one_each() {
    let mut bench = Bench::new("srtp = \"required\"", "keys = \"dtls\", srtp = \"required\"");
    bench.from(PBX, &invite(&shaken(DTLS, "actpass")));
    let out = bench.sent_to(CARRIER, "INVITE ");
    assert!(out.contains(&bench.print()) && !out.contains("AB:AB"), "{out}");

    bench.from(CARRIER, &answer(&out, &shaken(DTLS, "active").replace("AB", "CD")));

    let told = bench.sent_to(PBX, "SIP/2.0 200 ");
    assert!(told.contains(&bench.print()) && !told.contains("CD:CD"), "{told}");
    assert_eq!(bench.handshake(Side::Caller).unwrap().theirs, [[0xab; 32]]);
    assert_eq!(bench.handshake(Side::Callee).unwrap().theirs, [[0xcd; 32]]);
}

#[test]
fn i4_a_handshake_that_cannot_be_had_is_no_call() {
    let without = shaken(DTLS, "actpass").replace("sha-256", "sha-1");
    for (pbx, offer) in [
        ("srtp = \"off\"", shaken(DTLS, "actpass")),
        ("", without),
        ("", shaken(DTLS, "holdconn")),
        ("srtp = \"required\"", clear("RTP/AVP")),
    ] {
        let mut bench = Bench::new(pbx, "");
        bench.from(PBX, &invite(&offer));
        let refused = bench.sent_to(PBX, "SIP/2.0 4");
        assert!(refused.starts_with("SIP/2.0 488 "), "{refused}");
    }
}

/// Who is offered a handshake and answers in clear, or with no certificate, gets not a packet.
#[test]
fn i4_an_answer_without_a_handshake_is_left() {
    for body in [clear("RTP/AVP"), clear(DTLS), shaken(DTLS, "actpass")] {
        let mut bench = Bench::new("", "keys = \"dtls\"");
        bench.from(PBX, &invite(&clear("RTP/AVP")));
        let out = bench.sent_to(CARRIER, "INVITE ");

        bench.from(CARRIER, &answer(&out, &body));

        assert!(bench.sent_to(CARRIER, "BYE ").contains("SIP/2.0"));
        assert!(bench.sent_to(PBX, "SIP/2.0 4").starts_with("SIP/2.0 488 "));
        assert!(!bench.aims.iter().any(|(side, _)| *side == Side::Callee));
    }
}
