//! G1: whose packets are taken for a peer's, when others would steer its media or hear it.
#![allow(clippy::unwrap_used, clippy::disallowed_methods)]

use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use media::{Aim, Order, Outbox, Packet, PortIndex, PortPair, Reason, Relay, Reports, Senders, Sending};
use media::{SessionKey, Side, Turn, Verdict};
use rtp::{Fixed, Header};

const CALL: SessionKey = SessionKey { shard: 0, call: 1 };
/// A provider, who is where it says.
const PROVIDER: &str = "198.51.100.9:6000";
/// A phone behind a NAT: what it says of itself, where it signals from, and where its media comes out.
const INNER: &str = "10.0.0.5:4000";
const NAT: &str = "203.0.113.1";
const OUTER: &str = "203.0.113.1:61000";
const ATTACKER: &str = "192.0.2.66:5555";

/// RTP bleed: whoever sends to an open port first is sent what the peer should hear.
#[test]
fn g1_who_sprays_ports_hears_nothing() {
    let mut relay = Street::between(Senders::Near(host(NAT)), Senders::Near(host("198.51.100.9")));
    for sequence in 0..100 {
        assert_eq!(relay.phone(ATTACKER, sequence), Err(Reason::Stranger));
        assert_eq!(relay.provider(ATTACKER, sequence), Err(Reason::Stranger));
    }
    assert_eq!(relay.provider(PROVIDER, 1), Ok(INNER.to_owned()), "no sound goes to who sprayed");
    assert_eq!(relay.phone(OUTER, 1), Ok(PROVIDER.to_owned()));
    assert_eq!(relay.provider(PROVIDER, 2), Ok(OUTER.to_owned()));
}

/// RTP inject: sound that comes from elsewhere is not heard in a call, and changes nothing.
#[test]
fn g1_who_injects_is_not_heard() {
    let mut relay = Street::between(Senders::Near(host(NAT)), Senders::Near(host("198.51.100.9")));
    relay.phone(OUTER, 1).unwrap();
    relay.provider(PROVIDER, 1).unwrap();
    for sequence in 2..100 {
        for from in [ATTACKER, "203.0.113.1:61001", "203.0.113.2:61000", "198.51.100.9:6002"] {
            assert_eq!(relay.phone(from, sequence), Err(Reason::Stranger), "{from}");
        }
        assert_eq!(relay.phone(OUTER, sequence), Ok(PROVIDER.to_owned()));
        assert_eq!(relay.provider(PROVIDER, sequence), Ok(OUTER.to_owned()));
    }
}

/// Who was quicker, from nearby, gives way to a better one, and is not heard again.
#[test]
fn g1_a_neighbour_gives_way_to_who_is_where_it_said() {
    let mut relay = Street::between(Senders::Anywhere, Senders::Near(host("198.51.100.9")));
    assert!(relay.provider("198.51.100.77:9", 1).is_ok(), "another host of the provider's");
    assert!(relay.provider("198.51.100.9:7000", 1).is_ok(), "the host, from another port");
    assert!(relay.provider(PROVIDER, 1).is_ok());
    for from in ["198.51.100.77:9", "198.51.100.9:7000", ATTACKER] {
        assert_eq!(relay.provider(from, 2), Err(Reason::Stranger), "{from}");
    }
}

/// The host that signals outweighs its neighbours, wherever it says that it is.
#[test]
fn g1_a_neighbour_of_the_nat_gives_way_to_the_phone() {
    let mut relay = Street::between(Senders::Near(host(NAT)), Senders::Near(None));
    assert!(relay.phone("203.0.113.77:61000", 1).is_ok());
    assert!(relay.phone(OUTER, 1).is_ok());
    assert_eq!(relay.phone("203.0.113.77:61000", 2), Err(Reason::Stranger));
    assert_eq!(relay.provider(PROVIDER, 1), Ok(OUTER.to_owned()));
}

/// A carrier that sends from another gateway of its network than it receives at is heard.
#[test]
fn g1_a_gateway_beside_the_signalled_one_is_heard() {
    let mut relay = Street::between(Senders::Anywhere, Senders::Near(None));
    assert_eq!(relay.provider(ATTACKER, 1), Err(Reason::Stranger));
    assert!(relay.provider("198.51.100.10:8000", 1).is_ok());
}

/// What a network calls its own tells nothing of where its phones come out: through somebody else's proxy
/// the first one is believed, as there is nobody to tell it from.
#[test]
fn g1_a_phone_behind_a_proxy_and_a_nat_is_heard() {
    let mut relay = Street::between(Senders::Near(None), Senders::Near(None));
    assert!(relay.phone("203.0.113.200:7000", 1).is_ok());
    assert_eq!(relay.phone(ATTACKER, 2), Err(Reason::Stranger));
}

/// Inside of one organisation a gateway may send from wherever it likes.
#[test]
fn g1_inner_addresses_are_neighbours() {
    let mut relay = Street::between(Senders::Near(host("172.16.0.1")), Senders::Near(None));
    assert_eq!(relay.phone(ATTACKER, 1), Err(Reason::Stranger));
    assert!(relay.phone("192.168.9.9:4000", 1).is_ok());
}

/// As strict as one likes: what is not where it was said to be is not heard, neighbour or not.
#[test]
fn g1_a_strict_side_hears_one_address() {
    let mut relay = Street::between(Senders::Anywhere, Senders::Signalled);
    assert_eq!(relay.provider("198.51.100.9:6002", 1), Err(Reason::Stranger));
    assert_eq!(relay.provider("198.51.100.10:6000", 1), Err(Reason::Stranger));
    assert!(relay.provider(PROVIDER, 1).is_ok());
}

