//! Sessions of messages in calls: what each leg is told of the house, and the relay of both.
#![allow(clippy::unwrap_used, clippy::disallowed_methods)]

mod house;

use std::net::SocketAddr;
use std::time::Instant;

use house::{flow_from, policy_of, settings_at};
use media::{ChatAim, ChatCount, ChatFigures, ChatOrder, Figures, Order, Reach, SessionKey, Side};
use policy::WallTime;
use switch::{Input, MediaRange, Now, Outbox, Received, Switch};

const HOUSE: &str = r#"
format = 1

[system]
name = "edge"
country = "US"

[interface.lan]
address = "127.0.0.1"
udp = 5060
msrp = 2855
side = "inside"

[trunk.pbx]
kind = "pbx"
servers = [{ uri = "sip:127.0.0.2:5060" }]
accept = { sources = ["127.0.0.2"], did = "any" }
health = { options = "off" }
media = { chats = "relayed" }

[trunk.carrier]
servers = [{ uri = "sip:127.0.0.3:5060" }]
health = { options = "off" }
media = { chats = "relayed" }

[route.out]
order = 10
to = "*"
from = { trunk = "pbx" }
use = [{ trunk = "carrier" }]
"#;

const ALICE: &str = "msrp://127.0.0.2:7777/alice;tcp";
const BOB: &str = "msrp://127.0.0.3:8888/bob;tcp";
const SOUND: &str = "m=audio 40000 RTP/AVP 0\na=rtpmap:0 PCMU/8000\n";

struct Bench {
    switch: Switch,
    now: Instant,
    out: Outbox,
    chats: Vec<(SessionKey, u8, ChatOrder)>,
    passed: ChatFigures,
    tag: String,
}

impl Bench {
    fn new(documents: &str) -> Bench {
        let now = Instant::now();
        let settings = settings_at("127.0.0.1:5060".parse().unwrap());
        let media =
            settings.media.into_iter().map(|range| MediaRange { chats: Some(2855), ..range }).collect();
        let settings = switch::Settings { media, ..settings };
        let policy = policy_of(documents, &model::Secrets::new());
        let switch = Switch::new(settings, policy, Now { instant: now, wall: WallTime(0) });
        let (out, passed, tag) = (Outbox::default(), ChatFigures::default(), String::new());
        Bench { switch, now, out, chats: Vec::new(), passed, tag }
    }

    fn give(&mut self, input: Input<'_>) {
        let now = Now { instant: self.now, wall: WallTime(1_800_000_000_000) };
        self.switch.handle(now, input, &mut self.out);
        for order in std::mem::take(&mut self.out.orders) {
            let event = match order {
                Order::Chat { session, stream, order } => {
                    let is_over = order == ChatOrder::Close;
                    self.chats.push((session, stream, order));
                    is_over.then_some(media::Event::Chatted { session, stream, figures: self.passed })
                }
                Order::Close { session } => {
                    let figures = Box::new(Figures::default());
                    Some(media::Event::Finished { session, stream: 0, figures })
                }
                _ => None,
            };
            event.into_iter().for_each(|event| self.give(Input::Heard(event)));
        }
    }

    fn from(&mut self, remote: &str, text: &str) {
        let bytes = text.replace('\n', "\r\n");
        self.give(Input::Received(Received { flow: flow_from(remote), bytes: bytes.as_bytes() }));
    }

    fn sent_to(&mut self, remote: &str) -> Vec<String> {
        let remote: SocketAddr = remote.parse().unwrap();
        let all = std::mem::take(&mut self.out.sends);
        let (to, rest): (Vec<_>, _) = all.into_iter().partition(|send| send.flow.remote == remote);
        self.out.sends = rest;
        to.iter().map(|send| String::from_utf8(send.wire.bytes().to_vec()).unwrap()).collect()
    }

    /// The caller offers that; what the callee is offered, if anything.
    fn offers(&mut self, lines: &str) -> Option<String> {
        self.from("127.0.0.2:5060", &request(("INVITE", 1), "", &description("127.0.0.2", lines)));
        self.sent_to("127.0.0.3:5060").pop()
    }

