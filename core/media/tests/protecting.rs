//! Streams whose sides are protected, or one of them: what crosses, what does not, and what is learned.
#![allow(clippy::unwrap_used, clippy::disallowed_methods)]

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use media::{
    Aim, Order, Outbox, Packet, PortBook, PortIndex, Protection, Purpose, Reason, Relay, Reports, Senders,
    Sending, SessionKey, Side, Turn, Verdict,
};
use rtp::srtp::{MasterKey, Opener, Sealer, Suite};
use rtp::{Fixed, Header, rtcp};

const CALL: SessionKey = SessionKey { shard: 0, call: 1 };
const CALLER: &str = "192.0.2.1:4000";
const CALLEE: &str = "198.51.100.2:6000";
const STRANGER: &str = "203.0.113.66:666";
const TO_CALLER: PortIndex = PortIndex(0);
const TO_CALLEE: PortIndex = PortIndex(2);

/// A clear caller and a callee with SRTP hear each other, by every suite.
#[test]
fn a20_clear_and_sealed_media_are_bridged() {
    for suite in Suite::ALL {
        let mut house = House::new();
        house.aim(Side::Caller, CALLER, None);
        let callee = house.aim(Side::Callee, CALLEE, Some(protection(suite, 1)));
        let mut callee = callee.unwrap();
        let speech = packet(10);

        let sealed = house.receive(TO_CALLER, CALLER, &speech).unwrap();
        assert_eq!(sealed.len(), speech.len() + suite.rtp_growth(), "{suite}");
        assert_eq!(callee.open(&sealed), speech, "{suite}");

        let answer = callee.seal(&packet(500));
        assert_eq!(house.receive(TO_CALLEE, CALLEE, &answer).unwrap(), packet(500), "{suite}");
    }
}

/// Both sides have keys and suites of their own; nothing of one is seen at the other.
#[test]
fn a20_two_sealed_sides_are_bridged_with_keys_of_their_own() {
    let mut house = House::new();
    let mut caller = house.aim(Side::Caller, CALLER, Some(protection(Suite::AeadAes128Gcm, 1))).unwrap();
    let mut callee =
        house.aim(Side::Callee, CALLEE, Some(protection(Suite::AesCm128HmacSha1_32, 2))).unwrap();

    let sent = caller.seal(&packet(7));
    let arrived = house.receive(TO_CALLER, CALLER, &sent).unwrap();

    assert_ne!(arrived, sent);
    assert_eq!(callee.open(&arrived), packet(7));
}

/// On a protected stream clear media and foreign keys get nothing and teach nothing, wherever they come from.
#[test]
fn a20_what_is_not_sealed_with_the_peers_key_goes_nowhere() {
    let mut house = House::new();
    house.aim(Side::Callee, CALLEE, None);
    let mut caller =
        house.aim(Side::Caller, CALLER, Some(protection(Suite::AesCm128HmacSha1_80, 1))).unwrap();
    let mut foreign = Peer::new(&protection(Suite::AesCm128HmacSha1_80, 9));

    assert_eq!(house.receive(TO_CALLER, CALLER, &packet(1)), Err(Reason::Unproven));
    assert_eq!(house.receive(TO_CALLER, STRANGER, &foreign.seal(&packet(2))), Err(Reason::Unproven));
    let genuine = caller.seal(&packet(3));
    assert!(house.receive(TO_CALLER, CALLER, &genuine).is_ok());
    assert_eq!(house.receive(TO_CALLER, CALLER, &genuine), Err(Reason::Copy));
    assert_eq!(house.receive(TO_CALLER, STRANGER, &genuine), Err(Reason::Stranger));
    assert_eq!(house.figures().caller.dropped_unproven, 2);
}

/// Who is quicker than the peer with the peer's own packets is not heard, and takes nothing from the peer.
#[test]
fn g1_what_a_stranger_copied_uses_up_no_number_of_the_peer() {
    let mut house = House::new();
    house.aim(Side::Callee, CALLEE, None);
    let mut caller =
        house.aim(Side::Caller, CALLER, Some(protection(Suite::AesCm128HmacSha1_80, 1))).unwrap();
    let first = caller.seal(&packet(1));
    house.receive(TO_CALLER, CALLER, &first).unwrap();

    for sequence in 2..20 {
        let sealed = caller.seal(&packet(sequence));
        assert_eq!(house.receive(TO_CALLER, STRANGER, &sealed), Err(Reason::Stranger));
        assert_eq!(house.receive(TO_CALLER, CALLER, &sealed), Ok(packet(sequence)));
    }
}

