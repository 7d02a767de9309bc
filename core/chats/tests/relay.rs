//! Two legs of a call and a hub between them, whose bytes arrive in pieces of any size.
#![allow(clippy::unwrap_used, clippy::disallowed_methods)]

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use chats::{Act, Hub, LinkId, Outbox};
use media::{ChatAim, ChatFigures, ChatOrder, ChatPeer, Event, Reach, SessionKey, Side};
use proptest::prelude::*;

const SESSION: SessionKey = SessionKey { shard: 0, call: 7 };
const FOR_ALICE: &str = "msrp://192.0.2.1:2855/nobody-guesses-a;tcp";
const FOR_BOB: &str = "msrp://198.51.100.1:2855/nobody-guesses-b;tcp";
const ALICE: &str = "msrp://192.0.2.77:7777/alice;tcp";
const BOB: &str = "msrp://198.51.100.88:8888/bob;tcp";
const AT_BOB: &str = "198.51.100.88:8888";
/// What is between two peers, at most: what is read of one, and what the other has not taken.
const BETWEEN_MAX: usize = 128 * 1024;

struct House {
    hub: Hub,
    now: Instant,
    out: Outbox,
    heard: BTreeMap<LinkId, Vec<u8>>,
    connects: Vec<(LinkId, SocketAddr)>,
    closed: Vec<LinkId>,
    figures: Vec<ChatFigures>,
}

impl House {
    fn new() -> House {
        House {
            hub: Hub::new([7; 32]),
            now: Instant::now(),
            out: Outbox::default(),
            heard: BTreeMap::new(),
            connects: Vec::new(),
            closed: Vec::new(),
            figures: Vec::new(),
        }
    }

    /// A session to which both come.
    fn with_both() -> (House, LinkId, LinkId) {
        let mut house = House::new();
        house.aim(Side::Caller, FOR_ALICE, Some((ALICE, Reach::Comes)));
        house.aim(Side::Callee, FOR_BOB, Some((BOB, Reach::Comes)));
        let (alice, bob) = (house.accept(), house.accept());
        house.say(alice, &hello(FOR_ALICE, ALICE));
        house.say(bob, &hello(FOR_BOB, BOB));
        assert!(house.hears(alice).starts_with("MSRP hello 200 OK\r\n"));
        assert!(house.hears(bob).starts_with("MSRP hello 200 OK\r\n"));
        (house, alice, bob)
    }

    fn aim(&mut self, side: Side, ours: &str, peer: Option<(&str, Reach)>) {
        let peer = peer.map(|(path, reach)| ChatPeer { path: path.into(), reach });
        let order = ChatOrder::Aim(side, ChatAim { ours: ours.into(), peer });
        self.hub.order(self.now, (SESSION, 0), &order, &mut self.out);
        self.settle();
    }

    fn hang_up(&mut self) -> ChatFigures {
        self.hub.order(self.now, (SESSION, 0), &ChatOrder::Close, &mut self.out);
        self.settle();
        self.figures.pop().unwrap()
    }

    fn accept(&mut self) -> LinkId {
        self.hub.accept(self.now, "203.0.113.9".parse().unwrap()).unwrap()
    }

    /// Says something in one go, as far as the house reads it; how much that was.
    fn offers(&mut self, link: LinkId, bytes: &[u8]) -> usize {
        let length = bytes.len().min(self.hub.wants(link));
        if length > 0 {
            self.hub.feed(self.now, link, &bytes[..length], &mut self.out);
            self.settle();
        }
        length
    }

    fn say(&mut self, link: LinkId, text: &str) {
        assert_eq!(self.offers(link, text.as_bytes()), text.len(), "it is read whole");
    }

    /// Takes so much of what waits for a peer.
    fn takes(&mut self, link: LinkId, most: usize) -> usize {
        let unsent = self.hub.unsent(link);
        let taken = unsent[..unsent.len().min(most)].to_vec();
        self.heard.entry(link).or_default().extend_from_slice(&taken);
        self.hub.sent(self.now, link, taken.len(), &mut self.out);
        self.settle();
        taken.len()
    }

