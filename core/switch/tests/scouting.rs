//! A call takes ports of which it is known how they are seen from outside, and waits for nobody to say so.
#![allow(clippy::unwrap_used, clippy::disallowed_methods)]

mod house;

use std::sync::Arc;
use std::time::{Duration, Instant};

use house::{flow_from, policy_of, settings_at};
use media::{Found, Order, Outer, PortPair, Seen, Side, Unseen};
use policy::{InterfaceId, WallTime};
use switch::{Answer, AskId, Input, Now, Outbox, Question, Received, Switch};

const HOUSE: &str = r#"
format = 1

[system]
name = "edge"
country = "US"

[interface.lan]
address = "127.0.0.1"
udp = 5060
ice = "full"
STUN

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

[emergency.us]
dial = ["911"]
trunks = ["carrier"]
"#;
const STUN: &str = "stun = \"stun.test\"";
const NUMBER: &str = "+12065550142";
const MS: Duration = Duration::from_millis(1);

#[test]
fn g2_a_far_end_is_told_how_a_server_outside_sees_our_ports() {
    let mut bench = Bench::new(STUN);
    let asked = bench.asked();
    assert_eq!(asked.len(), 4);
    asked.iter().for_each(|ports| bench.is_told(*ports, seen(*ports)));

    let invite = bench.invite(NUMBER);

    let kept: Vec<_> = bench.orders.iter().filter(|order| matches!(order, Order::Outside { .. })).collect();
    assert_eq!(kept.len(), 2, "both sides are kept seen: {kept:?}");
    let to_callee = |order: &&&Order| matches!(order, Order::Outside { side: Side::Callee, .. });
    let Some(Order::Outside { outer, .. }) = kept.iter().find(to_callee) else { panic!("{kept:?}") };
    let port = outer.halves[0].place.unwrap().port();
    assert!(invite.contains(&format!(" 203.0.113.9 {port} typ srflx")), "{invite}");
    assert_eq!(bench.asked().len(), 2, "others are asked about in their place");
}

/// Nobody waits: a call goes on with what is known, and an emergency call as well.
#[test]
fn g2_a_call_that_begins_before_anybody_has_answered_goes_on_without() {
    for number in [NUMBER, "911"] {
        let mut bench = Bench::new(STUN);
        let asked = bench.asked();

        let invite = bench.invite(number);

        assert!(invite.contains(" typ host") && !invite.contains("srflx"), "{number}: {invite}");
        let taken = bench.orders.iter().find_map(|order| match order {
            Order::Open { ports, .. } => Some(*ports),
            _ => None,
        });
        assert!(taken.unwrap().iter().all(|ports| !asked.contains(ports)), "no port is opened twice");
    }
}

#[test]
fn g2_a_server_that_says_nothing_costs_no_port_and_is_asked_again() {
    let mut bench = Bench::new(STUN);
    let asked = bench.asked();
    let silent = || Found { outer: None, why: Some(Unseen::Silent) };
    asked.iter().for_each(|ports| bench.is_told(*ports, silent()));
    assert_eq!((bench.switch.held().ports, bench.asked().len()), (0, 0));

    bench.now += 5_000 * MS;
    bench.give(Input::Deadline);

    assert_eq!(bench.asked().len(), 1);
    assert!(
        bench.switch.deadline().is_some_and(|deadline| deadline > bench.now),
        "nobody is woken for nothing"
    );
}

/// Pairs that wait for calls are no call's.
#[test]
fn g2_what_is_asked_about_is_not_held_and_another_server_is_asked_at_once() {
    let mut bench = Bench::new(STUN);
    let asked = bench.asked();
    asked.iter().for_each(|ports| bench.is_told(*ports, seen(*ports)));
    assert_eq!(bench.switch.held().ports, 0);

    bench.give(Input::NewPolicy(policy("stun = \"other.test:3479\"")));
    let Some((_, Question::Scout(_, scout))) = bench.out.asks.last() else { panic!() };
    assert_eq!(scout.posts.stun.as_ref().unwrap().to_string(), "other.test:3479");
    bench.asked();
    bench.give(Input::NewPolicy(policy("")));

    assert_eq!(bench.asked().len(), 0);
    let invite = bench.invite(NUMBER);
    assert!(invite.contains(" typ host") && !invite.contains("srflx"), "{invite}");
}

struct Bench {
    switch: Switch,
    now: Instant,
    out: Outbox,
    orders: Vec<Order>,
}

impl Bench {
    fn new(stun: &str) -> Bench {
        let now = Instant::now();
        let at = Now { instant: now, wall: WallTime(0) };
        let switch = Switch::new(settings_at("127.0.0.1:5060".parse().unwrap()), policy(stun), at);
        let mut bench = Bench { switch, now, out: Outbox::default(), orders: Vec::new() };
        assert!(bench.switch.deadline().is_some_and(|deadline| deadline <= now), "it is asked at once");
        bench.give(Input::Deadline);
        bench
    }

    fn give(&mut self, input: Input<'_>) {
        let now = Now { instant: self.now, wall: WallTime(1_800_000_000_000) };
        self.switch.handle(now, input, &mut self.out);
        self.orders.append(&mut self.out.orders);
    }

    /// About which ports somebody outside has been asked since.
    fn asked(&mut self) -> Vec<PortPair> {
        let asked = std::mem::take(&mut self.out.asks).into_iter();
        let scouts = asked.filter_map(|(_, question)| match question {
            Question::Scout(_, scout) => Some(scout.ports),
            Question::Dns(_) => None,
        });
        scouts.collect()
    }

    fn is_told(&mut self, ports: PortPair, found: Found) {
        self.give(Input::Answered(AskId(0), Answer::Scout(InterfaceId(0), ports, found)));
    }

    /// What the carrier is sent.
    fn invite(&mut self, number: &str) -> String {
        let offer = "v=0\r\no=- 1 1 IN IP4 127.0.0.2\r\ns=-\r\nc=IN IP4 127.0.0.2\r\nt=0 0\r\n\
                     m=audio 40000 RTP/AVP 0\r\n";
        let text = format!(
            "INVITE sip:{number}@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.2:5060;branch=z9hG4bKone\r\n\
             Max-Forwards: 70\r\nFrom: <sip:+14255550100@127.0.0.2>;tag=a1\r\n\
             To: <sip:{number}@127.0.0.1>\r\nCall-ID: one@pbx\r\nCSeq: 1 INVITE\r\n\
             Contact: <sip:pbx@127.0.0.2:5060>\r\n\
             Content-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{offer}",
            offer.len()
        );
        self.give(Input::Received(Received { flow: flow_from("127.0.0.2:5060"), bytes: text.as_bytes() }));
        let carrier = "127.0.0.3:5060".parse().unwrap();
        let sent = self.out.sends.iter().rfind(|send| send.flow.remote == carrier);
        String::from_utf8(sent.unwrap_or_else(|| panic!("{:?}", self.out.sends)).wire.bytes().to_vec())
            .unwrap()
    }
}

fn policy(stun: &str) -> Arc<policy::Policy> {
    policy_of(&HOUSE.replace("STUN", stun), &model::Secrets::new())
}

fn seen(ports: PortPair) -> Found {
    let place = |port| Some(std::net::SocketAddr::from(([203, 0, 113, 9], port)));
    let halves =
        [ports.port + 20_000, ports.port + 20_001].map(|port| Seen { place: place(port), detour: None });
    let server = "198.51.100.3:3478".parse().unwrap();
    Found { outer: Some(Arc::new(Outer { server, halves, secret: [7; 16] })), why: None }
}