/// Media is clear for a while, and sealed again with the keys of before, as after an offer without keys: both
/// directions go on counting, past the roll-over, and what was heard once is not heard again.
#[test]
fn i1_keys_that_rest_keep_their_counters() {
    let mut house = House::new();
    let keys = protection(Suite::AesCm128HmacSha1_80, 1);
    house.aim(Side::Callee, CALLEE, None);
    let mut caller = house.aim(Side::Caller, CALLER, Some(keys.clone())).unwrap();
    let mut seen = Vec::new();
    for sequence in [65_535, 0] {
        seen.push(caller.seal(&packet(sequence)));
        assert!(house.receive(TO_CALLER, CALLER, seen.last().unwrap()).is_ok());
        let sealed = house.receive(TO_CALLEE, CALLEE, &packet(sequence)).unwrap();
        assert_eq!(caller.open(&sealed), packet(sequence));
    }

    house.aim(Side::Caller, CALLER, None);
    assert_eq!(house.receive(TO_CALLER, CALLER, &packet(1)), Ok(packet(1)));
    assert_eq!(house.receive(TO_CALLEE, CALLEE, &packet(1)), Ok(packet(1)));
    house.aim(Side::Caller, CALLER, Some(keys));

    assert_eq!(house.receive(TO_CALLER, CALLER, &seen[1]), Err(Reason::Copy));
    let sealed = caller.seal(&packet(2));
    assert_eq!(house.receive(TO_CALLER, CALLER, &sealed), Ok(packet(2)));
    let sealed = house.receive(TO_CALLEE, CALLEE, &packet(2)).unwrap();
    assert_eq!(caller.open(&sealed), packet(2));
}

/// A peer whose source changes many times is heard each time; none of its packets is taken again, though
/// their sources are long gone.
#[test]
fn i1_packets_of_sources_long_gone_are_copies() {
    let mut house = House::new();
    house.aim(Side::Callee, CALLEE, None);
    let mut caller =
        house.aim(Side::Caller, CALLER, Some(protection(Suite::AesCm128HmacSha1_80, 1))).unwrap();
    let of = |ssrc: u8| {
        let mut packet = packet(7);
        packet[11] = ssrc;
        packet
    };
    let all: Vec<_> = (0..20).map(|ssrc| caller.seal(&of(ssrc))).collect();

    assert!(all.iter().all(|sealed| house.receive(TO_CALLER, CALLER, sealed).is_ok()));

    assert!(all.iter().all(|sealed| house.receive(TO_CALLER, CALLER, sealed) == Err(Reason::Copy)));
}

/// Reports cross too, sealed anew.
#[test]
fn a20_reports_are_bridged() {
    let mut house = House::new();
    let mut caller =
        house.aim(Side::Caller, CALLER, Some(protection(Suite::AesCm128HmacSha1_80, 1))).unwrap();
    house.aim(Side::Callee, CALLEE, None);
    let mut report = Vec::new();
    rtcp::write_report(1, None, &[], &mut report);

    let sealed = caller.seal_report(&report);
    let rtp = caller.seal(&packet(1));
    house.receive(TO_CALLER, CALLER, &rtp).unwrap();

    assert_eq!(house.receive(PortIndex(1), "192.0.2.1:4001", &sealed).unwrap(), report);
}

/// A re-INVITE with the same key goes on counting past the roll-over; a new key starts anew.
#[test]
fn a20_a_key_that_stays_keeps_its_counters() {
    let mut house = House::new();
    let keys = protection(Suite::AesCm128HmacSha1_80, 1);
    house.aim(Side::Callee, CALLEE, None);
    let mut caller = house.aim(Side::Caller, CALLER, Some(keys.clone())).unwrap();
    for sequence in [65_535, 0] {
        let sent = caller.seal(&packet(sequence));
        assert!(house.receive(TO_CALLER, CALLER, &sent).is_ok());
    }

    house.aim(Side::Caller, CALLER, Some(keys));
    let sent = caller.seal(&packet(1));
    assert_eq!(house.receive(TO_CALLER, CALLER, &sent).unwrap(), packet(1));

    let mut anew = house.aim(Side::Caller, CALLER, Some(protection(Suite::AesCm128HmacSha1_80, 5))).unwrap();
    let sent = caller.seal(&packet(2));
    assert_eq!(house.receive(TO_CALLER, CALLER, &sent), Err(Reason::Unproven));
    let sent = anew.seal(&packet(3));
    assert!(house.receive(TO_CALLER, CALLER, &sent).is_ok());
}

