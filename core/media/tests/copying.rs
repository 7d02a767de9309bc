//! What both sides say goes to somebody else too, who only listens.
#![allow(clippy::unwrap_used, clippy::disallowed_methods)]

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use media::{
    Act, Aim, Copying, Order, Outbox, Packet, PortIndex, PortPair, Protection, Reason, Relay, Reports,
    Senders, Sending, SessionKey, Side, Turn, Types, Verdict,
};
use rtp::srtp::{MasterKey, Opener, Sealer, Suite};

const CALL: SessionKey = SessionKey { shard: 0, call: 1 };
const COPIES: SessionKey = SessionKey { shard: 0, call: 2 };
const PLACES: [&str; 2] = ["192.0.2.1:4000", "198.51.100.9:6000"];
const OTHER_COPIES: SessionKey = SessionKey { shard: 0, call: 3 };
/// Where another recorder listens.
const OTHER_EARS: [&str; 2] = ["203.0.113.78:7000", "203.0.113.78:7002"];
/// Where the recorder listens to each side.
const EARS: [&str; 2] = ["203.0.113.77:7000", "203.0.113.77:7002"];
const SIDES: [Side; 2] = [Side::Caller, Side::Callee];
/// Of a stream, and of its copies.
const PORTS: [PortIndex; 2] = [PortIndex(0), PortIndex(2)];
const COPY_PORTS: [PortIndex; 2] = [PortIndex(4), PortIndex(6)];

struct House {
    relay: Relay,
    now: Instant,
    out: Outbox,
    number: u16,
}

