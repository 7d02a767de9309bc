//! One INVITE, one plan, one answer, one BYE, one record: through the waist, by hand.
// A test has no shell to be given its first `now` by.
#![allow(clippy::unwrap_used, clippy::disallowed_methods)]

mod house;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use house::{flow_from, switch_of};
use media::Figures;
use policy::WallTime;
use switch::{Held, Input, Now, Outbox, Outcome, Received, Switch};

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

[trunk.carrier]
servers = [{ uri = "sip:127.0.0.3:5060" }, { uri = "sip:127.0.0.4:5060", priority = 20 }]
health = { options = "off" }

[route.out]
order = 10
to = "*"
from = { trunk = "pbx" }
use = [{ trunk = "carrier" }]
"#;

struct Bench {
    switch: Switch,
    start: Instant,
    now: Instant,
    out: Outbox,
    /// The relay session that was opened last.
    session: Option<media::SessionKey>,
}

impl Bench {
    fn new() -> Bench {
        Bench::of(HOUSE)
    }

    fn of(house: &str) -> Bench {
        let start = Instant::now();
        let switch = switch_of(house, None, Now { instant: start, wall: WallTime(0) });
        Bench { switch, start, now: start, out: Outbox::default(), session: None }
    }

    fn now(&self) -> Now {
        let since = (self.now - self.start).as_millis();
        Now { instant: self.now, wall: WallTime(1_800_000_000_000 + i64::try_from(since).unwrap()) }
    }

    fn give(&mut self, input: Input<'_>) {
        let now = self.now();
        self.switch.handle(now, input, &mut self.out);
        let orders = std::mem::take(&mut self.out.orders);
        for order in orders {
            if let media::Order::Open { session, .. } = order {
                self.session = Some(session);
            } else if let media::Order::Close { session } = order {
                let figures = Box::new(Figures::default());
                let event = media::Event::Finished { session, stream: 0, figures };
                self.switch.handle(now, Input::Heard(event), &mut self.out);
            }
        }
    }

    fn from(&mut self, remote: &str, text: &str) {
        let bytes = text.replace('\n', "\r\n");
        self.give(Input::Received(Received { flow: flow_from(remote), bytes: bytes.as_bytes() }));
    }

    fn sent_to(&mut self, remote: &str) -> Vec<String> {
        let remote: SocketAddr = remote.parse().unwrap();
        let (to, rest) =
            std::mem::take(&mut self.out.sends).into_iter().partition(|send| send.flow.remote == remote);
        self.out.sends = rest;
        let to: Vec<sip_stack::Send> = to;
        to.iter().map(|send| String::from_utf8(send.wire.bytes().to_vec()).unwrap()).collect()
    }

    fn pass(&mut self, time: Duration) {
        let until = self.now + time;
        while let Some(at) = self.switch.deadline().filter(|at| *at <= until) {
            self.now = self.now.max(at);
            self.give(Input::Deadline);
        }
        self.now = until;
    }
}

fn header<'a>(message: &'a str, name: &str) -> &'a str {
    let start = message.find(&format!("\r\n{name}: ")).unwrap_or_else(|| panic!("{name} in {message}"));
    message[start + name.len() + 4..].split("\r\n").next().unwrap()
}

fn sdp(address: &str, port: u16) -> String {
    format!(
        "v=0\no=- 1 1 IN IP4 {address}\ns=-\nc=IN IP4 {address}\nt=0 0\n\
         m=audio {port} RTP/AVP 0\na=rtpmap:0 PCMU/8000\n"
    )
}

fn invite(branch: &str) -> String {
    let body = sdp("127.0.0.2", 40000);
    let length = body.replace('\n', "\r\n").len();
    format!(
        "INVITE sip:+12065550142@127.0.0.1 SIP/2.0\nVia: SIP/2.0/UDP 127.0.0.2:5060;branch={branch}\n\
         Max-Forwards: 70\nFrom: <sip:+14255550100@127.0.0.2>;tag=a1\nTo: <sip:+12065550142@127.0.0.1>\n\
         Call-ID: one@pbx\nCSeq: 1 INVITE\nContact: <sip:pbx@127.0.0.2:5060>\n\
         Content-Type: application/sdp\nContent-Length: {length}\n\n{body}"
    )
}