    /// Takes all that waits for a peer, and all that it has not looked at yet.
    fn hears(&mut self, link: LinkId) -> String {
        while self.takes(link, usize::MAX) > 0 {}
        String::from_utf8_lossy(&self.heard.remove(&link).unwrap_or_default()).into_owned()
    }

    fn drops(&mut self, link: LinkId) {
        self.hub.closed(self.now, link, &mut self.out);
        self.settle();
    }

    fn passes(&mut self, seconds: u64) {
        for _ in 0..seconds {
            self.now += Duration::from_secs(1);
            self.hub.expire(self.now, &mut self.out);
            self.settle();
        }
    }

    fn settle(&mut self) {
        self.out.stirred.clear();
        for act in self.out.acts.drain(..) {
            match act {
                Act::Connect { link, to, .. } => self.connects.push((link, to)),
                Act::Close(link) => self.closed.push(link),
            }
        }
        for event in self.out.events.drain(..) {
            let Event::Chatted { session: SESSION, stream: 0, figures } = event else {
                panic!("of this session: {event:?}")
            };
            self.figures.push(figures);
        }
    }
}

fn hello(to: &str, from: &str) -> String {
    format!("MSRP hello SEND\r\nTo-Path: {to}\r\nFrom-Path: {from}\r\nMessage-ID: h1\r\n-------hello$\r\n")
}

fn message((to, from): (&str, &str), id: &str, lines: &str, body: &str, flag: char) -> String {
    format!(
        "MSRP {id} SEND\r\nTo-Path: {to}\r\nFrom-Path: {from}\r\nMessage-ID: m-{id}\r\n{lines}\
         Content-Type: text/plain\r\n\r\n{body}\r\n-------{id}{flag}\r\n"
    )
}

fn response((to, from): (&str, &str), id: &str, status: &str) -> String {
    format!("MSRP {id} {status}\r\nTo-Path: {to}\r\nFrom-Path: {from}\r\n-------{id}$\r\n")
}

const OF_ALICE: (&str, &str) = (FOR_ALICE, ALICE);
const OF_BOB: (&str, &str) = (FOR_BOB, BOB);
const TO_ALICE: (&str, &str) = (ALICE, FOR_ALICE);
const TO_BOB: (&str, &str) = (BOB, FOR_BOB);

#[test]
fn l11_a_message_crosses_under_the_addresses_of_the_other_leg_and_so_does_what_is_answered() {
    let (mut house, alice, bob) = House::with_both();
    let lines = "Success-Report: yes\r\nByte-Range: 1-5/5\r\n";

    house.say(alice, &message(OF_ALICE, "aaaa", lines, "hello", '$'));

    assert_eq!(house.hears(bob), message(TO_BOB, "aaaa", lines, "hello", '$'));
    assert_eq!(house.hears(alice), "", "bob answers, not the house");

    house.say(bob, &response(OF_BOB, "aaaa", "200 OK"));
    let report = |(to, from)| {
        format!(
            "MSRP rrrr REPORT\r\nTo-Path: {to}\r\nFrom-Path: {from}\r\nMessage-ID: m-aaaa\r\n\
             Byte-Range: 1-5/5\r\nStatus: 000 200 OK\r\n-------rrrr$\r\n"
        )
    };
    house.say(bob, &report(OF_BOB));

    let wanted = response(TO_ALICE, "aaaa", "200 OK") + &report(TO_ALICE);
    assert_eq!(house.hears(alice), wanted);
    let figures = house.hang_up();
    assert_eq!((figures.from[0].messages, figures.from[0].bytes), (1, 5));
    assert_eq!(figures.from[1], Default::default(), "reports are no messages");
}

