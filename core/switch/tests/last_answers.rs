//! Who called in vain hears so when the record is kept, and whatever crosses that meanwhile changes nothing.
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
servers = [{ uri = "sip:127.0.0.3:5060" }]
health = { options = "off" }

[route.out]
order = 10
to = "*"
from = { trunk = "pbx" }
use = [{ trunk = "carrier" }]
"#;

const PBX: &str = "127.0.0.2:5060";
const CARRIER: &str = "127.0.0.3:5060";
/// How long figures of the relay are waited for.
const FIGURES_WAIT: Duration = Duration::from_millis(500);

/// A house whose relay says what it counted when it is told to.
struct Bench {
    switch: Switch,
    start: Instant,
    now: Instant,
    out: Outbox,
    closed: Vec<media::SessionKey>,
}

impl Bench {
    /// A call that rings; the INVITE that the carrier got.
    fn ringing(to: &str) -> (Bench, String) {
        let start = Instant::now();
        let switch = switch_of(HOUSE, None, Now { instant: start, wall: WallTime(0) });
        let mut bench = Bench { switch, start, now: start, out: Outbox::default(), closed: Vec::new() };
        bench.from(PBX, &invite(to));
        let out = bench.sent_to(CARRIER).remove(0);
        bench.from(CARRIER, &answer(&out, "180 Ringing"));
        assert_eq!(statuses(&bench.sent_to(PBX)), [100, 180]);
        (bench, out)
    }

    fn give(&mut self, input: Input<'_>) {
        let since = (self.now - self.start).as_millis();
        let wall = WallTime(1_800_000_000_000 + i64::try_from(since).unwrap());
        self.switch.handle(Now { instant: self.now, wall }, input, &mut self.out);
        let orders = std::mem::take(&mut self.out.orders).into_iter();
        self.closed.extend(orders.filter_map(|order| match order {
            media::Order::Close { session } => Some(session),
            _ => None,
        }));
    }

    fn from(&mut self, remote: &str, text: &str) {
        let bytes = text.replace('\n', "\r\n");
        self.give(Input::Received(Received { flow: flow_from(remote), bytes: bytes.as_bytes() }));
    }

    fn relay_counts(&mut self) {
        for session in std::mem::take(&mut self.closed) {
            let figures = Box::new(Figures::default());
            self.give(Input::Heard(media::Event::Finished { session, stream: 0, figures }));
        }
    }

    fn sent_to(&mut self, remote: &str) -> Vec<String> {
        let remote: SocketAddr = remote.parse().unwrap();
        let sends = std::mem::take(&mut self.out.sends);
        let (to, rest): (Vec<_>, Vec<_>) = sends.into_iter().partition(|send| send.flow.remote == remote);
        self.out.sends = rest;
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

    /// The caller acknowledges the failure, and nothing of the call stays behind.
    fn ends_clean(&mut self, to: &str) {
        self.from(PBX, &caller_says("ACK", to));
        self.pass(Duration::from_secs(60));
        assert_eq!(self.switch.held(), Held::default());
        assert_eq!(self.out.keep.len(), 1, "one record and no more");
    }
}

fn sdp(address: &str) -> String {
    format!(
        "v=0\no=- 1 1 IN IP4 {address}\ns=-\nc=IN IP4 {address}\nt=0 0\n\
         m=audio 40000 RTP/AVP 0\na=rtpmap:0 PCMU/8000\n"
    )
}

/// Of the transaction of the INVITE.
fn caller_says(method: &str, to: &str) -> String {
    format!(
        "{method} sip:{to}@127.0.0.1 SIP/2.0\nVia: SIP/2.0/UDP 127.0.0.2:5060;branch=z9hG4bK1\n\
         Max-Forwards: 70\nFrom: <sip:+14255550100@127.0.0.2>;tag=a1\nTo: <sip:{to}@127.0.0.1>\n\
         Call-ID: one@pbx\nCSeq: 1 {method}\nContent-Length: 0\n\n"
    )
}

fn invite(to: &str) -> String {
    let body = sdp("127.0.0.2");
    let length = body.replace('\n', "\r\n").len();
    let more = format!(
        "Contact: <sip:pbx@127.0.0.2:5060>\nContent-Type: application/sdp\nContent-Length: {length}\n\n{body}"
    );
    caller_says("INVITE", to).replace("Content-Length: 0\n\n", &more)
}

fn header<'a>(message: &'a str, name: &str) -> &'a str {
    let start = message.find(&format!("\r\n{name}: ")).unwrap_or_else(|| panic!("{name} in {message}"));
    message[start + name.len() + 4..].split("\r\n").next().unwrap()
}