/// A NAT gives a phone another port in the middle of a call: it goes on from there, and is found again.
#[test]
fn g1_a_phone_whose_nat_gives_it_another_port_is_found_after_a_second() {
    let moved = "203.0.113.1:62000";
    let mut relay = Street::between(Senders::Near(host(NAT)), Senders::Near(host("198.51.100.9")));
    relay.phone(OUTER, 1).unwrap();
    assert_eq!(relay.phone(moved, 2), Err(Reason::Stranger), "both may speak");
    relay.now += Duration::from_secs(1);

    for (from, sequence) in [(ATTACKER, 3), ("203.0.113.2:61000", 3), (moved, 40_000), (moved, 1)] {
        assert_eq!(relay.phone(from, sequence), Err(Reason::Stranger), "{from} {sequence}");
    }
    assert_eq!(relay.phone(moved, 4), Ok(PROVIDER.to_owned()));

    assert_eq!(relay.provider(PROVIDER, 1), Ok(moved.to_owned()));
    assert_eq!(relay.phone(OUTER, 5), Err(Reason::Stranger));
}

/// Where one address alone is to be believed, a second of silence changes nothing.
#[test]
fn g1_a_strict_side_is_not_found_elsewhere() {
    let mut relay = Street::between(Senders::Anywhere, Senders::Signalled);
    relay.provider(PROVIDER, 1).unwrap();
    relay.now += Duration::from_secs(9);
    assert_eq!(relay.provider("198.51.100.9:6002", 2), Err(Reason::Stranger));
}

/// A re-INVITE names another port: what was on its way from the old one is heard, and leads nobody back.
#[test]
fn g1_late_packets_do_not_lead_back_to_where_a_peer_was() {
    let new = "198.51.100.9:7000";
    let mut relay = Street::between(Senders::Near(host(NAT)), Senders::Near(host("198.51.100.9")));
    relay.phone(OUTER, 1).unwrap();
    relay.provider(PROVIDER, 1).unwrap();

    relay.aim(Side::Callee, new, Senders::Near(host("198.51.100.9")));
    assert_eq!(relay.provider(PROVIDER, 2), Ok(OUTER.to_owned()));
    assert_eq!(relay.phone(OUTER, 2), Ok(new.to_owned()));

    relay.now += Duration::from_secs(1);
    assert_eq!(relay.provider(PROVIDER, 3), Ok(OUTER.to_owned()));
    assert_eq!(relay.phone(OUTER, 3), Ok(PROVIDER.to_owned()), "it goes on there, whatever it said");
}

#[test]
fn g1_neighbours_are_told_by_their_network_in_ipv6_too() {
    let mut relay = Street::between(Senders::Anywhere, Senders::Near(None));
    relay.aim(Side::Callee, "[2001:db8:1:2::10]:6000", Senders::Near(None));
    assert_eq!(relay.provider("[2001:db8:1:3::10]:6000", 1), Err(Reason::Stranger));
    assert!(relay.provider("[2001:db8:1:2:ffff::1]:6000", 1).is_ok());
}

fn host(address: &str) -> Option<IpAddr> {
    Some(address.parse().unwrap())
}

/// A phone behind a NAT calls over a provider.
struct Street {
    relay: Relay,
    now: Instant,
}

impl Street {
    fn between(phone: Senders, provider: Senders) -> Street {
        let mut street = Street { relay: Relay::new(), now: Instant::now() };
        let pair = |port| PortPair { address: [127, 0, 0, 1].into(), port };
        street.order(Order::Open { session: CALL, stream: 0, ports: [pair(30000), pair(30002)] });
        street.aim(Side::Caller, INNER, phone);
        street.aim(Side::Callee, PROVIDER, provider);
        street
    }

    fn order(&mut self, order: Order) {
        self.relay.order(self.now, order, &mut Outbox::new());
    }

    fn aim(&mut self, side: Side, place: &str, senders: Senders) {
        let rtp: SocketAddr = place.parse().unwrap();
        let (sending, turn) = (Sending::Allowed, Turn::Same);
        let reports = Reports::Apart(None);
        let aim = Aim {
            rtp: Some(rtp),
            reports,
            sending,
            senders,
            turn,
            clock: 8000,
            protection: None,
            door: None,
        };
        self.order(Order::Aim { session: CALL, stream: 0, side, aim });
    }

    fn phone(&mut self, from: &str, sequence: u16) -> Result<String, Reason> {
        self.receive(0, from, sequence)
    }

    fn provider(&mut self, from: &str, sequence: u16) -> Result<String, Reason> {
        self.receive(2, from, sequence)
    }

    /// Where a packet goes.
    fn receive(&mut self, port: u32, from: &str, sequence: u16) -> Result<String, Reason> {
        let fixed = Fixed { marker: false, payload_type: 0, sequence, timestamp: 160, ssrc: 7 };
        let mut bytes = Vec::new();
        Header { payload: &[0xd5; 160], ..Header::from(fixed) }.write(&mut bytes);
        let length = bytes.len();
        let mut packet = Packet::new(&mut bytes, length);
        let mut acts = Outbox::new();
        match self.relay.receive(self.now, PortIndex(port), from.parse().unwrap(), &mut packet, &mut acts) {
            Verdict::Forward { to, .. } => Ok(to.to_string()),
            Verdict::Drop(reason) => Err(reason),
            Verdict::TakeBack => unreachable!("nobody carries streams here"),
        }
    }
}
