//! A media loop between real sockets on the loopback interface.
#![allow(clippy::unwrap_used)]

use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use media::{
    Aim, Begins, Codec, Event, Figures, Order, Played, Playing, PortPair, Reports, Senders, Sending,
    SessionKey, Side, Turn,
};
use media_io::{Engine, Handle, Settings, raise_descriptor_limit, start, start_on};
use rtp::{Fixed, Header, rtcp};
use sound::{Sine, g711};

const CALL: SessionKey = SessionKey { shard: 0, call: 42 };
/// A machine that is busy with other things is slow, not wrong.
const PATIENCE: Duration = Duration::from_secs(30);

fn packets_cross_both_ways_and_strangers_are_dropped(engine: Engine) {
    let house = House::open(engine, LOOPBACK, LOOPBACK);
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

fn a_burst_crosses_whole_and_in_order(engine: Engine) {
    let house = House::open(engine, LOOPBACK, LOOPBACK);
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

fn reports_cross_on_their_own_ports(engine: Engine) {
    let house = House::open(engine, LOOPBACK, LOOPBACK);
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

fn whoever_asks_hears_when_each_side_was_heard_last(engine: Engine) {
    let house = House::open(engine, LOOPBACK, LOOPBACK);
    let (caller, callee) = (socket(LOOPBACK), socket(LOOPBACK));
    house.aim(Side::Caller, &caller, &caller);
    house.aim(Side::Callee, &callee, &callee);
    std::thread::sleep(Duration::from_millis(20));
    let before = Instant::now();
    callee.send_to(&tone(1)[0], house.ports[1].rtp()).unwrap();
    house.await_latch();

    house.handle.order(Order::Ask { session: CALL }).unwrap();

    let Event::LastHeard { session: CALL, caller, callee, .. } = house.next_event() else {
        panic!("no word")
    };
    assert!(caller < before && before <= callee && callee <= Instant::now());
    house.finish();
}

fn one_leg_may_be_ipv6_and_the_other_ipv4(engine: Engine) {
    let house = House::open(engine, LOOPBACK_6, LOOPBACK);
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

fn a_packet_that_cannot_be_sent_is_told(engine: Engine) {
    let house = House::open(engine, LOOPBACK, LOOPBACK);
    let (caller, callee) = (socket(LOOPBACK), socket(LOOPBACK_6));
    house.aim(Side::Caller, &caller, &caller);
    house.aim(Side::Callee, &callee, &callee);

    caller.send_to(&tone(1)[0], house.ports[0].rtp()).unwrap();
    house.await_latch();

    assert_eq!(house.finish().callee.unsent, 1);
}

fn a_port_in_use_fails_the_stream_and_frees_the_others(engine: Engine) {
    let ports = [pair(LOOPBACK), pair(LOOPBACK)];
    let taken = UdpSocket::bind(ports[1].rtp()).unwrap();
    let (handle, events) = started(engine);

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

fn closed_ports_can_be_bound_again(engine: Engine) {
    let house = House::open(engine, LOOPBACK, LOOPBACK);
    let ports = house.ports;
    house.finish();
    for local in ports.iter().flat_map(|pair| [pair.rtp(), pair.rtcp()]) {
        UdpSocket::bind(local).unwrap();
    }
}

fn many_orders_are_all_carried_out(engine: Engine) {
    let (handle, events) = started(engine);
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

fn a_stop_brings_back_the_figures_of_open_streams(engine: Engine) {
    let house = House::open(engine, LOOPBACK, LOOPBACK);
    let (caller, callee) = (socket(LOOPBACK), socket(LOOPBACK));
    house.aim(Side::Caller, &caller, &caller);
    house.aim(Side::Callee, &callee, &callee);
    let other = SessionKey { shard: 1, call: 43 };
    let ports = [pair(LOOPBACK), pair(LOOPBACK)];
    for stream in 0..2 {
        let ports = if stream == 0 { ports } else { [pair(LOOPBACK), pair(LOOPBACK)] };
        house.handle.order(Order::Open { session: other, stream, ports }).unwrap();
    }
    caller.send_to(&tone(1)[0], house.ports[0].rtp()).unwrap();
    heard(&callee);

    house.handle.stop().unwrap();

    let finished: Vec<_> = house.events.try_iter().filter_map(figures_of).collect();
    let keys: Vec<_> = finished.iter().map(|(session, stream, _)| (*session, *stream)).collect();
    assert_eq!(keys, [(CALL, 0), (other, 0), (other, 1)]);
    assert_eq!(finished[0].2.callee.packets_out, 1);
    UdpSocket::bind(house.ports[0].rtp()).unwrap();
}

fn what_is_too_long_is_dropped_and_the_rest_crosses(engine: Engine) {
    let house = House::open(engine, LOOPBACK, LOOPBACK);
    let (caller, callee) = (socket(LOOPBACK), socket(LOOPBACK));
    house.aim(Side::Caller, &caller, &caller);
    house.aim(Side::Callee, &callee, &callee);
    let of_length = |length| {
        let mut packet = tone(1).remove(0);
        packet.resize(length, 7);
        packet
    };

    for length in [2049, 2048, 9000, 12] {
        caller.send_to(&of_length(length), house.ports[0].rtp()).unwrap();
    }

    assert_eq!(heard(&callee).0, of_length(2048));
    assert_eq!(heard(&callee).0, of_length(12));
    assert_eq!(house.finish().caller.packets_in, 2);
}

fn a_failed_send_stops_nobody(engine: Engine) {
    let house = House::open(engine, LOOPBACK, LOOPBACK);
    let (caller, out_of_reach, callee) = (socket(LOOPBACK), socket(LOOPBACK_6), socket(LOOPBACK));
    house.aim(Side::Caller, &caller, &caller);
    house.aim(Side::Callee, &out_of_reach, &out_of_reach);
    let packets = tone(200);
    for packet in &packets[..100] {
        caller.send_to(packet, house.ports[0].rtp()).unwrap();
    }
    house.await_latch();

    house.aim(Side::Callee, &callee, &callee);
    for packet in &packets[100..] {
        caller.send_to(packet, house.ports[0].rtp()).unwrap();
    }

    while heard(&callee).0 != packets[199] {}
    let figures = house.finish();
    assert_eq!(figures.caller.packets_in, 200);
    assert_eq!(figures.callee.packets_out + figures.callee.unsent, 200);
    assert!((1..=100).contains(&figures.callee.unsent), "{figures:?}");
}

/// The loop is held up until all packets wait: then more sockets are ready at once than one call to epoll
/// tells of, and more packets wait than a ring has buffers.
fn a_crowd_that_waited_crosses_whole_and_in_order(engine: Engine) {
    const STREAMS: u64 = 150;
    const EACH: usize = 12;
    let hold_up = Arc::new(Mutex::new(()));
    let (tell, events) = mpsc::channel();
    let gate = Arc::clone(&hold_up);
    let settings = Settings {
        name: "media-test".to_owned(),
        core: None,
        marks: Vec::new(),
        kernel: None,
        events: move |event| {
            let latched = matches!(event, Event::Latched { .. });
            tell.send(event).unwrap();
            if latched {
                drop(gate.lock());
            }
        },
    };
    raise_descriptor_limit().unwrap();
    let handle = start_on(engine, settings).unwrap();
    let (callers, callee) = (peers(STREAMS), peers(STREAMS));
    let ports: Vec<_> = (0..STREAMS).map(|_| [pair(LOOPBACK), pair(LOOPBACK)]).collect();
    for (at, ports) in ports.iter().enumerate() {
        let session = SessionKey { shard: 0, call: at as u64 };
        handle.order(Order::Open { session, stream: 0, ports: *ports }).unwrap();
        for (side, peer) in [(Side::Caller, &callers[at]), (Side::Callee, &callee[at])] {
            let aim = aim_at(peer, peer);
            handle.order(Order::Aim { session, stream: 0, side, aim }).unwrap();
        }
    }
    let again = Order::Open { session: SessionKey { shard: 0, call: 0 }, stream: 0, ports: ports[0] };
    handle.order(again).unwrap();
    assert!(matches!(events.recv_timeout(PATIENCE), Ok(Event::Failed { .. })), "all orders are carried out");
    let packets = tone(EACH);
    let held = hold_up.lock().unwrap();
    callers[0].send_to(&packets[0], ports[0][0].rtp()).unwrap();
    assert!(matches!(events.recv_timeout(PATIENCE), Ok(Event::Latched { .. })));

    for packet in &packets {
        for (at, ports) in ports.iter().enumerate() {
            callers[at].send_to(packet, ports[0].rtp()).unwrap();
            callee[at].send_to(packet, ports[1].rtp()).unwrap();
        }
    }
    drop(held);

    assert_eq!(heard(&callee[0]).0, packets[0]);
    for packet in &packets {
        for peer in callers.iter().chain(&callee) {
            assert_eq!(heard(peer).0, *packet);
        }
    }
    handle.stop().unwrap();
    let finished: Vec<_> = events.try_iter().filter_map(figures_of).collect();
    let sent = |(_, _, figures): &(_, _, Figures)| figures.caller.packets_out + figures.callee.packets_out;
    assert_eq!(finished.iter().map(sent).sum::<u64>(), STREAMS * 2 * EACH as u64 + 1);
}

/// Sound of ours leaves by itself, evenly, until it is told to end.
fn h10_a_tone_is_played_every_20_ms(engine: Engine) {
    let (caller, callee) = (socket(LOOPBACK), socket(LOOPBACK));
    let house = House::open(engine, LOOPBACK, LOOPBACK);
    house.aim(Side::Caller, &caller, &caller);
    house.aim(Side::Callee, &callee, &callee);
    let tone = sound::Tone::parse("425").unwrap();
    let playing = Playing {
        what: Played::Tone(tone.into()),
        begins: Begins::AtOnce,
        ssrc: 9,
        payload_type: 8,
        codec: Codec::Pcma,
    };
    let play = |playing| Order::Play { session: CALL, stream: 0, side: Side::Callee, playing };

    house.handle.order(play(Some(Box::new(playing)))).unwrap();
    let begin = Instant::now();
    let packets: Vec<_> = (0..26).map(|_| heard(&callee).0).collect();
    let took = begin.elapsed();
    house.handle.order(play(None)).unwrap();
    std::thread::sleep(Duration::from_millis(100));
    let more = waiting(&callee);
    std::thread::sleep(Duration::from_millis(100));

    assert_eq!(waiting(&callee), 0, "it has ended");
    for (number, packet) in (9u16..).zip(&packets) {
        let header = Header::parse(packet).unwrap();
        assert_eq!(
            (header.fixed.sequence, header.fixed.payload_type, header.payload.len()),
            (number, 8, 160)
        );
    }
    assert!(took > Duration::from_millis(480), "{took:?}");
    let figures = house.finish();
    assert_eq!((figures.callee.packets_out, figures.caller.packets_out), (26 + more, 0));
}

/// A side goes over to other ports in the middle of its stream.
fn b8_one_side_goes_over_to_other_ports(engine: Engine) {
    let house = House::open(engine, LOOPBACK, LOOPBACK);
    let (caller, callee) = (socket(LOOPBACK), socket(LOOPBACK));
    house.aim(Side::Caller, &caller, &caller);
    house.aim(Side::Callee, &callee, &callee);
    let packets = tone(4);
    caller.send_to(&packets[0], house.ports[0].rtp()).unwrap();
    assert_eq!(heard(&callee).0, packets[0]);
    let ports = pair(LOOPBACK);

    house.handle.order(Order::Move { session: CALL, stream: 0, side: Side::Caller, ports }).unwrap();
    house.await_latch();
    house.aim(Side::Caller, &caller, &caller);

    for packet in &packets[1..] {
        caller.send_to(packet, ports.rtp()).unwrap();
        assert_eq!(heard(&callee), (packet.clone(), house.ports[1].rtp()));
        callee.send_to(packet, house.ports[1].rtp()).unwrap();
        assert_eq!(heard(&caller), (packet.clone(), ports.rtp()));
    }
    let figures = house.finish();
    assert_eq!((figures.caller.packets_in, figures.callee.packets_in), (4, 3));
}

/// Ports are closed and opened again while packets are on their way through them.
fn a_late_packet_touches_no_later_stream(engine: Engine) {
    let (handle, events) = started(engine);
    let ports = [pair(LOOPBACK), pair(LOOPBACK)];
    let (caller, callees) = (socket(LOOPBACK), [socket(LOOPBACK), socket(LOOPBACK)]);
    let packet = &tone(1)[0];
    let mut carried = 0;

    for call in 0..300 {
        let (session, callee) = (SessionKey { shard: 0, call }, &callees[call as usize % 2]);
        handle.order(Order::Open { session, stream: 0, ports }).unwrap();
        for (side, peer) in [(Side::Caller, &caller), (Side::Callee, callee)] {
            handle.order(Order::Aim { session, stream: 0, side, aim: aim_at(peer, peer) }).unwrap();
        }
        for at in 0..40 {
            if at == 30 {
                handle.order(Order::Close { session }).unwrap();
            }
            caller.send_to(packet, ports[0].rtp()).unwrap();
        }

        let (finished, _, figures) = std::iter::from_fn(|| events.recv_timeout(PATIENCE).ok())
            .find_map(figures_of)
            .expect("figures come back");
        assert_eq!(finished, session);
        assert_eq!(waiting(callee), figures.callee.packets_out);
        assert_eq!(waiting(&callees[(call as usize + 1) % 2]), 0);
        carried += figures.callee.packets_out;
    }
    handle.stop().unwrap();
    assert!(carried > 0, "packets were on their way");
}

#[test]
fn the_best_engine_is_taken_by_itself() {
    let best = start_on(Engine::Uring, quiet()).map_or(Engine::Epoll, |handle| handle.engine());

    assert_eq!(start(quiet()).unwrap().engine(), best);
    assert_eq!(start_on(Engine::Epoll, quiet()).unwrap().engine(), Engine::Epoll);
}

#[test]
fn where_io_uring_is_forbidden_epoll_serves() {
    std::thread::spawn(|| {
        forbid_io_uring();

        assert_eq!(start(quiet()).unwrap().engine(), Engine::Epoll);
        assert!(start_on(Engine::Uring, quiet()).is_err());
    })
    .join()
    .unwrap();
}

#[test]
fn a_core_that_is_not_there_is_told_at_once() {
    assert!(start(Settings { core: Some(1023), ..quiet() }).is_err());
}

#[test]
fn the_descriptor_limit_is_raised_once_and_stays() {
    let limit = raise_descriptor_limit().unwrap();

    assert!(limit >= 1024, "{limit}");
    assert_eq!(raise_descriptor_limit().unwrap(), limit);
}

macro_rules! on_both_engines {
    ($($sentence:ident)*) => {
        mod epoll {
            use media_io::Engine;
            $(#[test] fn $sentence() { super::$sentence(Engine::Epoll) })*
        }
        mod uring {
            use media_io::Engine;
            $(#[test] fn $sentence() { super::$sentence(Engine::Uring) })*
        }
    };
}

on_both_engines! {
    packets_cross_both_ways_and_strangers_are_dropped
    a_burst_crosses_whole_and_in_order
    reports_cross_on_their_own_ports
    whoever_asks_hears_when_each_side_was_heard_last
    one_leg_may_be_ipv6_and_the_other_ipv4
    a_packet_that_cannot_be_sent_is_told
    a_port_in_use_fails_the_stream_and_frees_the_others
    closed_ports_can_be_bound_again
    many_orders_are_all_carried_out
    a_stop_brings_back_the_figures_of_open_streams
    what_is_too_long_is_dropped_and_the_rest_crosses
    a_failed_send_stops_nobody
    a_crowd_that_waited_crosses_whole_and_in_order
    b8_one_side_goes_over_to_other_ports
    a_late_packet_touches_no_later_stream
    h10_a_tone_is_played_every_20_ms
}

const LOOPBACK: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);
const LOOPBACK_6: IpAddr = IpAddr::V6(std::net::Ipv6Addr::LOCALHOST);

struct House {
    handle: Handle,
    events: Receiver<Event>,
    ports: [PortPair; 2],
}

impl House {
    fn open(engine: Engine, caller: IpAddr, callee: IpAddr) -> House {
        let (handle, events) = started(engine);
        let ports = [pair(caller), pair(callee)];
        handle.order(Order::Open { session: CALL, stream: 0, ports }).unwrap();
        House { handle, events, ports }
    }

    /// An order is carried out before a packet that is sent after it only if the loop has seen it: so a
    /// second, empty order is sent and its answer awaited.
    fn aim(&self, side: Side, rtp: &UdpSocket, rtcp: &UdpSocket) {
        let aim = aim_at(rtp, rtcp);
        self.handle.order(Order::Aim { session: CALL, stream: 0, side, aim }).unwrap();
        self.handle.order(Order::Open { session: CALL, stream: 0, ports: self.ports }).unwrap();
        match self.next_event() {
            Event::Failed { why, .. } if why == "the stream is open already" => {}
            event => panic!("{event:?}"),
        }
    }

    fn next_event(&self) -> Event {
        self.events.recv_timeout(PATIENCE).unwrap()
    }

    fn await_latch(&self) {
        assert!(matches!(self.events.recv_timeout(PATIENCE), Ok(Event::Latched { .. })));
    }

    fn finish(self) -> Figures {
        self.handle.order(Order::Close { session: CALL }).unwrap();
        let figures = loop {
            match self.events.recv_timeout(PATIENCE).expect("figures come back") {
                Event::Finished { figures, .. } => break *figures,
                Event::Latched { .. }
                | Event::LastHeard { .. }
                | Event::Chatted { .. }
                | Event::Pressed { .. }
                | Event::Signalled { .. }
                | Event::NoWay { .. }
                | Event::Taped(_)
                | Event::Excerpted(_) => {}
                Event::Failed { why, .. } => panic!("{why}"),
            }
        };
        self.handle.stop().unwrap();
        figures
    }
}

fn started(engine: Engine) -> (Handle, Receiver<Event>) {
    let (tell, events) = mpsc::channel();
    let settings = Settings {
        name: "media-test".to_owned(),
        core: None,
        marks: Vec::new(),
        kernel: None,
        events: move |event| drop(tell.send(event)),
    };
    (start_on(engine, settings).unwrap(), events)
}

fn quiet() -> Settings<fn(Event)> {
    Settings { name: "media-test".to_owned(), core: None, marks: Vec::new(), kernel: None, events: drop }
}

fn aim_at(rtp: &UdpSocket, rtcp: &UdpSocket) -> Aim {
    Aim {
        rtp: Some(rtp.local_addr().unwrap()),
        reports: Reports::Apart(Some(rtcp.local_addr().unwrap())),
        sending: Sending::Allowed,
        senders: Senders::Signalled,
        turn: Turn::Same,
        clock: 8000,
        protection: None,
        door: None,
    }
}

fn figures_of(event: Event) -> Option<(SessionKey, u8, Figures)> {
    match event {
        Event::Finished { session, stream, figures } => Some((session, stream, *figures)),
        Event::Latched { .. }
        | Event::LastHeard { .. }
        | Event::Chatted { .. }
        | Event::Pressed { .. }
        | Event::Signalled { .. }
        | Event::NoWay { .. }
        | Event::Taped(_)
        | Event::Excerpted(_) => None,
        Event::Failed { why, .. } => panic!("{why}"),
    }
}

/// From here on this thread and those it starts are refused a ring, as in many containers.
fn forbid_io_uring() {
    let code = |code: u32, k: u32, jt: u8, jf: u8| libc::sock_filter { code: code as u16, jt, jf, k };
    let refuse = libc::SECCOMP_RET_ERRNO | libc::EPERM as u32;
    let mut filter = [
        code(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, 0, 0),
        code(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, libc::SYS_io_uring_setup as u32, 0, 1),
        code(libc::BPF_RET | libc::BPF_K, refuse, 0, 0),
        code(libc::BPF_RET | libc::BPF_K, libc::SECCOMP_RET_ALLOW, 0, 0),
    ];
    let program = libc::sock_fprog { len: filter.len() as u16, filter: filter.as_mut_ptr() };
    // SAFETY: reads the program, which lives through the call.
    let done = unsafe {
        libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
        libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &program)
    };
    assert_eq!(done, 0, "no filter: {}", std::io::Error::last_os_error());
}

fn peers(count: u64) -> Vec<UdpSocket> {
    (0..count).map(|_| socket(LOOPBACK)).collect()
}

/// How many packets wait at a socket to which nobody sends.
fn waiting(socket: &UdpSocket) -> u64 {
    socket.set_nonblocking(true).unwrap();
    std::iter::from_fn(|| socket.recv(&mut [0; 2048]).ok()).count() as u64
}

/// A pair that was free a moment ago, and that this process has not named before. Other processes test too:
/// IPv4 has a loopback address for each.
fn pair(address: IpAddr) -> PortPair {
    static NAMED: AtomicU16 = AtomicU16::new(0);
    let [_, high, middle, low] = std::process::id().to_be_bytes();
    let (address, first) = match address {
        IpAddr::V4(_) => (IpAddr::from([127, high + 1, middle, low]), 10_000),
        IpAddr::V6(_) => (address, 10_000 + u16::from(low) * 64),
    };
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
    let mut buffer = [0; 16_384];
    let (length, from) = socket.recv_from(&mut buffer).expect("a packet comes");
    (buffer[..length].to_vec(), from)
}

fn tone(packets: usize) -> Vec<Vec<u8>> {
    let mut sine = Sine::new(8000, 440, 8000);
    let packet = |sequence: u16| {
        let payload: Vec<u8> = (0..160).map(|_| g711::encode_mu(sine.next_sample())).collect();
        let timestamp = u32::from(sequence) * 160;
        let fixed = Fixed { marker: sequence == 0, payload_type: 0, sequence, timestamp, ssrc: 0xcafe };
        let mut packet = Vec::new();
        Header { payload: &payload, ..Header::from(fixed) }.write(&mut packet);
        packet
    };
    (0..u16::try_from(packets).unwrap()).map(packet).collect()
}