fn reply(request: &str, status: &str, tag: &str, body: &str) -> String {
    let length = body.replace('\n', "\r\n").len();
    let kind = if body.is_empty() { "" } else { "Content-Type: application/sdp\n" };
    format!(
        "SIP/2.0 {status}\nVia: {}\nFrom: {}\nTo: {};tag={tag}\nCall-ID: {}\nCSeq: {}\n\
         Contact: <sip:carrier@127.0.0.3:5060>\n{kind}Content-Length: {length}\n\n{body}",
        header(request, "Via"),
        header(request, "From"),
        header(request, "To"),
        header(request, "Call-ID"),
        header(request, "CSeq"),
    )
}

#[test]
fn a_call_is_carried_from_invite_to_record() {
    let mut bench = Bench::new();

    bench.from("127.0.0.2:5060", &invite("z9hG4bK1"));
    let to_pbx = bench.sent_to("127.0.0.2:5060");
    assert!(to_pbx.len() == 1 && to_pbx[0].starts_with("SIP/2.0 100 "), "{to_pbx:?} {:?}", bench.out.keep);
    let out = bench.sent_to("127.0.0.3:5060").remove(0);
    assert!(out.starts_with("INVITE sip:"), "{out}");
    assert!(!out.contains("127.0.0.2"), "the caller's address must not leak: {out}");

    bench.from("127.0.0.3:5060", &reply(&out, "180 Ringing", "b1", ""));
    assert!(bench.sent_to("127.0.0.2:5060")[0].starts_with("SIP/2.0 180 "));

    bench.from("127.0.0.3:5060", &reply(&out, "200 OK", "b1", &sdp("127.0.0.3", 50000)));
    let ack = bench.sent_to("127.0.0.3:5060").remove(0);
    assert!(ack.starts_with("ACK sip:carrier@127.0.0.3:5060 SIP/2.0"), "{ack}");
    let ok = bench.sent_to("127.0.0.2:5060").remove(0);
    assert!(ok.starts_with("SIP/2.0 200 ") && !ok.contains("127.0.0.3"), "{ok}");
    let tag = header(&ok, "To");
    bench.from(
        "127.0.0.2:5060",
        &format!(
            "ACK sip:127.0.0.1:5060 SIP/2.0\nVia: SIP/2.0/UDP 127.0.0.2:5060;branch=z9hG4bK2\n\
             From: <sip:+14255550100@127.0.0.2>;tag=a1\nTo: {tag}\nCall-ID: one@pbx\nCSeq: 1 ACK\n\
             Content-Length: 0\n\n"
        ),
    );
    bench.pass(Duration::from_secs(10));
    assert!(bench.sent_to("127.0.0.2:5060").is_empty(), "an acknowledged 2xx is not repeated");

    bench.from(
        "127.0.0.2:5060",
        &format!(
            "BYE sip:127.0.0.1:5060 SIP/2.0\nVia: SIP/2.0/UDP 127.0.0.2:5060;branch=z9hG4bK3\n\
             From: <sip:+14255550100@127.0.0.2>;tag=a1\nTo: {tag}\nCall-ID: one@pbx\nCSeq: 2 BYE\n\
             Content-Length: 0\n\n"
        ),
    );
    assert!(bench.sent_to("127.0.0.2:5060")[0].starts_with("SIP/2.0 200 "));
    let bye = bench.sent_to("127.0.0.3:5060").remove(0);
    assert!(bye.starts_with("BYE sip:carrier@127.0.0.3:5060 SIP/2.0"), "{bye}");
    bench.from("127.0.0.3:5060", &reply(&bye, "200 OK", "b1", "").replace(";tag=b1;tag=b1", ";tag=b1"));
    assert_eq!(bench.out.keep.len(), 1);
    let record = &bench.out.keep[0];
    assert_eq!(record.outcome, Outcome::Answered);
    assert_eq!(record.talk_ms, 10_000);

    bench.pass(Duration::from_secs(60));
    assert_eq!(bench.switch.held(), Held::default());
}