    /// The callee answers that; what the caller is answered.
    fn answers(&mut self, out: &str, lines: &str) -> String {
        self.from("127.0.0.3:5060", &reply(out, &description("127.0.0.3", lines)));
        let answer = self.sent_to("127.0.0.2:5060").pop().unwrap();
        self.tag = header(&answer, "To").split_once(";tag=").unwrap().1.to_owned();
        self.from("127.0.0.2:5060", &request(("ACK", 1), &self.tag.clone(), ""));
        self.sent_to("127.0.0.3:5060");
        answer
    }

    /// The last that the relay was told of a side.
    fn aim(&self, wanted: Side) -> ChatAim {
        let aims = self.chats.iter().rev().filter_map(|(_, _, order)| match order {
            ChatOrder::Aim(side, aim) if *side == wanted => Some(aim.clone()),
            _ => None,
        });
        aims.into_iter().next().unwrap()
    }

    fn closed(&self) -> usize {
        self.chats.iter().filter(|(_, _, order)| *order == ChatOrder::Close).count()
    }
}

fn header<'a>(message: &'a str, name: &str) -> &'a str {
    let start = message.find(&format!("\r\n{name}: ")).unwrap_or_else(|| panic!("{name} in {message}"));
    message[start + name.len() + 4..].split("\r\n").next().unwrap()
}

fn description(address: &str, lines: &str) -> String {
    format!("v=0\no=- 1 1 IN IP4 {address}\ns=-\nc=IN IP4 {address}\nt=0 0\n{lines}")
}

fn chat(path: &str, lines: &str) -> String {
    let port = path.split(':').nth(2).unwrap().split('/').next().unwrap();
    format!("m=message {port} TCP/MSRP *\na=accept-types:message/cpim text/plain\na=path:{path}\n{lines}")
}

fn request((method, cseq): (&str, u32), tag: &str, body: &str) -> String {
    let length = body.replace('\n', "\r\n").len();
    let tag = if tag.is_empty() { String::new() } else { format!(";tag={tag}") };
    let kind = if body.is_empty() { "" } else { "Content-Type: application/sdp\n" };
    format!(
        "{method} sip:+12065550142@127.0.0.1 SIP/2.0\n\
         Via: SIP/2.0/UDP 127.0.0.2:5060;branch=z9hG4bK{method}{cseq}\n\
         Max-Forwards: 70\nFrom: <sip:+14255550100@127.0.0.2>;tag=a1\nTo: <sip:+12065550142@127.0.0.1>{tag}\n\
         Call-ID: one@pbx\nCSeq: {cseq} {method}\nContact: <sip:pbx@127.0.0.2:5060>\n{kind}\
         Content-Length: {length}\n\n{body}"
    )
}

fn reply(request: &str, body: &str) -> String {
    let length = body.replace('\n', "\r\n").len();
    let to = header(request, "To");
    let tag = if to.contains(";tag=") { "" } else { ";tag=b1" };
    format!(
        "SIP/2.0 200 OK\nVia: {}\nFrom: {}\nTo: {to}{tag}\nCall-ID: {}\nCSeq: {}\n\
         Contact: <sip:carrier@127.0.0.3:5060>\nContent-Type: application/sdp\n\
         Content-Length: {length}\n\n{body}",
        header(request, "Via"),
        header(request, "From"),
        header(request, "Call-ID"),
        header(request, "CSeq"),
    )
}

/// Our address in a description.
fn path(message: &str) -> &str {
    let path = message.split("a=path:").nth(1).unwrap_or_else(|| panic!("a path in {message}"));
    path.split("\r\n").next().unwrap()
}

#[test]
fn l11_each_leg_is_told_of_an_address_of_the_house_that_is_its_own() {
    let mut bench = Bench::new(HOUSE);

    let out = bench.offers(&chat(ALICE, "a=setup:actpass\na=msrp-cema\n")).unwrap();
    assert!(out.contains("\r\nm=message 2855 TCP/MSRP *\r\n"), "{out}");
    assert!(out.contains("\r\na=accept-types:message/cpim text/plain\r\n"), "{out}");
    assert!(out.contains("\r\na=setup:actpass\r\n") && !out.contains("msrp-cema"), "{out}");
    assert!(!out.contains("127.0.0.2") && !out.contains("alice"), "{out}");
    let answer = bench.answers(&out, &chat(BOB, "a=setup:active\n"));

    assert!(answer.contains("\r\na=setup:passive\r\n"), "{answer}");
    assert!(!answer.contains("127.0.0.3") && !answer.contains("/bob"), "{answer}");
    let ours = [path(&answer), path(&out)];
    assert!(ours[0] != ours[1] && ours.iter().all(|ours| ours.starts_with("msrp://127.0.0.1:2855/")));
    for (side, ours, theirs) in [(Side::Caller, ours[0], ALICE), (Side::Callee, ours[1], BOB)] {
        let ChatAim { ours: known, peer } = bench.aim(side);
        let peer = peer.unwrap();
        assert_eq!((&*known, &*peer.path, peer.reach), (ours, theirs, Reach::Comes));
    }
}

