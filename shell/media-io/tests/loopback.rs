//! A media loop between real sockets on the loopback interface.
#![allow(clippy::unwrap_used)]

use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

use media::{Aim, Event, Figures, LatchMode, Order, PortPair, Sending, SessionKey, Side};
use media_io::{Handle, Settings, start};
use rtp::{Law, Tone, rtcp};

const CALL: SessionKey = SessionKey { shard: 0, call: 42 };
const PATIENCE: Duration = Duration::from_secs(5);

#[test]
fn packets_cross_both_ways_and_strangers_are_dropped() {
    let house = House::open(LOOPBACK, LOOPBACK);
    let (caller, callee, stranger) = (socket(LOOPBACK), socket(LOOPBACK), socket(LOOPBACK));
    house.aim(Side::Caller, &caller, &caller);
    house.aim(Side::Callee, &callee, &callee);

    for packet in tone(20) {
        stranger.send_to(&packet, house.ports[0].rtp()).unwrap();
        caller.send_to(&packet, house.ports[0].rtp()).unwrap();
        callee.send_to(&packet, house.ports[1].rtp()).unwrap();

        assert_eq!(heard(&callee), (packet.clone(), house.ports[1].rtp()));
        assert_eq!(heard(&caller), (packet, house.ports[0].rtp()));
    }

    let figures = house.finish();
    assert_eq!((figures.caller.packets_in, figures.caller.packets_out), (20, 20));
    assert_eq!((figures.caller.dropped_strangers, figures.callee.dropped_strangers), (20, 0));
    assert_eq!((figures.caller.lost, figures.caller.unsent, figures.caller.jitter_us / 1_000_000), (0, 0, 0));
}

#[test]
fn a_burst_crosses_whole_and_in_order() {
    let house = House::open(LOOPBACK, LOOPBACK);
    let (caller, callee) = (socket(LOOPBACK), socket(LOOPBACK));
    house.aim(Side::Caller, &caller, &caller);
    house.aim(Side::Callee, &callee, &callee);
    let packets = tone(200);

    for packet in &packets {
        caller.send_to(packet, house.ports[0].rtp()).unwrap();
    }

    for packet in packets {
        assert_eq!(heard(&callee).0, packet);
    }
    assert_eq!(house.finish().callee.packets_out, 200);
}

#[test]
fn reports_cross_on_their_own_ports() {
    let house = House::open(LOOPBACK, LOOPBACK);
    let (caller, callee, caller_reports, callee_reports) =
        (socket(LOOPBACK), socket(LOOPBACK), socket(LOOPBACK), socket(LOOPBACK));
    house.aim(Side::Caller, &caller, &caller_reports);
    house.aim(Side::Callee, &callee, &callee_reports);
    let mut report = Vec::new();
    rtcp::write_report(7, None, &[], &mut report);

    caller_reports.send_to(&report, house.ports[0].rtcp()).unwrap();

    assert_eq!(heard(&callee_reports), (report, house.ports[1].rtcp()));
    assert_eq!(house.finish().caller.rtcp_in, 1);
}

#[test]
fn one_leg_may_be_ipv6_and_the_other_ipv4() {
    let house = House::open(LOOPBACK_6, LOOPBACK);
    let (caller, callee) = (socket(LOOPBACK_6), socket(LOOPBACK));
    house.aim(Side::Caller, &caller, &caller);
    house.aim(Side::Callee, &callee, &callee);
    let packet = &tone(1)[0];

    caller.send_to(packet, house.ports[0].rtp()).unwrap();
    assert_eq!(heard(&callee).0, *packet);
    callee.send_to(packet, house.ports[1].rtp()).unwrap();
    assert_eq!(heard(&caller).0, *packet);

    house.finish();
}

#[test]
fn a_packet_that_cannot_be_sent_is_told() {
    let house = House::open(LOOPBACK, LOOPBACK);
    let (caller, callee) = (socket(LOOPBACK), socket(LOOPBACK_6));
    house.aim(Side::Caller, &caller, &caller);
    house.aim(Side::Callee, &callee, &callee);

    caller.send_to(&tone(1)[0], house.ports[0].rtp()).unwrap();
    house.await_latch();

    assert_eq!(house.finish().callee.unsent, 1);
}

#[test]
fn a_port_in_use_fails_the_stream_and_frees_the_others() {
    let ports = [pair(LOOPBACK), pair(LOOPBACK)];
    let taken = UdpSocket::bind(ports[1].rtp()).unwrap();
    let (handle, events) = started();

    handle.order(Order::Open { session: CALL, stream: 0, ports }).unwrap();

    let Event::Failed { session, why, .. } = events.recv_timeout(PATIENCE).unwrap() else {
        panic!("not failed")
    };
    assert_eq!(session, CALL);
    assert!(why.starts_with(&ports[1].rtp().to_string()), "{why}");
    drop(taken);
    handle.order(Order::Open { session: CALL, stream: 0, ports }).unwrap();
    handle.order(Order::Close { session: CALL }).unwrap();
    assert!(matches!(events.recv_timeout(PATIENCE), Ok(Event::Finished { .. })));
    handle.stop().unwrap();
}