#[test]
fn l11_methods_that_nobody_knows_cross_and_that_of_relays_does_not() {
    let (mut house, alice, bob) = House::with_both();
    let request = |(to, from), method| {
        format!(
            "MSRP nnnn {method}\r\nTo-Path: {to}\r\nFrom-Path: {from}\r\nUse-Nickname: \"A\"\r\n\
             -------nnnn$\r\n"
        )
    };

    house.say(alice, &request(OF_ALICE, "NICKNAME"));
    house.say(alice, &request(OF_ALICE, "AUTH"));

    assert_eq!(house.hears(bob), request(TO_BOB, "NICKNAME"));
    assert_eq!(house.hears(alice), response(TO_ALICE, "nnnn", "501 No relay for others"));
}

#[test]
fn l11_who_does_not_know_the_address_is_told_so_and_let_go() {
    let (mut house, _, bob) = House::with_both();
    for to in ["msrp://192.0.2.1:2855/guessed;tcp", "msrp://192.0.2.1:2855;tcp", &format!("{BOB} {FOR_BOB}")]
    {
        let stranger = house.accept();

        house.say(stranger, &message((to, ALICE), "ssss", "", "psst", '$'));

        assert_eq!(house.hears(stranger), response((ALICE, to), "ssss", "481 No such session"));
        assert!(house.closed.contains(&stranger), "{to}");
    }
    assert_eq!(house.hears(bob), "");
}

#[test]
fn l11_a_second_connection_for_the_same_side_is_refused() {
    let (mut house, alice, bob) = House::with_both();
    let second = house.accept();

    house.say(second, &message(OF_ALICE, "xxxx", "", "not alice", '$'));

    let refused = response(TO_ALICE, "xxxx", "506 Another connection has this session");
    assert_eq!(house.hears(second), refused);
    house.say(alice, &message(OF_ALICE, "aaaa", "", "alice", '$'));
    assert_eq!(house.hears(bob), message(TO_BOB, "aaaa", "", "alice", '$'));
}

#[test]
fn l11_what_speaks_another_protocol_is_closed() {
    let mut house = House::new();
    let browser = house.accept();

    house.offers(browser, b"GET / HTTP/1.1\r\n");

    assert_eq!(house.closed, [browser]);
}

#[test]
fn l11_who_says_nothing_is_closed_and_nobody_opens_many_such() {
    let mut house = House::new();
    let silent = house.accept();
    for _ in 1..32 {
        house.accept();
    }
    assert_eq!(house.hub.accept(house.now, "203.0.113.9".parse().unwrap()), None);

    house.passes(16);

    assert!(house.closed.contains(&silent));
    assert_eq!(house.hub.held(), (0, 0));
    house.accept();
}

#[test]
fn l11_messages_wait_for_the_other_side_for_a_while() {
    let mut house = House::new();
    house.aim(Side::Caller, FOR_ALICE, Some((ALICE, Reach::Comes)));
    house.aim(Side::Callee, FOR_BOB, None);
    house.passes(120);
    house.aim(Side::Callee, FOR_BOB, Some((BOB, Reach::Comes)));
    let alice = house.accept();
    house.say(alice, &message(OF_ALICE, "aaaa", "", "early", '$'));
    assert_eq!(house.hears(alice), "");

    let bob = house.accept();
    house.say(bob, &hello(FOR_BOB, BOB));

    let early = message(TO_BOB, "aaaa", "", "early", '$');
    assert!(house.hears(bob).ends_with(&early), "what waited has come");
    house.say(alice, &message(OF_ALICE, "bbbb", "", "late", '$'));
    assert_eq!(house.hears(bob), message(TO_BOB, "bbbb", "", "late", '$'));
}

#[test]
fn l11_who_waits_in_vain_hears_that_nobody_came() {
    let mut house = House::new();
    house.aim(Side::Caller, FOR_ALICE, Some((ALICE, Reach::Comes)));
    house.aim(Side::Callee, FOR_BOB, Some((BOB, Reach::Comes)));
    let alice = house.accept();

    house.say(alice, &message(OF_ALICE, "aaaa", "", "hello?", '$'));
    house.say(alice, &message(OF_ALICE, "bbbb", "Failure-Report: no\r\n", "hello?", '$'));
    house.say(alice, &message(OF_ALICE, "cccc", "Failure-Report: partial\r\n", "hello?", '$'));
    house.passes(26);

    let gone = |id| response(TO_ALICE, id, "408 The other side has not come");
    assert_eq!(house.hears(alice), gone("aaaa") + &gone("cccc"));
}