#[test]
fn l11_who_waits_is_connected_to_where_it_says() {
    let mut bench = Bench::new(HOUSE);
    let out = bench.offers(&chat(ALICE, "a=setup:passive\n")).unwrap();
    let answer = bench.answers(&out, &chat(BOB, ""));

    assert!(answer.contains("\r\na=setup:active\r\n"), "{answer}");
    for (side, at) in [(Side::Caller, "127.0.0.2:7777"), (Side::Callee, "127.0.0.3:8888")] {
        let to = at.parse().unwrap();
        let reach = Reach::Goes { from: "127.0.0.1".parse().unwrap(), to };
        assert_eq!(bench.aim(side).peer.unwrap().reach, reach);
    }
}

#[test]
fn l11_the_record_says_how_much_was_written_and_by_whom() {
    let mut bench = Bench::new(HOUSE);
    let out = bench.offers(&format!("{SOUND}{}", chat(ALICE, ""))).unwrap();
    bench.answers(&out, &format!("{SOUND}{}", chat(BOB, "")));
    bench.passed.from = [ChatCount { messages: 3, bytes: 99 }, ChatCount { messages: 1, bytes: 10_000_000 }];

    bench.from("127.0.0.2:5060", &request(("BYE", 2), &bench.tag.clone(), ""));

    assert_eq!(bench.closed(), 1);
    // Two streams: what the bench says of the second is that of the first.
    let session = bench.chats[0].0;
    bench.give(Input::Heard(media::Event::Finished { session, stream: 1, figures: Box::default() }));
    let chat = bench.out.keep[0].chat.unwrap();
    assert_eq!((chat.caller.messages, chat.caller.bytes), (3, 99));
    assert_eq!((chat.callee.messages, chat.callee.bytes), (1, 10_000_000));
    let line = serde_json::to_string(&bench.out.keep[0]).unwrap();
    assert!(line.contains(r#""chat":{"caller":{"messages":3,"bytes":99},"#), "{line}");
}

#[test]
fn l11_where_it_is_not_allowed_a_chat_is_refused_and_the_call_goes_on() {
    let keys = "keys_in_clear = \"allowed\", srtp = \"required\"";
    for (was, becomes) in [
        ("media = { chats = \"relayed\" }\n\n[route", "\n[route"),
        ("health = { options = \"off\" }\nmedia = { chats = \"relayed\" }\n\n[trunk.c", "\n[trunk.c"),
        ("chats = \"relayed\" }\n\n[route", &format!("chats = \"relayed\", {keys} }}\n\n[route")),
    ] {
        let mut bench = Bench::new(&HOUSE.replace(was, becomes));
        let out = bench.offers(&format!("{SOUND}{}", chat(ALICE, ""))).unwrap();
        assert!(out.contains("\r\nm=message 0 TCP/MSRP *\r\n") && !out.contains("msrp://"), "{out}");
        assert!(bench.chats.is_empty());

        let mut bench = Bench::new(&HOUSE.replace(was, becomes));
        assert_eq!(bench.offers(&chat(ALICE, "")), None);
        let refused = bench.sent_to("127.0.0.2:5060").pop().unwrap();
        assert!(refused.starts_with("SIP/2.0 488 "), "{refused}");
    }
}

#[test]
fn l11_what_cannot_be_relayed_is_refused_in_its_place() {
    for lines in [
        "m=message 7777 TCP/MSRP *\n",
        "m=message 7777 TCP/MSRP *\na=path:msrp://127.0.0.2:7777;tcp\n",
        "m=message 7777 TCP/MSRP *\na=path:msrps://127.0.0.2:7777/alice;tcp\n",
        "m=message 7777 TCP/TLS/MSRP *\na=path:msrps://127.0.0.2:7777/alice;tcp\n",
        "m=message 7777 TCP/MSRP *\na=path:msrp://0.0.0.0:7777/alice;tcp\na=setup:passive\n",
    ] {
        let mut bench = Bench::new(HOUSE);
        let out = bench.offers(&format!("{SOUND}{lines}")).unwrap();
        assert!(out.contains("\r\nm=message 0 TCP/"), "{lines}{out}");
    }
}

#[test]
fn l11_a_callee_that_wants_no_chat_leaves_none() {
    let mut bench = Bench::new(HOUSE);
    let out = bench.offers(&format!("{SOUND}{}", chat(ALICE, ""))).unwrap();

    let answer = bench.answers(&out, &format!("{SOUND}m=message 0 TCP/MSRP *\n"));

    assert!(answer.contains("\r\nm=message 0 TCP/MSRP *\r\n") && !answer.contains("msrp://"), "{answer}");
    assert_eq!(bench.closed(), 1);
}

#[test]
fn l11_who_was_connected_to_need_not_be_again_whatever_it_offers_next() {
    let mut bench = Bench::new(HOUSE);
    let out = bench.offers(&chat(ALICE, "a=setup:passive\n")).unwrap();
    bench.answers(&out, &chat(BOB, ""));
    let before = [Side::Caller, Side::Callee].map(|side| bench.aim(side));
    let tag = bench.tag.clone();

    let refresh = description("127.0.0.2", &chat(ALICE, "a=setup:actpass\n"));
    bench.from("127.0.0.2:5060", &request(("INVITE", 2), &tag, &refresh));
    let out = bench.sent_to("127.0.0.3:5060").pop().unwrap();
    bench.from("127.0.0.3:5060", &reply(&out, &description("127.0.0.3", &chat(BOB, "a=setup:active\n"))));

    let answer = bench.sent_to("127.0.0.2:5060").pop().unwrap();
    assert!(answer.starts_with("SIP/2.0 200 ") && path(&answer) == &*before[0].ours, "{answer}");
    assert_eq!([Side::Caller, Side::Callee].map(|side| bench.aim(side)), before);
}

#[test]
fn l11_another_offer_keeps_the_session_unless_somebody_is_elsewhere() {
    let mut bench = Bench::new(HOUSE);
    let out = bench.offers(&format!("{SOUND}{}", chat(ALICE, ""))).unwrap();
    bench.answers(&out, &format!("{SOUND}{}", chat(BOB, "a=setup:active\n")));
    let before = [Side::Caller, Side::Callee].map(|side| bench.aim(side));
    let tag = bench.tag.clone();

    let held = description("127.0.0.2", &format!("{SOUND}a=sendonly\n{}", chat(ALICE, "")));
    bench.from("127.0.0.2:5060", &request(("INVITE", 2), &tag, &held));
    let out = bench.sent_to("127.0.0.3:5060").pop().unwrap();
    assert_eq!(path(&out), &*before[1].ours);
    bench.from(
        "127.0.0.3:5060",
        &reply(
            &out,
            &description("127.0.0.3", &format!("{SOUND}a=recvonly\n{}", chat(BOB, "a=setup:active\n"))),
        ),
    );
    let answer = bench.sent_to("127.0.0.2:5060").pop().unwrap();
    assert_eq!(path(&answer), &*before[0].ours);
    assert_eq!([Side::Caller, Side::Callee].map(|side| bench.aim(side)), before);
    bench.from("127.0.0.2:5060", &request(("ACK", 2), &tag, ""));
    bench.sent_to("127.0.0.3:5060");

    let elsewhere = "msrp://127.0.0.2:7778/anew;tcp";
    let moved = description("127.0.0.2", &format!("{SOUND}{}", chat(elsewhere, "")));
    bench.from("127.0.0.2:5060", &request(("INVITE", 3), &tag, &moved));
    let out = bench.sent_to("127.0.0.3:5060").pop().unwrap();
    bench.from(
        "127.0.0.3:5060",
        &reply(&out, &description("127.0.0.3", &format!("{SOUND}{}", chat(BOB, "a=setup:active\n")))),
    );
    let answer = bench.sent_to("127.0.0.2:5060").pop().unwrap();
    assert_ne!(path(&answer), &*before[0].ours, "what was known before is void");
    assert_eq!(&*bench.aim(Side::Caller).peer.unwrap().path, elsewhere);
    assert_eq!(bench.aim(Side::Callee), before[1]);
}