/// Back and forth between two keys: no number of either is sealed twice, and no copy of before is taken.
#[test]
fn i1_a_key_that_comes_back_goes_on_counting() {
    let mut house = House::new();
    let [first, second] = [1, 2].map(|seed| protection(Suite::AesCm128HmacSha1_80, seed));
    house.aim(Side::Callee, CALLEE, None);
    let mut caller = house.aim(Side::Caller, CALLER, Some(first.clone())).unwrap();
    let heard_before = caller.seal(&packet(10));
    house.receive(TO_CALLER, CALLER, &heard_before).unwrap();
    house.receive(TO_CALLEE, CALLEE, &packet(20)).unwrap();

    house.aim(Side::Caller, CALLER, Some(second)).unwrap();
    house.aim(Side::Caller, CALLER, Some(first)).unwrap();

    assert_eq!(house.receive(TO_CALLER, CALLER, &heard_before), Err(Reason::Copy));
    assert_eq!(house.receive(TO_CALLEE, CALLEE, &packet(20)), Err(Reason::Copy), "it was sealed before");
    let said = caller.seal(&packet(11));
    assert_eq!(house.receive(TO_CALLER, CALLER, &said).unwrap(), packet(11));
    let sealed = house.receive(TO_CALLEE, CALLEE, &packet(21)).unwrap();
    assert_eq!(caller.open(&sealed), packet(21));
}

/// A clear sender that begins its numbers anew, and keeps its source, is heard by a side that has SRTP: its
/// numbers go on there, and none is sealed twice (RFC 3711, 9.1).
#[test]
fn h1_who_begins_numbers_anew_is_heard_by_a_sealed_side() {
    for (begins, first) in [(700, 1), (20_000, 10_000), (5, 65_300)] {
        let mut house = House::new();
        house.aim(Side::Caller, CALLER, None);
        let keys = protection(Suite::AesCm128HmacSha1_80, 1);
        let mut callee = house.aim(Side::Callee, CALLEE, Some(keys)).unwrap();
        let mut says = |house: &mut House, sequence| {
            let sealed = house.receive(TO_CALLER, CALLER, &packet(sequence))?;
            Ok(Fixed::of(&callee.open(&sealed)).unwrap().sequence)
        };
        assert_eq!(says(&mut house, begins), Ok(begins));
        assert_eq!(says(&mut house, begins), Err(Reason::Copy));

        assert_eq!(says(&mut house, first), Err(Reason::Copy), "it may be a stray");
        for at in 1..200u16 {
            let sequence = first.wrapping_add(at);
            assert_eq!(says(&mut house, sequence), Ok(begins.wrapping_add(at)), "{begins} to {first}");
            assert_eq!(says(&mut house, sequence), Err(Reason::Copy));
        }
    }
}

/// Packets that came too late are none that begin anew, and what comes after them keeps its number.
#[test]
fn h1_stragglers_begin_nothing_at_a_sealed_side() {
    let mut house = House::new();
    house.aim(Side::Caller, CALLER, None);
    let keys = protection(Suite::AesCm128HmacSha1_80, 1);
    let mut callee = house.aim(Side::Callee, CALLEE, Some(keys)).unwrap();
    house.receive(TO_CALLER, CALLER, &packet(2_000)).unwrap();
    for straggler in [1_930, 1_931, 1_932, 1_500, 1_700, 2_000] {
        assert_eq!(house.receive(TO_CALLER, CALLER, &packet(straggler)), Err(Reason::Copy));
    }

    let sealed = house.receive(TO_CALLER, CALLER, &packet(2_001)).unwrap();

    assert_eq!(callee.open(&sealed), packet(2_001));
}