/// The ACK of a caller, with what it answers.
fn ack_of(answered: &str, body: &str) -> String {
    let length = body.replace('\n', "\r\n").len();
    let kind = if body.is_empty() { "" } else { "Content-Type: application/sdp\n" };
    format!(
        "ACK sip:127.0.0.1:5060 SIP/2.0\nVia: SIP/2.0/UDP 127.0.0.2:5060;branch=z9hG4bKack\nFrom: {}\n\
         To: {}\nCall-ID: {}\nCSeq: 1 ACK\nMax-Forwards: 70\n{kind}Content-Length: {length}\n\n{body}",
        header(answered, "From"),
        header(answered, "To"),
        header(answered, "Call-ID"),
    )
}

/// A callee whose ACK was lost repeats its 2xx, and each copy is acknowledged (RFC 3261 13.2.2.4): with the
/// answer, where the ACK bore one.
#[test]
fn a_lost_ack_is_said_again_with_all_that_it_said() {
    for is_offered in [true, false] {
        let mut bench = Bench::new();
        let whole = invite("z9hG4bK1");
        let (head, _) = whole.split_once("Content-Type").unwrap();
        let open = format!("{head}Content-Length: 0\n\n");
        bench.from("127.0.0.2:5060", if is_offered { &whole } else { &open });
        let out = bench.sent_to("127.0.0.3:5060").remove(0);
        let accepted = reply(&out, "200 OK", "b1", &sdp("127.0.0.3", 50000));
        bench.from("127.0.0.3:5060", &accepted);
        let answered = bench.sent_to("127.0.0.2:5060").pop().unwrap();
        let body = if is_offered { String::new() } else { sdp("127.0.0.2", 40000) };
        bench.from("127.0.0.2:5060", &ack_of(&answered, &body));
        let first = bench.sent_to("127.0.0.3:5060").pop().unwrap();

        bench.from("127.0.0.3:5060", &accepted);

        let again = bench.sent_to("127.0.0.3:5060");
        assert_eq!(again.len(), 1, "{again:?}");
        assert!(again[0].starts_with("ACK sip:carrier@127.0.0.3:5060 SIP/2.0"), "{again:?}");
        for name in ["From", "To", "Call-ID", "CSeq"] {
            assert_eq!(header(&again[0], name), header(&first, name));
        }
        let said = |ack: &str| ack.split_once("\r\n\r\n").map(|(_, body)| body.to_owned());
        assert_eq!(said(&again[0]), said(&first));
        assert_eq!(first.contains("m=audio"), !is_offered, "{first}");
    }
}

#[test]
fn a_silent_server_is_passed_over_and_the_late_answer_of_the_first_is_ended() {
    let mut bench = Bench::new();
    bench.from("127.0.0.2:5060", &invite("z9hG4bK1"));
    let first = bench.sent_to("127.0.0.3:5060").remove(0);

    bench.pass(Duration::from_secs(6));
    let second = bench.sent_to("127.0.0.4:5060").remove(0);
    assert!(second.starts_with("INVITE "));
    assert_ne!(header(&first, "Call-ID"), header(&second, "Call-ID"));
    bench.sent_to("127.0.0.3:5060");

    bench.from("127.0.0.3:5060", &reply(&first, "200 OK", "late", &sdp("127.0.0.3", 50000)));
    let ended = bench.sent_to("127.0.0.3:5060");
    assert!(ended.iter().any(|message| message.starts_with("ACK ")), "{ended:?}");
    assert!(ended.iter().any(|message| message.starts_with("BYE ")), "{ended:?}");
}