#[test]
fn l11_we_connect_to_who_waits_for_us_and_say_at_once_what_for() {
    let mut house = House::new();
    house.aim(Side::Caller, FOR_ALICE, Some((ALICE, Reach::Comes)));
    let reach = Reach::Goes { from: "198.51.100.1".parse().unwrap(), to: AT_BOB.parse().unwrap() };
    house.aim(Side::Callee, FOR_BOB, Some((BOB, reach)));
    let (bob, to) = house.connects.pop().unwrap();
    assert_eq!(to.to_string(), AT_BOB);
    let alice = house.accept();
    house.say(alice, &message(OF_ALICE, "aaaa", "", "first", '$'));
    assert_eq!(house.hears(bob), "", "nobody is there yet");

    house.hub.connected(house.now, bob, &mut house.out);

    let heard = house.hears(bob);
    let (asked, rest) = heard.split_once("MSRP aaaa SEND").unwrap();
    let id = asked.split(' ').nth(1).unwrap();
    assert!(asked.starts_with(&format!("MSRP {id} SEND\r\nTo-Path: {BOB}\r\nFrom-Path: {FOR_BOB}\r\n")));
    assert!(asked.ends_with(&format!("-------{id}$\r\n")) && rest.contains("first"), "{heard}");
    house.say(bob, &response(OF_BOB, id, "200 OK"));
    assert_eq!(house.hears(alice), "", "that was ours");
}

#[test]
fn l11_who_cannot_be_reached_is_not_waited_for() {
    let mut house = House::new();
    house.aim(Side::Caller, FOR_ALICE, Some((ALICE, Reach::Comes)));
    let reach = Reach::Goes { from: "198.51.100.1".parse().unwrap(), to: AT_BOB.parse().unwrap() };
    house.aim(Side::Callee, FOR_BOB, Some((BOB, reach)));
    let (bob, _) = house.connects.pop().unwrap();
    let alice = house.accept();
    house.say(alice, &message(OF_ALICE, "aaaa", "", "first", '$'));

    house.drops(bob);

    assert_eq!(house.hears(alice), response(TO_ALICE, "aaaa", "481 The other side has left"));
}

#[test]
fn l11_what_a_peer_that_vanishes_had_begun_is_broken_off() {
    let (mut house, alice, bob) = House::with_both();
    let whole = message(OF_ALICE, "aaaa", "Byte-Range: 1-*/9000\r\n", &"a".repeat(9000), '$');
    house.say(alice, &whole[..4000]);

    house.drops(alice);

    let heard = house.hears(bob);
    assert!(heard.ends_with("a\r\n-------aaaa#\r\n"), "{}", &heard[heard.len() - 40..]);
    house.say(bob, &message(OF_BOB, "bbbb", "", "are you there?", '$'));
    assert_eq!(house.hears(bob), response(TO_BOB, "bbbb", "481 The other side has left"));
    let again = house.accept();
    house.say(again, &message(OF_ALICE, "cccc", "", "back", '$'));
    assert_eq!(house.hears(again), response(TO_ALICE, "cccc", "481 The session is over"));
    assert_eq!(house.hang_up().from[0].messages, 0, "it did not arrive whole");
}

#[test]
fn l11_another_description_brings_a_peer_back() {
    let (mut house, alice, bob) = House::with_both();
    house.drops(alice);
    let (ours, theirs) = ("msrp://192.0.2.1:2855/another-name-a;tcp", "msrp://192.0.2.77:7778/anew;tcp");

    house.aim(Side::Caller, ours, Some((theirs, Reach::Comes)));
    house.aim(Side::Callee, FOR_BOB, Some((BOB, Reach::Comes)));

    let again = house.accept();
    house.say(again, &message((ours, theirs), "cccc", "", "back", '$'));
    assert_eq!(house.hears(bob), message(TO_BOB, "cccc", "", "back", '$'));
    let old = house.accept();
    house.say(old, &message(OF_ALICE, "dddd", "", "old", '$'));
    assert!(house.hears(old).contains(" 481 "));
}