#[test]
fn closed_ports_can_be_bound_again() {
    let house = House::open(LOOPBACK, LOOPBACK);
    let ports = house.ports;
    house.finish();
    for local in ports.iter().flat_map(|pair| [pair.rtp(), pair.rtcp()]) {
        UdpSocket::bind(local).unwrap();
    }
}

#[test]
fn many_orders_are_all_carried_out() {
    let (handle, events) = started();
    let orders = handle.orders();
    let ports = [pair(LOOPBACK), pair(LOOPBACK)];
    for call in 0..200 {
        let session = SessionKey { shard: 1, call };
        orders.order(Order::Open { session, stream: 0, ports }).unwrap();
        orders.order(Order::Close { session }).unwrap();
    }
    for call in 0..200 {
        let Event::Finished { session, .. } = events.recv_timeout(PATIENCE).unwrap() else {
            panic!("{call} failed")
        };
        assert_eq!(session.call, call);
    }
    handle.stop().unwrap();
}

const LOOPBACK: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);
const LOOPBACK_6: IpAddr = IpAddr::V6(std::net::Ipv6Addr::LOCALHOST);

struct House {
    handle: Handle,
    events: Receiver<Event>,
    ports: [PortPair; 2],
}

impl House {
    fn open(caller: IpAddr, callee: IpAddr) -> House {
        let (handle, events) = started();
        let ports = [pair(caller), pair(callee)];
        handle.order(Order::Open { session: CALL, stream: 0, ports }).unwrap();
        House { handle, events, ports }
    }

    /// An order is carried out before a packet that is sent after it only if the loop has seen it: so a
    /// second, empty order is sent and its answer awaited.
    fn aim(&self, side: Side, rtp: &UdpSocket, rtcp: &UdpSocket) {
        let aim = Aim {
            rtp: Some(rtp.local_addr().unwrap()),
            rtcp: Some(rtcp.local_addr().unwrap()),
            sending: Sending::Allowed,
            latch: LatchMode::Strict,
            clock: 8000,
        };
        self.handle.order(Order::Aim { session: CALL, stream: 0, side, aim }).unwrap();
        self.handle.order(Order::Open { session: CALL, stream: 0, ports: self.ports }).unwrap();
        match self.events.recv_timeout(PATIENCE).unwrap() {
            Event::Failed { why, .. } if why == "the stream is open already" => {}
            event => panic!("{event:?}"),
        }
    }

    fn await_latch(&self) {
        assert!(matches!(self.events.recv_timeout(PATIENCE), Ok(Event::Latched { .. })));
    }

    fn finish(self) -> Figures {
        self.handle.order(Order::Close { session: CALL }).unwrap();
        let figures = loop {
            match self.events.recv_timeout(PATIENCE).expect("figures come back") {
                Event::Finished { figures, .. } => break *figures,
                Event::Latched { .. } => {}
                Event::Failed { why, .. } => panic!("{why}"),
            }
        };
        self.handle.stop().unwrap();
        figures
    }
}

fn started() -> (Handle, Receiver<Event>) {
    let (tell, events) = mpsc::channel();
    let settings =
        Settings { name: "media-test".to_owned(), core: None, events: move |event| drop(tell.send(event)) };
    (start(settings).unwrap(), events)
}

/// A pair that was free a moment ago, and that this process has not named before.
fn pair(address: IpAddr) -> PortPair {
    static NAMED: AtomicU16 = AtomicU16::new(0);
    let first = 10_000 + (std::process::id() % 300) as u16 * 64;
    loop {
        let port = first + 2 * NAMED.fetch_add(1, Ordering::Relaxed);
        let pair = PortPair { address, port };
        if UdpSocket::bind(pair.rtp()).is_ok() && UdpSocket::bind(pair.rtcp()).is_ok() {
            return pair;
        }
    }
}

fn socket(address: IpAddr) -> UdpSocket {
    let socket = UdpSocket::bind((address, 0)).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket
}

fn heard(socket: &UdpSocket) -> (Vec<u8>, SocketAddr) {
    let mut buffer = [0; 2048];
    let (length, from) = socket.recv_from(&mut buffer).expect("a packet comes");
    (buffer[..length].to_vec(), from)
}

fn tone(packets: usize) -> Vec<Vec<u8>> {
    let mut tone = Tone::new(Law::Mu, 440, 0xcafe);
    let next = || {
        let mut packet = Vec::new();
        tone.next_packet(&mut packet);
        packet
    };
    std::iter::repeat_with(next).take(packets).collect()
}
