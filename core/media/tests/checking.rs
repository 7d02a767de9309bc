//! Peers that prove by checks where they are (RFC 8445): who is answered, who is heard, where media goes.
#![allow(clippy::unwrap_used, clippy::disallowed_methods)]

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use media::{
    Act, Aim, Checks, Door, Event, Order, Outbox, Packet, PortIndex, PortPair, Reason, Relay, Reports,
    Senders, Sending, SessionKey, Side, Turn, Verdict,
};
use rtp::{Fixed, Header};
use stun::{Check, Choice, Class, Message, Transaction};

const CALL: SessionKey = SessionKey { shard: 0, call: 1 };
/// What a page says of itself: nothing that could be sent to.
const NOWHERE: Option<&str> = None;
const PAGE: &str = "203.0.113.5:50000";
const OTHER_PATH: &str = "198.51.100.77:41000";
const TRUNK: &str = "198.51.100.9:6000";
const STRANGER: &str = "203.0.113.66:5555";
const PASSWORD: &str = "ours-is-twenty-two-or-more";
const TO_PAGE: PortIndex = PortIndex(0);
const TO_TRUNK: PortIndex = PortIndex(2);

#[test]
fn g2_a_check_is_answered_with_what_the_peer_looks_like_and_lets_it_be_heard() {
    let mut house = House::new();
    assert_eq!(house.media(TO_PAGE, PAGE), Err(Reason::Stranger), "before it has checked");

    let answer = house.check(PAGE, Choice::Nominated, 100);

    assert_eq!(answer, Some((TO_PAGE, PAGE.parse().unwrap())));
    assert_eq!(house.media(TO_PAGE, PAGE), Ok((TO_TRUNK, TRUNK.to_owned())));
    assert_eq!(house.media(TO_TRUNK, TRUNK), Ok((TO_PAGE, PAGE.to_owned())));
    assert_eq!(house.latched, [PAGE]);
}

/// Neither the place that signalling gave nor being first makes a sender of who has not checked.
#[test]
fn g2_only_checks_say_where_a_peer_is() {
    let mut house = House::new();
    house.aim(Some(PAGE), checks("ours:theirs"), Turn::Same);

    assert_eq!(house.media(TO_TRUNK, TRUNK), Err(Reason::Undeliverable), "nobody has consented");
    assert_eq!(house.media(TO_PAGE, PAGE), Err(Reason::Stranger));
    assert!(house.check(OTHER_PATH, Choice::Nominated, 1).is_some());
    assert_eq!(house.media(TO_PAGE, PAGE), Err(Reason::Stranger));
    assert_eq!(house.media(TO_TRUNK, TRUNK), Ok((TO_PAGE, OTHER_PATH.to_owned())));
}

#[test]
fn g2_who_does_not_know_the_password_is_not_answered_and_moves_nothing() {
    let mut house = House::new();
    house.check(PAGE, Choice::Nominated, 1).unwrap();

    for (username, password) in
        [("ours:theirs", "another"), ("ours:else", PASSWORD), ("theirs:ours", PASSWORD)]
    {
        let check = Check { username, priority: 9, tie_breaker: 1, choice: Choice::Nominated };
        assert_eq!(
            {
                let asked = house.written(&check, password);
                house.send(TO_PAGE, STRANGER, &asked)
            },
            Err(Reason::Unproven)
        );
    }
    assert_eq!(house.media(TO_TRUNK, TRUNK), Ok((TO_PAGE, PAGE.to_owned())));
    assert_eq!(house.latched, [PAGE]);
}

/// A pair that is only tried does until one is nominated; of nominated pairs the better one is taken.
#[test]
fn g2_the_pair_that_the_peer_nominates_is_taken() {
    let mut house = House::new();

    house.check(OTHER_PATH, Choice::Open, 500).unwrap();
    assert_eq!(house.media(TO_TRUNK, TRUNK), Ok((TO_PAGE, OTHER_PATH.to_owned())));
    house.check(PAGE, Choice::Nominated, 100).unwrap();
    assert_eq!(house.media(TO_TRUNK, TRUNK), Ok((TO_PAGE, PAGE.to_owned())));
    house.check(OTHER_PATH, Choice::Open, 500).unwrap();
    house.check(OTHER_PATH, Choice::Nominated, 50).unwrap();
    assert_eq!(house.media(TO_TRUNK, TRUNK), Ok((TO_PAGE, PAGE.to_owned())));
    house.check(OTHER_PATH, Choice::Nominated, 200).unwrap();
    assert_eq!(house.media(TO_TRUNK, TRUNK), Ok((TO_PAGE, OTHER_PATH.to_owned())));
}