/// What the callee answers to a request.
fn answer(request: &str, status: &str) -> String {
    let to = header(request, "To");
    let tag = if to.contains(";tag=") { "" } else { ";tag=b1" };
    let body = if status.starts_with("200") && request.starts_with("INVITE") {
        sdp("127.0.0.3")
    } else {
        String::new()
    };
    let length = body.replace('\n', "\r\n").len();
    let kind = if body.is_empty() { "" } else { "Content-Type: application/sdp\n" };
    format!(
        "SIP/2.0 {status}\nVia: {}\nFrom: {}\nTo: {to}{tag}\nCall-ID: {}\nCSeq: {}\n\
         Contact: <sip:carrier@127.0.0.3:5060>\n{kind}Content-Length: {length}\n\n{body}",
        header(request, "Via"),
        header(request, "From"),
        header(request, "Call-ID"),
        header(request, "CSeq"),
    )
}

fn statuses(messages: &[String]) -> Vec<u16> {
    messages.iter().filter_map(|one| one.strip_prefix("SIP/2.0 ")?.get(..3)?.parse().ok()).collect()
}

fn methods(messages: &[String]) -> Vec<&str> {
    messages.iter().filter_map(|one| one.split(' ').next()).filter(|one| !one.starts_with("SIP")).collect()
}

const NUMBER: &str = "+12065550142";

#[test]
fn a_busy_callee_is_told_to_the_caller_with_the_record_and_not_before() {
    let (mut bench, out) = Bench::ringing(NUMBER);

    bench.from(CARRIER, &answer(&out, "486 Busy Here"));

    assert_eq!(methods(&bench.sent_to(CARRIER)), ["ACK"], "the callee waits for nothing");
    assert_eq!((statuses(&bench.sent_to(PBX)), bench.out.keep.len()), (vec![], 0));
    bench.relay_counts();
    assert_eq!((statuses(&bench.sent_to(PBX)), bench.out.keep.len()), (vec![486], 1));
    assert_eq!(bench.out.keep[0].outcome, Outcome::Busy);
    bench.ends_clean(NUMBER);
}

#[test]
fn a_relay_that_says_nothing_holds_the_answer_up_for_no_longer_than_half_a_second() {
    let (mut bench, out) = Bench::ringing(NUMBER);
    bench.from(CARRIER, &answer(&out, "486 Busy Here"));

    bench.pass(FIGURES_WAIT - Duration::from_millis(1));
    assert_eq!(statuses(&bench.sent_to(PBX)), [0_u16; 0]);
    bench.pass(Duration::from_millis(1));

    assert_eq!((statuses(&bench.sent_to(PBX)), bench.out.keep.len()), (vec![486], 1));
    bench.relay_counts();
    bench.ends_clean(NUMBER);
}

#[test]
fn a_copy_of_the_invite_hears_what_it_heard_last_while_the_answer_waits() {
    let (mut bench, out) = Bench::ringing(NUMBER);
    bench.from(CARRIER, &answer(&out, "486 Busy Here"));
    bench.sent_to(CARRIER);

    bench.from(PBX, &invite(NUMBER));

    assert_eq!(statuses(&bench.sent_to(PBX)), [180]);
    assert_eq!(bench.sent_to(CARRIER), [""; 0], "nobody is called again");
    bench.relay_counts();
    assert_eq!(statuses(&bench.sent_to(PBX)), [486]);
    bench.from(PBX, &invite(NUMBER));
    assert_eq!(statuses(&bench.sent_to(PBX)), [486]);
    bench.ends_clean(NUMBER);
}