#[test]
fn a_media_port_that_somebody_else_holds_is_replaced_by_another() {
    let mut bench = Bench::new();
    bench.from("127.0.0.2:5060", &invite("z9hG4bK1"));
    let first = bench.sent_to("127.0.0.3:5060").remove(0);
    let session = bench.session.expect("the call opened a stream");
    let why = "address already in use".to_owned();

    bench.give(Input::Heard(media::Event::Failed { session, stream: 0, why }));

    let second = bench.sent_to("127.0.0.3:5060").remove(0);
    let port = |invite: &str| invite.split("m=audio ").nth(1).unwrap().split(' ').next().unwrap().to_owned();
    assert!(second.starts_with("INVITE "), "the same peer is asked again: {second}");
    assert_ne!(port(&first), port(&second));
    assert_ne!(header(&first, "Call-ID"), header(&second, "Call-ID"));
}

/// The INVITE with a line more.
fn invite_with(line: &str) -> String {
    invite("z9hG4bK1").replace("CSeq: 1 INVITE\n", &format!("CSeq: 1 INVITE\n{line}\n"))
}

#[test]
fn c1_what_is_demanded_and_not_known_is_refused_by_its_name() {
    for (line, unknown) in [
        ("Require: timer, oddity", "oddity"),
        ("Proxy-Require: oddity", "oddity"),
        ("Proxy-Require: privacy, a\nRequire: b", "b, a"),
    ] {
        let mut bench = Bench::new();

        bench.from("127.0.0.2:5060", &invite_with(line));

        let refused = bench.sent_to("127.0.0.2:5060").pop().unwrap();
        assert!(refused.starts_with("SIP/2.0 420 "), "{line}: {refused}");
        assert_eq!(header(&refused, "Unsupported"), unknown);
        assert!(bench.sent_to("127.0.0.3:5060").is_empty(), "{line}");
    }
}

/// Whoever calls for help gets it, whatever their telephone demands.
#[test]
fn a19_a_call_for_help_may_demand_what_nobody_knows() {
    let mut bench = Bench::new();

    let invite = invite_with("Require: oddity").replace("sip:+12065550142@", "sip:911@");
    bench.from("127.0.0.2:5060", &invite);

    let out = bench.sent_to("127.0.0.3:5060").remove(0);
    assert!(out.starts_with("INVITE sip:911@"), "{out}");
}

/// Nor does it matter what their INVITE carries: what can't be read is as if it weren't there (RFC 3261 8.2.3
/// would have it refused). The callee makes the offer.
#[test]
fn a19_a_call_for_help_may_carry_what_nobody_can_read() {
    let packed = invite_with("Content-Encoding: gzip");
    let other = invite("z9hG4bK1").replace("application/sdp", "application/isup; version=itu-t92+");
    let broken = invite("z9hG4bK1").replace("v=0", "v=7");
    for invite in [packed, other, broken] {
        let mut bench = Bench::new();

        bench.from("127.0.0.2:5060", &invite.replace("sip:+12065550142@", "sip:911@"));
        let out = bench.sent_to("127.0.0.3:5060").remove(0);
        assert!(out.starts_with("INVITE sip:911@") && !out.contains("m=audio"), "{out}");
        bench.from("127.0.0.3:5060", &reply(&out, "200 OK", "b1", &sdp("127.0.0.3", 50000)));
        let answered = bench.sent_to("127.0.0.2:5060").pop().unwrap();
        assert!(answered.starts_with("SIP/2.0 200 ") && answered.contains("m=audio"), "{answered}");

        // Who made an offer takes that for the answer, and says nothing in the ACK.
        let ack = format!(
            "ACK {} SIP/2.0\nVia: SIP/2.0/UDP 127.0.0.2:5060;branch=z9hG4bKack\nFrom: {}\nTo: {}\n\
             Call-ID: {}\nCSeq: 1 ACK\nMax-Forwards: 70\nContent-Length: 0\n\n",
            header(&answered, "Contact").trim_matches(['<', '>']),
            header(&answered, "From"),
            header(&answered, "To"),
            header(&answered, "Call-ID"),
        );
        bench.from("127.0.0.2:5060", &ack);

        let heard = bench.sent_to("127.0.0.3:5060");
        assert!(heard.iter().any(|message| message.starts_with("ACK ") && message.contains("m=audio")));
        assert!(!heard.iter().any(|message| message.starts_with("BYE ")), "{heard:?}");
    }
}