/// A laptop that leaves its cable for the radio: the better pair is silent, and the other one goes on.
#[test]
fn g3_a_pair_that_is_not_renewed_is_left_for_one_that_is() {
    let mut house = House::new();
    house.check(PAGE, Choice::Nominated, 100).unwrap();
    house.now += Duration::from_secs(5);
    house.check(OTHER_PATH, Choice::Nominated, 50).unwrap();
    assert_eq!(house.media(TO_TRUNK, TRUNK), Ok((TO_PAGE, PAGE.to_owned())));

    house.now += Duration::from_secs(5);
    house.check(OTHER_PATH, Choice::Nominated, 50).unwrap();

    assert_eq!(house.media(TO_TRUNK, TRUNK), Ok((TO_PAGE, OTHER_PATH.to_owned())));
}

#[test]
fn g3_nothing_is_sent_any_more_to_where_nobody_has_consented_for_30_seconds() {
    let mut house = House::new();
    house.check(PAGE, Choice::Nominated, 100).unwrap();
    house.now += Duration::from_millis(29_999);
    assert_eq!(house.media(TO_TRUNK, TRUNK), Ok((TO_PAGE, PAGE.to_owned())));
    assert!(house.report(TO_TRUNK, TRUNK).is_ok());

    house.now += Duration::from_millis(1);

    assert_eq!(house.media(TO_TRUNK, TRUNK), Err(Reason::Gone));
    assert_eq!(house.report(TO_TRUNK, TRUNK), Err(Reason::Undeliverable));
    house.check(PAGE, Choice::Nominated, 100).unwrap();
    assert_eq!(house.media(TO_TRUNK, TRUNK), Ok((TO_PAGE, PAGE.to_owned())));
}

#[test]
fn g3_in_a_call_for_help_consent_is_not_waited_for() {
    let mut house = House::new();
    house.check(PAGE, Choice::Nominated, 100).unwrap();
    let insisted =
        Aim { sending: Sending::Insisted, reports: Reports::Muxed, ..aim(NOWHERE, checks("ours:theirs")) };
    house.order(Order::Aim { session: CALL, stream: 0, side: Side::Caller, aim: insisted });

    house.now += Duration::from_secs(600);

    assert_eq!(house.media(TO_TRUNK, TRUNK), Ok((TO_PAGE, PAGE.to_owned())));
    assert!(house.report(TO_TRUNK, TRUNK).is_ok());
}

/// Some agents check only until they have found a way; then they send media, or indications where they only
/// listen (RFC 8445, 11).
#[test]
fn g3_whatever_comes_from_there_shows_that_somebody_is_there() {
    let mut house = House::new();
    house.check(PAGE, Choice::Nominated, 100).unwrap();
    house.now += Duration::from_secs(20);
    house.media(TO_PAGE, PAGE).unwrap();
    house.now += Duration::from_secs(29);
    assert!(house.media(TO_TRUNK, TRUNK).is_ok());

    let indication = indication();
    assert_eq!(house.send(TO_PAGE, PAGE, &indication), Err(Reason::Kept));
    house.now += Duration::from_secs(29);
    assert!(house.media(TO_TRUNK, TRUNK).is_ok());
    assert_eq!(house.send(TO_PAGE, STRANGER, &indication), Err(Reason::Malformed));
    house.now += Duration::from_secs(1);
    assert_eq!(house.media(TO_TRUNK, TRUNK), Err(Reason::Gone));
}

#[test]
fn g3_a_check_that_was_heard_before_and_one_for_another_way_renew_nothing() {
    let mut house = House::new();
    let check = Check { username: "ours:theirs", priority: 9, tie_breaker: 1, choice: Choice::Nominated };
    let asked = house.written(&check, PASSWORD);
    house.send(TO_PAGE, PAGE, &asked).unwrap();
    house.now += Duration::from_secs(7);
    house.check(OTHER_PATH, Choice::Open, 1).unwrap();
    house.now += Duration::from_secs(22);
    house.send(TO_PAGE, PAGE, &asked).unwrap();

    house.now += Duration::from_secs(1);

    assert_eq!(house.media(TO_TRUNK, TRUNK), Err(Reason::Gone));
}