#[test]
fn l11_the_same_description_again_lets_a_peer_come_back_too() {
    let (mut house, alice, bob) = House::with_both();
    house.drops(alice);
    house.say(bob, &message(OF_BOB, "bbbb", "", "are you there?", '$'));
    assert_eq!(house.hears(bob), response(TO_BOB, "bbbb", "481 The other side has left"));

    house.aim(Side::Caller, FOR_ALICE, Some((ALICE, Reach::Comes)));
    house.aim(Side::Callee, FOR_BOB, Some((BOB, Reach::Comes)));

    let again = house.accept();
    house.say(again, &message(OF_ALICE, "cccc", "", "back", '$'));
    assert_eq!(house.hears(bob), message(TO_BOB, "cccc", "", "back", '$'));
}

#[test]
fn l11_the_same_description_changes_nothing_even_in_the_midst_of_a_message() {
    let (mut house, alice, bob) = House::with_both();
    let whole = message(OF_ALICE, "aaaa", "Byte-Range: 1-*/*\r\n", &"a".repeat(9000), '$');
    house.say(alice, &whole[..4000]);

    house.aim(Side::Caller, FOR_ALICE, Some((ALICE, Reach::Comes)));
    house.aim(Side::Callee, FOR_BOB, Some((BOB, Reach::Comes)));
    house.say(alice, &whole[4000..]);

    assert_eq!(house.hears(bob), message(TO_BOB, "aaaa", "Byte-Range: 1-*/*\r\n", &"a".repeat(9000), '$'));
}

#[test]
fn l11_a_call_that_ends_breaks_off_what_was_on_its_way_and_closes_both() {
    let (mut house, alice, bob) = House::with_both();
    let whole = message(OF_ALICE, "aaaa", "Byte-Range: 1-*/9000\r\n", &"a".repeat(9000), '$');
    house.say(alice, &whole[..4000]);

    let figures = house.hang_up();

    assert!(figures.from[0].bytes > 3_000 && figures.from[0].messages == 0);
    assert!(house.hears(bob).ends_with("\r\n-------aaaa#\r\n"));
    assert!(house.closed.contains(&alice) && house.closed.contains(&bob));
    assert_eq!(house.hub.held(), (0, 0));
}

#[test]
fn l11_who_sends_faster_than_the_other_takes_is_read_no_more_and_loses_nothing() {
    let (mut house, alice, bob) = House::with_both();
    let body = "b".repeat(1_000_000);
    let whole = message(OF_ALICE, "aaaa", "Byte-Range: 1-*/1000000\r\n", &body, '$');
    let mut rest = whole.as_bytes();
    while let said @ 1.. = house.offers(alice, rest) {
        rest = &rest[said..];
    }
    assert!(whole.len() - rest.len() <= BETWEEN_MAX, "{} of {}", rest.len(), whole.len());

    while !rest.is_empty() {
        assert!(house.takes(bob, 5_000) > 0);
        let said = house.offers(alice, rest);
        rest = &rest[said..];
        assert!(house.hub.unsent(bob).len() <= BETWEEN_MAX);
    }

    assert_eq!(house.hears(bob), message(TO_BOB, "aaaa", "Byte-Range: 1-*/1000000\r\n", &body, '$'));
}

#[test]
fn l11_who_takes_nothing_at_all_is_given_up() {
    let (mut house, alice, bob) = House::with_both();
    let whole = message(OF_ALICE, "aaaa", "Byte-Range: 1-*/*\r\n", &"b".repeat(200_000), '$');
    let mut rest = whole.as_bytes();
    while let said @ 1.. = house.offers(alice, rest) {
        rest = &rest[said..];
    }

    house.passes(62);

    assert_eq!(house.closed, [bob]);
    assert!(house.offers(alice, rest) > 0, "alice is read again");
}