struct House {
    relay: Relay,
    now: Instant,
}

/// A far end with its keys.
struct Peer {
    sealer: Sealer,
    opener: Opener,
}

impl House {
    fn new() -> House {
        let now = Instant::now();
        let mut book = PortBook::new([192, 0, 2, 200].into(), 30_000..=30_099, std::time::Duration::ZERO);
        let ports = [(); 2].map(|()| book.lease(now, Purpose::Call).unwrap());
        let mut relay = Relay::new();
        relay.order(now, Order::Open { session: CALL, stream: 0, ports }, &mut Outbox::new());
        House { relay, now }
    }

    fn aim(&mut self, side: Side, rtp: &str, protection: Option<Arc<Protection>>) -> Option<Peer> {
        let rtp: SocketAddr = rtp.parse().unwrap();
        let peer = protection.as_deref().map(Peer::new);
        let aim = Aim {
            rtp: Some(rtp),
            reports: Reports::Apart(Some(SocketAddr::new(rtp.ip(), rtp.port() + 1))),
            sending: Sending::Allowed,
            senders: Senders::Anywhere,
            turn: Turn::Same,
            clock: 8000,
            protection,
            door: None,
        };
        let order = Order::Aim { session: CALL, stream: 0, side, aim };
        self.relay.order(self.now, order, &mut Outbox::new());
        peer
    }

    fn receive(&mut self, port: PortIndex, from: &str, bytes: &[u8]) -> Result<Vec<u8>, Reason> {
        let mut buffer = bytes.to_vec();
        buffer.resize(bytes.len() + 64, 0);
        let mut packet = Packet::new(&mut buffer, bytes.len());
        let from = from.parse().unwrap();
        match self.relay.receive(self.now, port, from, &mut packet, &mut Outbox::new()) {
            Verdict::Forward { .. } => Ok(packet.bytes().to_vec()),
            Verdict::Drop(reason) => Err(reason),
            Verdict::TakeBack => unreachable!("nobody carries streams here"),
        }
    }

    fn figures(&mut self) -> media::Figures {
        let mut out = Outbox::new();
        self.relay.order(self.now, Order::Close { session: CALL }, &mut out);
        let figures = out.iter().find_map(|act| match act {
            media::Act::Tell(media::Event::Finished { figures, .. }) => Some(**figures),
            _ => None,
        });
        figures.unwrap()
    }
}

impl Peer {
    /// The far end's view: it seals with what the house opens with.
    fn new(protection: &Protection) -> Peer {
        Peer { sealer: Sealer::new(&protection.theirs), opener: Opener::new(&protection.ours) }
    }

    fn seal(&mut self, clear: &[u8]) -> Vec<u8> {
        let mut buffer = [clear, &[0; 64]].concat();
        let length = self.sealer.seal_rtp(&mut buffer, clear.len()).unwrap();
        buffer.truncate(length);
        buffer
    }

    fn seal_report(&mut self, clear: &[u8]) -> Vec<u8> {
        let mut buffer = [clear, &[0; 64]].concat();
        let length = self.sealer.seal_rtcp(&mut buffer, clear.len()).unwrap();
        buffer.truncate(length);
        buffer
    }

    fn open(&mut self, sealed: &[u8]) -> Vec<u8> {
        let mut buffer = sealed.to_vec();
        let length = self.opener.open_rtp(&mut buffer).unwrap();
        buffer.truncate(length);
        buffer
    }
}

fn protection(suite: Suite, seed: u8) -> Arc<Protection> {
    let key = |seed: u8| {
        let bytes: Vec<u8> =
            (0..MasterKey::length(suite)).map(|at| (at as u8).wrapping_mul(7) ^ seed).collect();
        MasterKey::new(suite, &bytes).unwrap()
    };
    Arc::new(Protection { theirs: key(seed), ours: key(seed | 0x80) })
}

fn packet(sequence: u16) -> Vec<u8> {
    let fixed =
        Fixed { marker: false, payload_type: 0, sequence, timestamp: u32::from(sequence) * 160, ssrc: 1 };
    let mut packet = Vec::new();
    Header { payload: &[0xd5; 160], ..Header::from(fixed) }.write(&mut packet);
    packet
}
