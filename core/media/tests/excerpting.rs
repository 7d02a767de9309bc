//! Packets of both sides are kept where somebody asks for them, as they crossed.
#![allow(clippy::unwrap_used, clippy::disallowed_methods)]

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use media::{
    Act, Aim, Cover, Event, Excerpted, Excerpting, Opaque, Order, Outbox, Packet, PortIndex, PortPair,
    Protection, Reason, Relay, Reports, Senders, Sending, SessionKey, Side, Turn, Verdict, Way, Wholes,
};
use rtp::srtp::{MasterKey, Opener, Sealer, Suite};

const CALL: SessionKey = SessionKey { shard: 0, call: 1 };
const OURS: &str = "203.0.113.5";
const PLACES: [&str; 2] = ["192.0.2.1:4000", "198.51.100.9:6000"];
const SIDES: [Side; 2] = [Side::Caller, Side::Callee];
const PORTS: [PortIndex; 2] = [PortIndex(0), PortIndex(2)];
const KEYS: u8 = 101;

struct House {
    relay: Relay,
    began: Instant,
    now: Instant,
    out: Outbox,
    number: u16,
}

fn place(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

fn ours(port: u16) -> SocketAddr {
    place(&format!("{OURS}:{port}"))
}

fn key(byte: u8) -> MasterKey {
    MasterKey::new(Suite::AesCm128HmacSha1_80, &[byte; 30]).unwrap()
}

fn aim(at: &str, reports: Reports, key: Option<&MasterKey>) -> Aim {
    Aim {
        rtp: Some(place(at)),
        reports,
        sending: Sending::Allowed,
        senders: Senders::Signalled,
        turn: Turn::Same,
        clock: 8_000,
        protection: key.map(|key| Arc::new(Protection { theirs: key.clone(), ours: key.clone() })),
        door: None,
    }
}

fn apart(at: &str) -> Reports {
    Reports::Apart(Some(SocketAddr::new(place(at).ip(), place(at).port() + 1)))
}

impl House {
    /// A call, each of whose sides is sealed with its key, where it has one.
    fn new(keys: [Option<&MasterKey>; 2]) -> House {
        let now = Instant::now();
        let relay = Relay::with_carrier();
        let mut house = House { relay, began: now, now, out: Outbox::new(), number: 7 };
        house.open(0, 30_000, keys);
        house
    }

    fn open(&mut self, stream: u8, port: u16, keys: [Option<&MasterKey>; 2]) {
        let pair = |port| PortPair { address: OURS.parse().unwrap(), port };
        self.order(Order::Open { session: CALL, stream, ports: [pair(port), pair(port + 2)] });
        for ((side, at), key) in SIDES.into_iter().zip(PLACES).zip(keys) {
            let aim = aim(at, apart(at), key);
            self.order(Order::Aim { session: CALL, stream, side, aim });
        }
    }

    fn order(&mut self, order: Order) {
        self.relay.order(self.now, order, &mut self.out);
    }

    /// Sound of PCMU is kept whole.
    fn keeps_sound(&mut self) {
        self.keeps(Wholes { types: 1, opaque: Opaque::Cut });
    }

    fn keeps_headers(&mut self) {
        self.keeps(Wholes::default());
    }

    fn keeps(&mut self, whole: Wholes) {
        let terms = Excerpting {
            name: "day/call.pcapng".into(),
            until: self.began + Duration::from_secs(60),
            bytes_max: 1_000_000,
            whole: Arc::new([[whole; 2]; 2]),
        };
        self.order(Order::Excerpt { session: CALL, excerpting: Some(Box::new(terms)) });
    }

    fn hears(&mut self, port: PortIndex, from: SocketAddr, bytes: &[u8]) -> (Verdict, Vec<u8>) {
        let mut room = [0; 2048];
        room[..bytes.len()].copy_from_slice(bytes);
        self.now += Duration::from_millis(1);
        let mut packet = Packet::new(&mut room, bytes.len());
        let verdict = self.relay.receive(self.now, port, from, &mut packet, &mut self.out);
        (verdict, packet.bytes().to_vec())
    }

    fn says(&mut self, side: Side, bytes: &[u8]) -> (Verdict, Vec<u8>) {
        self.hears(PORTS[side as usize], place(PLACES[side as usize]), bytes)
    }

    /// What was kept until now.
    fn kept(&mut self) -> Vec<Excerpted> {
        let told = std::mem::take(&mut self.out).into_iter();
        let kept = told.filter_map(|act| match act {
            Act::Tell(Event::Excerpted(excerpted)) => Some(*excerpted),
            _ => None,
        });
        kept.collect()
    }

    /// All that is left when the call ends.
    fn ends(&mut self) -> Excerpted {
        self.order(Order::Close { session: CALL });
        let mut kept = self.kept();
        assert!(kept.len() == 1 && kept[0].is_last, "{kept:?}");
        kept.remove(0)
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

fn sealed(key: &MasterKey, said: &[u8]) -> Vec<u8> {
    let mut room = said.to_vec();
    room.resize(said.len() + 64, 0);
    let length = Sealer::new(key).seal_rtp(&mut room, said.len()).unwrap();
    room.truncate(length);
    room
}

fn report() -> Vec<u8> {
    let mut report = vec![0x80, 201, 0, 1, 0, 0, 0, 9];
    report.extend([0x81, 202, 0, 3, 0, 0, 0, 9, 1, 2, b'm', b'e', 0, 0, 0, 0]);
    report
}

#[test]
fn each_side_is_kept_both_ways_by_the_ports_that_packets_crossed() {
    let mut house = House::new([None, None]);
    house.keeps_sound();
    let (one, other) = (house.said(0, 1), house.said(0, 2));
    house.says(Side::Caller, &one);
    house.says(Side::Callee, &other);

    let kept = house.ends();

    let all: Vec<_> = kept.packets().map(|one| (one.side, one.way, one.from, one.to, one.bytes)).collect();
    let [caller, callee] = PLACES.map(place);
    let wanted = [
        (Side::Caller, Way::In, caller, ours(30_000), &one[..]),
        (Side::Callee, Way::Out, ours(30_002), callee, &one[..]),
        (Side::Callee, Way::In, callee, ours(30_002), &other[..]),
        (Side::Caller, Way::Out, ours(30_000), caller, &other[..]),
    ];
    assert_eq!(all, wanted);
    assert!(kept.packets().all(|one| one.cover == Cover::Clear && one.lost.is_none()));
}

/// A side goes over to another interface: what was kept before crossed by its old ports, what comes after by
/// its new ones.
#[test]
fn b8_what_is_kept_of_a_side_that_goes_over_says_by_which_ports_it_crossed() {
    let mut house = House::new([None, None]);
    house.keeps_sound();
    let (one, other) = (house.said(0, 1), house.said(0, 2));
    house.says(Side::Callee, &one);
    let ports = PortPair { address: "10.0.0.5".parse().unwrap(), port: 31_000 };

    house.order(Order::Move { session: CALL, stream: 0, side: Side::Caller, ports });
    let before = house.kept();
    house.says(Side::Callee, &other);
    let after = house.ends();

    let left_from =
        |kept: &Excerpted| kept.packets().filter(|one| one.way == Way::Out).map(|one| one.from).next();
    assert!(before.len() == 1 && !before[0].is_last);
    assert_eq!([left_from(&before[0]), left_from(&after)], [Some(ours(30_000)), Some(ports.rtp())]);
}

#[test]
fn what_is_sealed_on_its_way_is_kept_as_it_was_said() {
    let (of_caller, of_callee) = (key(1), key(2));
    let mut house = House::new([Some(&of_caller), Some(&of_callee)]);
    house.keeps_sound();
    let said = house.said(0, 5);

    let (_, left) = house.says(Side::Caller, &sealed(&of_caller, &said));
    let kept = house.ends();

    let all: Vec<_> = kept.packets().map(|one| (one.way, one.cover, one.bytes)).collect();
    assert_eq!(all, [(Way::In, Cover::Sealed, &said[..]), (Way::Out, Cover::Sealed, &said[..])]);
    assert!(left.len() > said.len() && left[12..172] != said[12..], "it left sealed");
}

/// Who begins to count anew towards a sealed side is given other numbers: those are what the file has.
#[test]
fn numbers_are_those_that_the_wire_has() {
    let of_callee = key(2);
    let mut house = House::new([None, Some(&of_callee)]);
    for _ in 0..300 {
        let said = house.said(0, 1);
        house.says(Side::Caller, &said);
    }
    house.keeps_sound();
    house.number = 7;
    let mut left = Vec::new();
    for _ in 0..3 {
        let said = house.said(0, 1);
        if let (Verdict::Forward { .. }, packet) = house.says(Side::Caller, &said) {
            left.push(packet);
        }
    }
    let kept = house.ends();

    assert!(!left.is_empty());
    let mut opener = Opener::new(&of_callee);
    let opened: Vec<Vec<u8>> = left
        .into_iter()
        .map(|mut packet| {
            let length = opener.open_rtp(&mut packet).unwrap();
            packet[..length].to_vec()
        })
        .collect();
    let out: Vec<_> = kept.packets().filter(|one| one.way == Way::Out).collect();
    assert_eq!(out.iter().map(|one| one.bytes.to_vec()).collect::<Vec<_>>(), opened);
    assert!(out.iter().all(|one| one.bytes[2..4] != 8_u16.to_be_bytes()), "another number than was said");
    assert!(out.iter().all(|one| one.sum == sum_of(one.bytes)));
}

fn sum_of(bytes: &[u8]) -> u16 {
    let sum = bytes.chunks(2).fold(0_u32, |sum, pair| {
        sum + u32::from(u16::from_be_bytes([pair[0], pair.get(1).copied().unwrap_or_default()]))
    });
    let sum = (sum & 0xffff) + (sum >> 16);
    ((sum & 0xffff) + (sum >> 16)) as u16
}

#[test]
fn of_headers_alone_nothing_of_what_was_said_is_kept() {
    let mut house = House::new([None, None]);
    house.keeps_headers();
    let said = house.said(0, 0x5e);
    house.says(Side::Caller, &said);

    let kept = house.ends();

    for one in kept.packets() {
        assert_eq!((one.bytes, one.length, one.sum), (&said[..12], 172, sum_of(&said)));
    }
    assert_eq!(kept.packets().count(), 2);
}

#[test]
fn keys_that_are_pressed_are_not_kept_whatever_else_is() {
    let mut house = House::new([None, None]);
    house.keeps_sound();
    let mut press = house.said(KEYS, 0);
    press.truncate(12);
    press.extend([4, 0x0a, 0, 160]);
    house.says(Side::Caller, &press);

    let kept = house.ends();

    assert!(kept.packets().all(|one| one.bytes == &press[..12] && one.length == 16));
    assert_eq!(kept.packets().count(), 2);
}

#[test]
fn what_goes_nowhere_is_kept_with_the_reason_and_no_more_of_it_than_its_header() {
    let of_caller = key(1);
    let mut house = House::new([Some(&of_caller), None]);
    house.keeps_sound();
    let said = house.said(0, 3);
    house.says(Side::Caller, &said);
    let of_another = sealed(&key(9), &said);
    house.says(Side::Caller, &of_another);
    house.hears(PORTS[1], place("192.0.2.66:666"), &said);
    let held = Aim { sending: Sending::Held, ..aim(PLACES[1], apart(PLACES[1]), None) };
    house.order(Order::Aim { session: CALL, stream: 0, side: Side::Callee, aim: held });
    house.says(Side::Caller, &sealed(&of_caller, &said));

    let kept = house.ends();

    let all: Vec<_> = kept.packets().map(|one| (one.from, one.lost, one.bytes.len())).collect();
    let caller = place(PLACES[0]);
    let wanted = [
        (caller, Some(Reason::Unproven), 12),
        (caller, Some(Reason::Unproven), 12),
        (place("192.0.2.66:666"), Some(Reason::Stranger), 12),
        (caller, Some(Reason::Undeliverable), 172),
    ];
    assert_eq!(all, wanted);
}

#[test]
fn reports_are_kept_whole_by_the_port_that_they_crossed() {
    let mut house = House::new([None, None]);
    let muxed = aim(PLACES[1], Reports::Muxed, None);
    house.order(Order::Aim { session: CALL, stream: 0, side: Side::Callee, aim: muxed });
    house.keeps_headers();
    let said = report();

    house.hears(PortIndex(1), place("192.0.2.1:4001"), &said);
    house.hears(PORTS[1], place(PLACES[1]), &said);
    let kept = house.ends();

    let all: Vec<_> = kept.packets().map(|one| (one.from.port(), one.to.port(), one.bytes)).collect();
    let wanted = [(4_001, 30_001), (30_002, 6_000), (6_000, 30_002), (30_001, 4_001)];
    assert_eq!(all, wanted.map(|(from, to)| (from, to, &said[..])));
}

#[test]
fn packets_leave_in_a_moment_and_the_last_when_the_time_is_over() {
    let mut house = House::new([None, None]);
    house.keeps_sound();
    let said = house.said(0, 1);
    house.says(Side::Caller, &said);
    let moment = house.relay.next_moment().unwrap();
    assert!(moment <= house.began + Duration::from_millis(400));

    house.relay.wake(moment, &mut house.out);
    let gathered = house.kept();
    house.relay.wake(house.began + Duration::from_secs(61), &mut house.out);
    let last = house.kept();
    house.now = house.began + Duration::from_secs(62);
    house.says(Side::Caller, &said);
    house.order(Order::Close { session: CALL });

    assert!(gathered.len() == 1 && gathered[0].packets().count() == 2 && !gathered[0].is_last);
    assert!(last.len() == 1 && last[0].packets().count() == 0 && last[0].is_last);
    assert_eq!(house.relay.next_moment(), None);
    assert_eq!(house.kept(), []);
}

#[test]
fn what_there_is_no_room_for_is_counted() {
    let mut house = House::new([None, None]);
    house.keeps_sound();
    for _ in 0..1_000 {
        let said = report();
        // Of reports alone nothing leaves before its moment.
        house.hears(PortIndex(1), place("192.0.2.1:4001"), &said);
    }
    let first = house.ends();

    let count = first.packets().count();
    assert!(count > 200 && count + first.missed as usize == 2_000, "{count} and {}", first.missed);
}

#[test]
fn a_stream_of_which_much_comes_leaves_before_its_moment() {
    let mut house = House::new([None, None]);
    house.keeps_sound();
    for _ in 0..100 {
        let said = house.said(0, 1);
        house.says(Side::Caller, &said);
    }

    let kept = house.kept();
    let last = house.ends();

    let all = kept.iter().chain([&last]);
    assert!(!kept.is_empty());
    assert_eq!(all.map(|one| one.packets().count() + one.missed as usize).sum::<usize>(), 200);
    assert!(kept.iter().all(|one| one.missed == 0));
}

/// Streams that are opened later are kept, too; and what somebody keeps is carried by nobody else.
#[test]
fn all_streams_are_kept_and_carried_by_the_relay_itself() {
    let mut house = House::new([None, None]);
    for _ in 0..60 {
        let (one, other) = (house.said(0, 1), house.said(0, 2));
        house.says(Side::Caller, &one);
        house.says(Side::Callee, &other);
    }
    assert!(house.relay.carriage(PORTS[0]).is_some());
    house.keeps_headers();
    house.open(1, 30_010, [None, None]);
    let said = house.said(96, 1);
    house.hears(PortIndex(4), place(PLACES[0]), &said);

    assert_eq!(house.relay.carriage(PORTS[0]), None);
    house.order(Order::Close { session: CALL });
    let kept = house.kept();
    assert_eq!(kept.iter().map(|one| one.packets().count()).collect::<Vec<_>>(), [0, 2]);
    assert!(kept[1].packets().any(|one| one.to == ours(30_010)));
}