fn place(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

fn key(byte: u8) -> MasterKey {
    MasterKey::new(Suite::AesCm128HmacSha1_80, &[byte; 30]).unwrap()
}

fn aim(at: &str, sending: Sending, key: Option<&MasterKey>) -> Aim {
    Aim {
        rtp: Some(place(at)),
        reports: Reports::Apart(Some(SocketAddr::new(place(at).ip(), place(at).port() + 1))),
        sending,
        senders: Senders::Signalled,
        turn: Turn::Same,
        clock: 8_000,
        protection: key.map(|key| Arc::new(Protection { theirs: key.clone(), ours: key.clone() })),
        door: None,
    }
}

impl House {
    /// A call, and a stream for its copies; each sealed with a key, where there is one.
    fn new(of_call: Option<&MasterKey>, of_copies: Option<&MasterKey>) -> House {
        let mut house =
            House { relay: Relay::with_carrier(), now: Instant::now(), out: Outbox::new(), number: 7 };
        house.open(CALL, 30_000, (PLACES, of_call));
        house.open(COPIES, 30_010, (EARS, of_copies));
        house
    }

    fn open(&mut self, session: SessionKey, port: u16, (places, key): ([&str; 2], Option<&MasterKey>)) {
        let pair = |port| PortPair { address: "203.0.113.5".parse().unwrap(), port };
        self.order(Order::Open { session, stream: 0, ports: [pair(port), pair(port + 2)] });
        for (side, at) in SIDES.into_iter().zip(places) {
            let sending = if session == COPIES { Sending::Insisted } else { Sending::Allowed };
            let aim = aim(at, sending, key);
            self.order(Order::Aim { session, stream: 0, side, aim });
        }
    }

    fn order(&mut self, order: Order) {
        self.relay.order(self.now, order, &mut self.out);
    }

    fn copies(&mut self, types: [&[(u8, u8)]; 2]) {
        self.copies_to(COPIES, types);
    }

    fn copies_to(&mut self, session: SessionKey, types: [&[(u8, u8)]; 2]) {
        let types: [Types; 2] = types.map(Arc::from);
        let copying = Copying { session, stream: 0, types };
        self.order(Order::Copy { session: CALL, stream: 0, copying: Some(Box::new(copying)) });
    }

    fn hears(&mut self, port: PortIndex, from: &str, bytes: &[u8]) -> Verdict {
        let mut room = [0; 2048];
        room[..bytes.len()].copy_from_slice(bytes);
        self.now += Duration::from_millis(20);
        let mut packet = Packet::new(&mut room, bytes.len());
        self.relay.receive(self.now, port, place(from), &mut packet, &mut self.out)
    }

    fn left(&mut self) -> Vec<(PortIndex, SocketAddr, Vec<u8>)> {
        let mut left = Vec::new();
        while let Some((port, to, packet)) = self.relay.next_copy() {
            left.push((port, to, packet.to_vec()));
        }
        left
    }

    /// A packet of sound.
    fn said(&mut self, kind: u8, byte: u8) -> Vec<u8> {
        self.number += 1;
        let [high, low] = self.number.to_be_bytes();
        let mut packet = vec![0x80, kind, high, low, 0, 0, 0, low, 0xca, 0xfe, 0, byte];
        packet.resize(172, byte);
        packet
    }
}

#[test]
fn p4_each_side_is_copied_to_its_own_port_of_the_recorder_and_heard_as_before() {
    let mut house = House::new(None, None);
    house.copies([&[(0, 0)], &[(8, 96)]]);
    let (one, mut other) = (house.said(0, 1), house.said(8, 2));

    let went = [house.hears(PORTS[0], PLACES[0], &one), house.hears(PORTS[1], PLACES[1], &other)];
    let left = house.left();

    let crossed = [(PORTS[1], place(PLACES[1])), (PORTS[0], place(PLACES[0]))];
    assert_eq!(went, crossed.map(|(port, to)| Verdict::Forward { port, to }));
    other[1] = 96;
    let wanted = [(COPY_PORTS[0], place(EARS[0]), one), (COPY_PORTS[1], place(EARS[1]), other)];
    assert_eq!(left, wanted);
    assert_eq!(house.left(), []);
}

#[test]
fn p4_what_the_recorder_does_not_take_is_not_copied() {
    let mut house = House::new(None, None);
    house.copies([&[(0, 0)], &[]]);
    let (keys, other) = (house.said(101, 1), house.said(8, 2));

    house.hears(PORTS[0], PLACES[0], &keys);
    house.hears(PORTS[1], PLACES[1], &other);
    let stranger = house.said(0, 9);
    house.hears(PORTS[0], "192.0.2.66:666", &stranger);

    assert_eq!(house.left(), []);
}

#[test]
fn p4_copies_of_a_sealed_call_are_sealed_with_the_recorder_s_own_key() {
    let (of_call, of_copies) = (key(1), key(2));
    let mut house = House::new(Some(&of_call), Some(&of_copies));
    house.copies([&[(0, 0)], &[(0, 0)]]);
    let said = house.said(0, 5);
    let mut sealed = said.clone();
    sealed.resize(said.len() + 64, 0);
    let length = Sealer::new(&of_call).seal_rtp(&mut sealed, said.len()).unwrap();

    house.hears(PORTS[0], PLACES[0], &sealed[..length]);

    let left = house.left();
    let (port, to, mut packet) = left.into_iter().next().unwrap();
    assert_eq!((port, to), (COPY_PORTS[0], place(EARS[0])));
    assert_ne!(packet, said);
    let length = Opener::new(&of_copies).open_rtp(&mut packet).unwrap();
    assert_eq!(packet[..length], said);
}

/// Two recorders at a time: each hears at its own ports, by its own numbers and its own key; one that is told
/// of other numbers hears nothing twice, and one that leaves takes nothing from the other.
#[test]
fn p4_two_recorders_hear_each_for_itself() {
    let of_other = key(3);
    let mut house = House::new(None, None);
    house.open(OTHER_COPIES, 30_020, (OTHER_EARS, Some(&of_other)));
    house.copies([&[(0, 0)], &[(8, 8)]]);
    house.copies_to(OTHER_COPIES, [&[(0, 96)], &[]]);
    house.copies_to(OTHER_COPIES, [&[(0, 97)], &[]]);
    let (one, other) = (house.said(0, 1), house.said(8, 2));

    house.hears(PORTS[0], PLACES[0], &one);
    let mut left = house.left();
    house.hears(PORTS[1], PLACES[1], &other);
    let behind = house.left();

    let (port, to, mut sealed) = left.pop().unwrap();
    assert_eq!((port, to), (PortIndex(8), place(OTHER_EARS[0])));
    let length = Opener::new(&of_other).open_rtp(&mut sealed).unwrap();
    let renamed: Vec<u8> = [&one[..1], &[97], &one[2..]].concat();
    assert_eq!(sealed[..length], renamed);
    assert_eq!(left, [(COPY_PORTS[0], place(EARS[0]), one)]);
    assert_eq!(behind, [(COPY_PORTS[1], place(EARS[1]), other)]);

    house.order(Order::Close { session: COPIES });
    let said = house.said(0, 1);
    house.hears(PORTS[0], PLACES[0], &said);
    let left: Vec<SocketAddr> = house.left().into_iter().map(|(_, to, _)| to).collect();
    assert_eq!(left, [place(OTHER_EARS[0])]);
}

#[test]
fn p4_nothing_goes_to_a_recorder_that_is_to_hear_nothing_now() {
    let mut house = House::new(None, None);
    house.copies([&[(0, 0)], &[(0, 0)]]);
    for (sending, copies) in [(Sending::Held, 0), (Sending::Insisted, 1)] {
        let aim = aim(EARS[0], sending, None);
        house.order(Order::Aim { session: COPIES, stream: 0, side: Side::Caller, aim });
        let said = house.said(0, 1);
        house.hears(PORTS[0], PLACES[0], &said);

        assert_eq!(house.left().len(), copies);
    }
}

/// The ports that copies left from belong to another call now: it hears nothing of this one.
#[test]
fn p4_copies_go_to_nobody_who_came_after_the_recorder() {
    let mut house = House::new(None, None);
    house.copies([&[(0, 0)], &[(0, 0)]]);
    house.order(Order::Close { session: COPIES });
    let said = house.said(0, 1);
    house.hears(PORTS[0], PLACES[0], &said);
    assert_eq!(house.left(), []);

    house.open(SessionKey { shard: 0, call: 3 }, 30_020, (EARS, None));
    let said = house.said(0, 1);
    house.hears(PORTS[0], PLACES[0], &said);
    assert_eq!(house.left(), []);

    house.open(COPIES, 30_030, (EARS, None));
    let said = house.said(0, 1);
    house.hears(PORTS[0], PLACES[0], &said);
    assert_eq!(house.left(), [], "nobody has said of it that it only listens");
}

#[test]
fn p4_a_recorder_is_told_how_media_goes_and_says_nothing_to_the_call() {
    let mut house = House::new(None, None);
    house.copies([&[(0, 0)], &[(0, 0)]]);
    let mut report = vec![0x80, 200, 0, 6, 0xca, 0xfe, 0, 1];
    report.resize(28, 3);

    house.hears(PortIndex(1), "192.0.2.1:4001", &report);
    let left = house.left();
    let heard = house.hears(PortIndex(COPY_PORTS[0].0 + 1), "203.0.113.77:7001", &report);
    let said = house.said(0, 1);
    let spoken = house.hears(COPY_PORTS[0], EARS[0], &said);

    assert_eq!(left, [(PortIndex(COPY_PORTS[0].0 + 1), place("203.0.113.77:7001"), report)]);
    assert_eq!(heard, Verdict::Drop(Reason::Kept));
    assert_eq!(spoken, Verdict::Drop(Reason::Kept));
    assert_eq!(house.left(), []);
}

#[test]
fn p4_a_call_that_is_copied_stays_in_the_relay() {
    let mut house = House::new(None, None);
    for is_copied in [false, true] {
        if is_copied {
            house.copies([&[(0, 0)], &[(0, 0)]]);
        }
        for _ in 0..200 {
            let said = house.said(0, 1);
            house.hears(PORTS[0], PLACES[0], &said);
            house.left();
        }

        let may_be_carried =
            house.out.iter().any(|act| matches!(act, Act::Carry { port } if *port == PORTS[0]));
        assert!(may_be_carried, "it is steady");
        assert_eq!(house.relay.carriage(PORTS[0]).is_some(), !is_copied);
    }
}