#[test]
fn c12_a_packed_body_is_not_read() {
    let mut bench = Bench::new();

    bench.from("127.0.0.2:5060", &invite_with("Content-Encoding: gzip"));

    let refused = bench.sent_to("127.0.0.2:5060").pop().unwrap();
    assert!(refused.starts_with("SIP/2.0 415 "), "{refused}");
    assert_eq!(header(&refused, "Accept-Encoding"), "identity");
}

/// A request of the callee's, in the dialog that its provisional answer made.
fn asked_by_callee(out: &str, branch: &str, request: (u32, &str), body: &str) -> String {
    let (cseq, method) = request;
    let length = body.replace('\n', "\r\n").len();
    let kind = if body.is_empty() { "" } else { "Content-Type: application/sdp\n" };
    format!(
        "{method} sip:127.0.0.1:5060 SIP/2.0\nVia: SIP/2.0/UDP 127.0.0.3:5060;branch=z9hG4bK{branch}\n\
         From: {};tag=b1\nTo: {}\nCall-ID: {}\nCSeq: {cseq} {method}\n\
         {kind}Content-Length: {length}\n\n{body}",
        header(out, "To"),
        header(out, "From"),
        header(out, "Call-ID"),
    )
}

/// The caller offers two codecs, and the callee takes both in a reliable 183, whose PRACK it answers. The
/// INVITE that the callee got, and the 183 that the caller got.
fn agreed_early(bench: &mut Bench) -> (String, String) {
    let both = |text: String| text.replace("AVP 0\n", "AVP 0 8\na=rtpmap:8 PCMA/8000\n");
    let length = |body: &str| format!("Content-Length: {}", body.replace('\n', "\r\n").len());
    let (plain, offer) = (sdp("127.0.0.2", 40000), both(sdp("127.0.0.2", 40000)));
    let invite = invite("z9hG4bK1").replace(&plain, &offer).replace(&length(&plain), &length(&offer));
    bench.from("127.0.0.2:5060", &invite);
    let out = bench.sent_to("127.0.0.3:5060").remove(0);
    let ringing = reply(&out, "183 Session Progress", "b1", &both(sdp("127.0.0.3", 50000)));
    bench.from("127.0.0.3:5060", &ringing.replace("Contact:", "Require: 100rel\nRSeq: 1\nContact:"));
    let prack = bench.sent_to("127.0.0.3:5060").remove(0);
    assert!(prack.starts_with("PRACK "), "{prack}");
    bench.from("127.0.0.3:5060", &reply(&prack, "200 OK", "b1", "").replace(";tag=b1;tag=b1", ";tag=b1"));
    let told = bench.sent_to("127.0.0.2:5060").pop().unwrap();
    assert!(told.starts_with("SIP/2.0 183 ") && told.contains(" RTP/AVP 0 8\r\n"), "{told}");
    (out, told)
}

