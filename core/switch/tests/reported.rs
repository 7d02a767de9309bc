//! Phones and gateways report how calls sounded to them (RFC 6035).
// A test has no shell to be given its first `now` by.
#![allow(clippy::unwrap_used, clippy::disallowed_methods)]

mod house;

use std::time::Instant;

use house::{flow_from, switch_of};
use policy::WallTime;
use switch::{Event, Input, Now, Outbox, Received, Switch};

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

[trunk.gateway]
kind = "pbx"
servers = [{ uri = "sip:127.0.0.2:5060" }]
accept = { sources = ["127.0.0.2"], did = "any" }
health = { options = "off" }
"#;
const GATEWAY: &str = "127.0.0.2:5060";
const STRANGER: &str = "192.0.2.66:5060";
const REPORT: &str = "VQSessionReport: CallTerm\r\nCallID: c7@gateway\r\nLocalMetrics:\r\n\
    PacketLoss: NLR=1.5 JDR=0.5\r\nDelay: RTD=80 IAJ=4\r\nQualityEst: MOSLQ=4.1\r\n";

struct Bench {
    switch: Switch,
    now: Now,
    out: Outbox,
    asked: u32,
}

impl Bench {
    fn new() -> Bench {
        let now = Now { instant: Instant::now(), wall: WallTime(1_763_632_800_000) };
        Bench { switch: switch_of(HOUSE, None, now), now, out: Outbox::default(), asked: 0 }
    }

    /// The status of the answer to such a PUBLISH.
    fn reports(&mut self, from: &str, to: &str, kind: &str, body: &str) -> String {
        self.asked += 1;
        let text = format!(
            "PUBLISH sip:127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP {from};branch=z9hG4bKr{}\r\n\
             Max-Forwards: 70\r\nFrom: <sip:gateway@127.0.0.2>;tag=a\r\nTo: {to}\r\n\
             Call-ID: r{0}\r\nCSeq: 1 PUBLISH\r\n\
             Event: vq-rtcpxr\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n{body}",
            self.asked,
            body.len()
        );
        let received = Received { flow: flow_from(from), bytes: text.as_bytes() };
        self.out.sends.clear();
        self.switch.handle(self.now, Input::Received(received), &mut self.out);
        let [answer] = &self.out.sends[..] else { panic!("{:?}", self.out.sends.len()) };
        String::from_utf8(answer.wire.bytes().to_vec()).unwrap()
    }
}

const TO: &str = "<sip:127.0.0.1>";
const TYPE: &str = "application/vq-rtcpxr";

/// A trunk is known by where it sends from; some phones send their report as if the dialog were there still.
#[test]
fn k1_a_report_is_told_with_what_it_says() {
    let mut bench = Bench::new();
    for to in [TO, "<sip:127.0.0.1>;tag=of-the-call"] {
        let answer = bench.reports(GATEWAY, to, TYPE, REPORT);
        assert!(answer.starts_with("SIP/2.0 200 ") && answer.contains("SIP-ETag: "), "{answer}");
    }

    let [Event::SoundReported { who, call_id, heard, sent, .. }, _] = &bench.out.tells[..] else {
        panic!("{:?}", bench.out.tells)
    };
    assert_eq!((&**who, call_id.as_str()), ("trunk gateway", "c7@gateway"));
    assert_eq!((heard.mos, heard.lost_percent, heard.late_percent), (Some(4.1), Some(1.5), Some(0.5)));
    assert_eq!((heard.round_trip_ms, heard.jitter_ms), (Some(80), Some(4)));
    assert_eq!(sent.mos, None);
}

#[test]
fn k1_strangers_report_nothing_before_they_prove_who_they_are() {
    let mut bench = Bench::new();
    let answer = bench.reports(STRANGER, TO, TYPE, REPORT);
    assert!(answer.starts_with("SIP/2.0 401 ") && answer.contains("WWW-Authenticate: "), "{answer}");
    assert!(bench.out.tells.is_empty());
}

/// What is no report is refused with a reason; what says nothing new is taken and not told of.
#[test]
fn k1_only_reports_of_calls_are_told() {
    let mut bench = Bench::new();
    let large = format!("{REPORT}{}", "x: y=1\r\n".repeat(2_000));
    let interval = REPORT.replace("VQSessionReport: CallTerm", "VQIntervalReport");
    let rows = [
        ("400", TYPE, "hello"),
        ("415", "text/plain", REPORT),
        ("413", TYPE, &large),
        ("200", TYPE, &interval),
        ("200", TYPE, ""),
    ];
    for (status, kind, body) in rows {
        let answer = bench.reports(GATEWAY, TO, kind, body);
        assert!(answer.starts_with(&format!("SIP/2.0 {status} ")), "{answer}");
    }
    assert!(bench.out.tells.is_empty(), "{:?}", bench.out.tells);
}