/// A re-INVITE that changes nothing about checks does not ask for new ones; a restart does, and media goes on
/// meanwhile (RFC 8445, 2.4).
#[test]
fn g2_a_restart_keeps_the_old_way_until_there_is_a_new_one() {
    let mut house = House::new();
    house.check(PAGE, Choice::Nominated, 100).unwrap();

    house.aim(NOWHERE, checks("ours:theirs"), Turn::Same);
    assert_eq!(house.media(TO_PAGE, PAGE), Ok((TO_TRUNK, TRUNK.to_owned())));
    house.aim(NOWHERE, checks("newer:newest"), Turn::Same);
    assert_eq!(house.media(TO_TRUNK, TRUNK), Ok((TO_PAGE, PAGE.to_owned())));
    assert_eq!(house.check(PAGE, Choice::Nominated, 100), None, "by the terms of before");

    let check = Check { username: "newer:newest", priority: 1, tie_breaker: 1, choice: Choice::Nominated };
    {
        let asked = house.written(&check, PASSWORD);
        house.send(TO_PAGE, OTHER_PATH, &asked)
    }
    .unwrap();

    assert_eq!(house.media(TO_TRUNK, TRUNK), Ok((TO_PAGE, OTHER_PATH.to_owned())));
    assert_eq!(house.media(TO_PAGE, PAGE), Err(Reason::Stranger));
}

/// Whoever saw a check on its way and sends it again, however often, is neither believed nor keeps the place.
#[test]
fn g1_a_check_that_came_before_speaks_for_nobody() {
    let mut house = House::new();
    let check = Check { username: "ours:theirs", priority: 9, tie_breaker: 1, choice: Choice::Nominated };
    let seen = house.written(&check, PASSWORD);
    house.send(TO_PAGE, PAGE, &seen).unwrap();

    for _ in 0..4 {
        house.now += Duration::from_secs(5);
        let (_, to, _) = house.send(TO_PAGE, STRANGER, &seen).unwrap();
        assert_eq!(to, STRANGER.parse().unwrap(), "it is answered, and nothing follows");
        assert_eq!(house.media(TO_TRUNK, TRUNK), Ok((TO_PAGE, PAGE.to_owned())));
    }
    house.check(OTHER_PATH, Choice::Nominated, 1).unwrap();
    assert_eq!(house.media(TO_TRUNK, TRUNK), Ok((TO_PAGE, OTHER_PATH.to_owned())));
}

/// Who is lite is always controlled: a peer that would be so too is told (RFC 8445, 7.3.1.1).
#[test]
fn g2_a_peer_that_leaves_the_choice_to_us_is_refused() {
    let mut house = House::new();
    let check = Check { username: "ours:theirs", priority: 1, tie_breaker: 1, choice: Choice::Open };
    let mut asked = house.written(&check, PASSWORD);
    // ICE-CONTROLLING becomes ICE-CONTROLLED; the proof is written anew by its password.
    asked = resealed(asked, [0x80, 0x2a], [0x80, 0x29]);

    let (_, _, answer) = house.send(TO_PAGE, PAGE, &asked).unwrap();

    let answer = Message::parse(&answer).unwrap();
    assert_eq!((answer.class, answer.is_proven(PASSWORD)), (Class::Refusal, true));
    assert_eq!(house.media(TO_TRUNK, TRUNK), Err(Reason::Undeliverable), "nothing was proven");
}

/// To the far end behind us a check would tell of somebody else: it ends here, expected or not (RFC 7584).
#[test]
fn g4_checks_do_not_cross() {
    let mut house = House::new();
    house.check(PAGE, Choice::Nominated, 1).unwrap();
    house.media(TO_TRUNK, TRUNK).unwrap();
    let check = Check { username: "x:y", priority: 1, tie_breaker: 1, choice: Choice::Open };

    assert_eq!(
        {
            let asked = house.written(&check, "any");
            house.send(TO_TRUNK, TRUNK, &asked)
        },
        Err(Reason::Malformed)
    );
}

struct House {
    relay: Relay,
    now: Instant,
    latched: Vec<String>,
    checks: u8,
}

impl House {
    /// A page whose checks are expected, and a trunk as ever.
    fn new() -> House {
        let mut house = House { relay: Relay::new(), now: Instant::now(), latched: Vec::new(), checks: 0 };
        let pair = |port| PortPair { address: [127, 0, 0, 1].into(), port };
        let ports = [pair(30000), pair(30002)];
        house.order(Order::Open { session: CALL, stream: 0, ports });
        house.aim(NOWHERE, checks("ours:theirs"), Turn::Same);
        house.order(Order::Aim { session: CALL, stream: 0, side: Side::Callee, aim: aim(Some(TRUNK), None) });
        house
    }

    fn aim(&mut self, rtp: Option<&str>, door: Option<Arc<Door>>, turn: Turn) {
        let aim = Aim { turn, reports: Reports::Muxed, ..aim(rtp, door) };
        self.order(Order::Aim { session: CALL, stream: 0, side: Side::Caller, aim });
    }