/// A session that the callee knows to be agreed may become another before its answer: the caller is told in a
/// dialog of its own, since what a dialog was answered does not change (RFC 3261 13.2.1).
#[test]
fn c7_a_callee_that_changes_its_session_early_changes_what_the_caller_is_told() {
    let one = sdp("127.0.0.3", 50000).replace("AVP 0\na=rtpmap:0 PCMU/8000", "AVP 8\na=rtpmap:8 PCMA/8000");
    let mut bench = Bench::new();
    let (out, first) = agreed_early(&mut bench);

    bench.from("127.0.0.3:5060", &asked_by_callee(&out, "u1", (1, "UPDATE"), &one));

    let answer = bench.sent_to("127.0.0.3:5060").pop().unwrap();
    assert!(answer.starts_with("SIP/2.0 200 ") && answer.contains("rtpmap:8 PCMA"), "{answer}");
    let next = bench.sent_to("127.0.0.2:5060").pop().unwrap();
    assert!(next.starts_with("SIP/2.0 183 ") && next.contains(" RTP/AVP 8\r\n"), "{next}");
    assert_ne!(header(&next, "To"), header(&first, "To"));

    bench.from("127.0.0.3:5060", &reply(&out, "200 OK", "b1", ""));
    let answered = bench.sent_to("127.0.0.2:5060").pop().unwrap();
    assert!(answered.starts_with("SIP/2.0 200 ") && answered.contains(" RTP/AVP 8\r\n"), "{answered}");
    assert_eq!(header(&answered, "To"), header(&next, "To"));
}

/// What the caller can't speak is refused, and what only it could say can't be asked of it yet (RFC 3311
/// 5.2).
#[test]
fn c7_a_session_that_nobody_can_answer_for_stays_as_it_was() {
    let foreign = sdp("127.0.0.3", 50000).replace("AVP 0\na=rtpmap:0 PCMU/8000", "AVP 18");
    let direct = HOUSE.replace("[trunk.carrier]\n", "[trunk.carrier]\nmedia = { path = \"direct\" }\n");
    let other = sdp("127.0.0.3", 50002);
    for (house, session, status) in [(HOUSE, &foreign, 488), (direct.as_str(), &other, 504)] {
        let mut bench = Bench::of(house);
        let (out, _) = agreed_early(&mut bench);

        bench.from("127.0.0.3:5060", &asked_by_callee(&out, "u1", (1, "UPDATE"), session));

        let answer = bench.sent_to("127.0.0.3:5060").pop().unwrap();
        assert!(answer.starts_with(&format!("SIP/2.0 {status} ")), "{answer}");
        assert!(bench.sent_to("127.0.0.2:5060").is_empty());
        bench.from("127.0.0.3:5060", &reply(&out, "200 OK", "b1", ""));
        let answered = bench.sent_to("127.0.0.2:5060").pop().unwrap();
        assert!(answered.starts_with("SIP/2.0 200 ") && answered.contains(" RTP/AVP 0 8\r\n"), "{answered}");
    }
}

/// A callee that rings has a dialog: what it asks too early is put off, and its call is not unknown to us. An
/// UPDATE may say who is there; a session waits until ours is answered (RFC 3311 5.2).
#[test]
fn c7_a_callee_that_rings_hears_when_to_ask_again() {
    let mut bench = Bench::new();
    bench.from("127.0.0.2:5060", &invite("z9hG4bK1"));
    let out = bench.sent_to("127.0.0.3:5060").remove(0);
    bench.from("127.0.0.3:5060", &reply(&out, "183 Session Progress", "b1", &sdp("127.0.0.3", 50000)));
    let session = sdp("127.0.0.3", 50002);
    let questions = [
        (1, "UPDATE", "", 200),
        (2, "OPTIONS", "", 200),
        (2, "OPTIONS", "", 500),
        (4, "MESSAGE", "", 405),
        (5, "UPDATE", session.as_str(), 491),
        (6, "INFO", "", 500),
    ];
    for (turn, (cseq, method, body, status)) in questions.into_iter().enumerate() {
        let asked = asked_by_callee(&out, &format!("u{turn}"), (cseq, method), body);
        bench.from("127.0.0.3:5060", &asked);
        let answer = bench.sent_to("127.0.0.3:5060").pop().unwrap();
        assert!(answer.starts_with(&format!("SIP/2.0 {status} ")), "{method}: {answer}");
    }

    bench.from("127.0.0.3:5060", &reply(&out, "200 OK", "b1", &sdp("127.0.0.3", 50000)));
    assert!(bench.sent_to("127.0.0.3:5060").iter().any(|message| message.starts_with("ACK ")));
}