/// It was decided before the CANCEL came what has become of the call, as if the two had crossed on the way.
#[test]
fn a_cancel_that_comes_while_the_answer_waits_changes_nothing_of_the_call() {
    let (mut bench, out) = Bench::ringing(NUMBER);
    bench.from(CARRIER, &answer(&out, "486 Busy Here"));
    bench.sent_to(CARRIER);

    bench.from(PBX, &caller_says("CANCEL", NUMBER));

    let heard = bench.sent_to(PBX);
    assert_eq!((statuses(&heard), header(&heard[0], "CSeq")), (vec![200], "1 CANCEL"));
    bench.relay_counts();
    assert_eq!((statuses(&bench.sent_to(PBX)), bench.out.keep[0].outcome), (vec![486], Outcome::Busy));
    assert_eq!(bench.sent_to(CARRIER), [""; 0], "there is nobody to cancel");
    bench.ends_clean(NUMBER);
}

#[test]
fn who_cancels_is_told_that_the_call_is_over_with_its_record() {
    let (mut bench, out) = Bench::ringing(NUMBER);

    bench.from(PBX, &caller_says("CANCEL", NUMBER));

    assert_eq!(statuses(&bench.sent_to(PBX)), [200], "the CANCEL itself waits for nothing");
    assert_eq!(methods(&bench.sent_to(CARRIER)), ["CANCEL"]);
    bench.from(CARRIER, &answer(&out, "487 Request Terminated"));
    assert_eq!((statuses(&bench.sent_to(PBX)), bench.out.keep.len()), (vec![], 0));
    bench.relay_counts();
    assert_eq!((statuses(&bench.sent_to(PBX)), bench.out.keep[0].outcome), (vec![487], Outcome::Cancelled));
    bench.ends_clean(NUMBER);
}

/// A callee that answers at the same moment is hung up, and the caller hears one answer.
#[test]
fn an_answer_that_crosses_a_cancel_while_the_caller_waits_is_ended() {
    let (mut bench, out) = Bench::ringing(NUMBER);
    bench.from(PBX, &caller_says("CANCEL", NUMBER));
    bench.sent_to(PBX);
    bench.sent_to(CARRIER);

    bench.from(CARRIER, &answer(&out, "200 OK"));

    let to_carrier = bench.sent_to(CARRIER);
    assert_eq!(methods(&to_carrier), ["ACK", "BYE"]);
    bench.from(CARRIER, &answer(&to_carrier[1], "200 OK"));
    assert_eq!(statuses(&bench.sent_to(PBX)), [0_u16; 0]);
    bench.relay_counts();
    assert_eq!(statuses(&bench.sent_to(PBX)), [487]);
    bench.ends_clean(NUMBER);
}

/// Two forks of one INVITE answer it: the first failure is not followed by another.
#[test]
fn a_second_failure_of_the_same_callee_is_not_told() {
    let (mut bench, out) = Bench::ringing(NUMBER);
    bench.from(CARRIER, &answer(&out, "486 Busy Here"));
    bench.from(CARRIER, &answer(&out, "603 Decline").replace(";tag=b1", ";tag=b2"));

    bench.relay_counts();

    assert_eq!(statuses(&bench.sent_to(PBX)), [486]);
    bench.ends_clean(NUMBER);
}

#[test]
fn a19_who_called_for_help_waits_for_no_record() {
    let (mut bench, _) = Bench::ringing("911");

    bench.from(PBX, &caller_says("CANCEL", "911"));

    assert_eq!((statuses(&bench.sent_to(PBX)), bench.out.keep.len()), (vec![200, 487], 0));
    bench.relay_counts();
    assert_eq!(statuses(&bench.sent_to(PBX)), [0_u16; 0]);
    bench.ends_clean("911");
}