    fn order(&mut self, order: Order) {
        self.relay.order(self.now, order, &mut Outbox::new());
    }

    /// Where the answer of a check by the first terms goes, if there is one; it says where the check came
    /// from.
    fn check(&mut self, from: &str, choice: Choice, priority: u32) -> Option<(PortIndex, SocketAddr)> {
        let check = Check { username: "ours:theirs", priority, tie_breaker: 1, choice };
        let asked = self.written(&check, PASSWORD);
        let (port, to, answer) = self.send(TO_PAGE, from, &asked).ok()?;
        let answer = Message::parse(&answer).unwrap();
        let asked = Message::parse(&asked).unwrap();
        assert_eq!((answer.class, answer.transaction), (Class::Answer, asked.transaction));
        assert!(answer.is_proven(PASSWORD));
        assert_eq!(answer.seen(), Some(from.parse().unwrap()));
        Some((port, to))
    }

    /// A check that is none of those before.
    fn written(&mut self, check: &Check<'_>, password: &str) -> Vec<u8> {
        self.checks += 1;
        let mut buffer = [0; 256];
        let length = check.write(Transaction([self.checks; 12]), password, &mut buffer).unwrap();
        buffer[..length].to_vec()
    }

    fn media(&mut self, port: PortIndex, from: &str) -> Result<(PortIndex, String), Reason> {
        let fixed = Fixed { marker: false, payload_type: 0, sequence: 1, timestamp: 160, ssrc: 7 };
        let mut packet = Vec::new();
        Header { payload: &[0xd5; 160], ..Header::from(fixed) }.write(&mut packet);
        self.send(port, from, &packet).map(|(port, to, _)| (port, to.to_string()))
    }

    fn report(&mut self, port: PortIndex, from: &str) -> Result<PortIndex, Reason> {
        let mut report = Vec::new();
        rtp::rtcp::write_report(1, None, &[], &mut report);
        self.send(port, from, &report).map(|(port, _, _)| port)
    }

    fn send(
        &mut self,
        port: PortIndex,
        from: &str,
        bytes: &[u8],
    ) -> Result<(PortIndex, SocketAddr, Vec<u8>), Reason> {
        let mut buffer = [0; 2048];
        buffer[..bytes.len()].copy_from_slice(bytes);
        let mut packet = Packet::new(&mut buffer, bytes.len());
        let mut acts = Outbox::new();
        let verdict = self.relay.receive(self.now, port, from.parse().unwrap(), &mut packet, &mut acts);
        for act in acts {
            if let Act::Tell(Event::Latched { side: Side::Caller, from, .. }) = act {
                self.latched.push(from.to_string());
            }
        }
        match verdict {
            Verdict::Forward { port, to } => Ok((port, to, packet.bytes().to_vec())),
            Verdict::Drop(reason) => Err(reason),
            Verdict::TakeBack => unreachable!("nobody carries streams here"),
        }
    }
}

fn aim(rtp: Option<&str>, door: Option<Arc<Door>>) -> Aim {
    Aim {
        rtp: rtp.map(|rtp| rtp.parse().unwrap()),
        reports: Reports::Apart(None),
        sending: Sending::Allowed,
        senders: Senders::Anywhere,
        turn: Turn::Same,
        clock: 8000,
        protection: None,
        door,
    }
}

fn checks(username: &str) -> Option<Arc<Door>> {
    let checks = Checks { username: username.into(), password: PASSWORD.into(), search: None };
    Some(Arc::new(Door { checks: Some(checks), handshake: None }))
}

/// A Binding indication without attributes.
fn indication() -> Vec<u8> {
    [&[0, 0x11, 0, 0, 0x21, 0x12, 0xa4, 0x42][..], &[9; 12]].concat()
}

/// The same message with another attribute type, its proof made anew and its fingerprint left out.
fn resealed(mut message: Vec<u8>, from: [u8; 2], to: [u8; 2]) -> Vec<u8> {
    use hmac::{Hmac, KeyInit, Mac};

    let at = message.windows(2).position(|two| two == from).unwrap();
    message[at..at + 2].copy_from_slice(&to);
    message.truncate(message.len() - 8);
    let length = u16::try_from(message.len() - 20).unwrap();
    message[2..4].copy_from_slice(&length.to_be_bytes());
    let end = message.len() - 24;
    let mut mac = Hmac::<sha1::Sha1>::new_from_slice(PASSWORD.as_bytes()).unwrap();
    mac.update(&message[..end]);
    message[end + 4..].copy_from_slice(&mac.finalize().into_bytes());
    message
}