#[test]
fn l11_answers_of_ours_wait_for_the_end_of_a_chunk() {
    let (mut house, alice, bob) = House::with_both();
    let whole = message(OF_ALICE, "aaaa", "Byte-Range: 1-*/9000\r\n", &"a".repeat(9000), '+');
    house.say(alice, &whole[..4000]);

    house.say(bob, &hello(FOR_BOB, BOB));
    house.say(alice, &whole[4000..]);

    let wanted = message(TO_BOB, "aaaa", "Byte-Range: 1-*/9000\r\n", &"a".repeat(9000), '+')
        + &response(TO_BOB, "hello", "200 OK");
    assert_eq!(house.hears(bob), wanted);
}

#[test]
fn l11_a_peer_may_have_both_sides_on_one_connection() {
    let mut house = House::new();
    house.aim(Side::Caller, FOR_ALICE, Some((ALICE, Reach::Comes)));
    house.aim(Side::Callee, FOR_BOB, Some((BOB, Reach::Comes)));
    let both = house.accept();
    house.say(both, &hello(FOR_ALICE, ALICE));
    house.say(both, &hello(FOR_BOB, BOB));
    house.hears(both);

    house.say(both, &message(OF_ALICE, "aaaa", "", "to myself", '$'));

    assert_eq!(house.hears(both), message(TO_BOB, "aaaa", "", "to myself", '$'));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever is sent, in whatever chunks and pieces, arrives byte for byte, in both directions at once.
    #[test]
    fn l11_files_arrive_byte_for_byte_however_they_are_cut(
        chunks in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..5_000), 1..8),
        pieces in proptest::collection::vec(1_usize..3_000, 1..20),
        takes in proptest::collection::vec(0_usize..4_000, 1..20),
    ) {
        prop_assume!(takes.iter().any(|most| *most > 0));
        let (mut house, alice, bob) = House::with_both();
        let wire = |(to, from): (&str, &str), sign: char| {
            let mut wire = Vec::new();
            for (at, body) in chunks.iter().enumerate() {
                let flag = if at + 1 == chunks.len() { '$' } else { '+' };
                let (id, lines) = (format!("{sign}id{at:05}"), "Byte-Range: 1-*/*\r\n");
                let text = message((to, from), &id, lines, "\u{1}", flag);
                let (head, end) = text.split_once('\u{1}').unwrap();
                wire.extend_from_slice(head.as_bytes());
                wire.extend_from_slice(body);
                wire.extend_from_slice(end.as_bytes());
            }
            wire
        };
        let (from_alice, from_bob) = (wire(OF_ALICE, 'a'), wire(OF_BOB, 'b'));
        let mut rests = [&from_alice[..], &from_bob[..]];

        for turn in 0.. {
            for (link, rest) in [alice, bob].into_iter().zip(&mut rests) {
                let piece = pieces[turn % pieces.len()].min(rest.len());
                let said = house.offers(link, &rest[..piece]);
                *rest = &rest[said..];
                house.takes(link, takes[turn % takes.len()]);
            }
            if rests.iter().all(|rest| rest.is_empty()) {
                break;
            }
        }
        while house.takes(alice, usize::MAX) + house.takes(bob, usize::MAX) > 0 {}
        let heard = [alice, bob].map(|link| house.heard.remove(&link).unwrap_or_default());

        prop_assert!(heard[1] == wire(TO_BOB, 'a'), "alice's file at bob's");
        prop_assert!(heard[0] == wire(TO_ALICE, 'b'), "bob's file at alice's");
        let figures = house.hang_up();
        let total: usize = chunks.iter().map(Vec::len).sum();
        prop_assert_eq!(figures.from.map(|count| (count.messages, count.bytes)), [(1, total as u64); 2]);
    }
}
