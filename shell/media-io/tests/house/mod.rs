//! The house between two namespaces that each test makes for itself: ours has the house, the far one has both
//! peers, and a pair of devices joins them.
#![allow(dead_code, reason = "each test uses some of it")]

use std::fs::File;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::os::fd::AsRawFd;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

use media::{
    Aim, Event, Figures, Order, PortPair, Protection, Reports, Senders, Sending, SessionKey, Side, Turn,
};
use media_io::{Handle, KernelPath, Settings, start};
use rtp::{Fixed, Header};

pub const CALL: SessionKey = SessionKey { shard: 0, call: 42 };
pub const PATIENCE: Duration = Duration::from_secs(10);
pub const HOUSE: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 99, 0, 2));
pub const CALLER: &str = "10.99.0.1:4000";
pub const CALLEE: &str = "10.99.0.1:6000";
/// After so many packets a direction is worth carrying.
pub const STEADY: u16 = 50;
/// From this packet on some are late, or come twice.
pub const BEFALLS: usize = 60;

pub struct House {
    pub handle: Handle,
    pub events: Receiver<Event>,
    pub ports: [PortPair; 2],
    pub caller: UdpSocket,
    pub callee: UdpSocket,
    pub far: Far,
}

/// Somebody who holds the far namespace open.
pub struct Far(Child);

impl House {
    /// None where the system allows nobody to try.
    pub fn with_kernel() -> Option<House> {
        if let Err(error) = enter_namespace() {
            eprintln!("left out: no namespace of our own: {error}");
            return None;
        }
        let far = joined();
        match KernelPath::open(&[HOUSE], 8) {
            Ok((path, without)) => {
                assert!(without.is_empty(), "{without:?}");
                Some(House::open(far, Some(path)))
            }
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                eprintln!("left out: the kernel takes no program from us: {error}");
                None
            }
            Err(error) => panic!("{error}"),
        }
    }

    pub fn without_kernel() -> House {
        enter_namespace().unwrap();
        House::open(joined(), None)
    }

    pub fn open(far: Far, kernel: Option<KernelPath>) -> House {
        let (tell, events) = mpsc::channel();
        let handle = start(Settings {
            name: "media-test".to_owned(),
            core: None,
            marks: Vec::new(),
            kernel,
            events: move |event| drop(tell.send(event)),
        })
        .unwrap();
        let ports = [10_000, 10_002].map(|port| PortPair { address: HOUSE, port });
        handle.order(Order::Open { session: CALL, stream: 0, ports }).unwrap();
        let [caller, callee] = [CALLER, CALLEE].map(|place| far.socket(place));
        let house = House { handle, events, ports, caller, callee, far };
        house.aim(Side::Caller, CALLER, Sending::Allowed);
        house.aim(Side::Callee, CALLEE, Sending::Allowed);
        house
    }

    /// Returns when the order was carried out.
    pub fn aim(&self, side: Side, rtp: &str, sending: Sending) {
        self.aim_with(side, rtp, sending, None);
    }

    /// The same, with keys.
    pub fn aim_with(&self, side: Side, rtp: &str, sending: Sending, protection: Option<Protection>) {
        let rtp: SocketAddr = rtp.parse().unwrap();
        let aim = Aim {
            rtp: Some(rtp),
            reports: Reports::Apart(Some(SocketAddr::new(rtp.ip(), rtp.port() + 1))),
            sending,
            senders: Senders::Signalled,
            turn: Turn::Same,
            clock: 8000,
            protection: protection.map(Arc::new),
            door: None,
        };
        self.handle.order(Order::Aim { session: CALL, stream: 0, side, aim }).unwrap();
        self.handle.order(Order::Open { session: CALL, stream: 0, ports: self.ports }).unwrap();
        while !matches!(self.next_event(), Event::Failed { .. }) {}
    }

    pub fn next_event(&self) -> Event {
        self.events.recv_timeout(PATIENCE).unwrap()
    }

    pub fn at(&self, side: Side) -> SocketAddr {
        self.ports[side as usize].rtp()
    }

    /// Both peers say so many packets, each of which is heard before the next; how many were.
    pub fn talk(&self, numbers: std::ops::Range<u16>) -> (usize, usize) {
        let mut count = (0, 0);
        for number in numbers {
            count.0 += self.talk_from(Side::Caller, number..number + 1);
            count.1 += self.talk_from(Side::Callee, number..number + 1);
        }
        count
    }

    pub fn talk_from(&self, side: Side, numbers: std::ops::Range<u16>) -> usize {
        let (from, to) = match side {
            Side::Caller => (&self.caller, &self.callee),
            Side::Callee => (&self.callee, &self.caller),
        };
        let sent = numbers.map(|number| packet(number, 0xcafe, 0));
        let crossed = sent.map(|packet| {
            from.send_to(&packet, self.at(side)).unwrap();
            assert_eq!(heard(to), (packet, self.at(side.other())));
        });
        crossed.count()
    }

    pub fn finish(self) -> Figures {
        self.handle.order(Order::Close { session: CALL }).unwrap();
        let figures = loop {
            if let Event::Finished { figures, .. } = self.events.recv_timeout(PATIENCE).unwrap() {
                break *figures;
            }
        };
        self.handle.stop().unwrap();
        figures
    }

    pub fn far_socket(&self, place: &str) -> UdpSocket {
        self.far.socket(place)
    }

    pub fn run(&self, words: &[&str]) {
        run(words);
    }
}

impl Far {
    pub fn run(&self, words: &[&str]) {
        let id = self.0.id().to_string();
        run(&[&["nsenter", "--net", "--target", &id], words].concat());
    }

    pub fn socket(&self, place: &str) -> UdpSocket {
        let place = place.to_owned();
        let socket = self.there(|| UdpSocket::bind(place).unwrap());
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        socket
    }

    /// What somebody makes in the far namespace.
    pub fn there(&self, make: impl FnOnce() -> UdpSocket + Send + 'static) -> UdpSocket {
        let id = self.0.id();
        let there = std::thread::spawn(move || {
            let namespace = File::open(format!("/proc/{id}/ns/net")).unwrap();
            // SAFETY: takes no pointer.
            assert_eq!(unsafe { libc::setns(namespace.as_raw_fd(), libc::CLONE_NEWNET) }, 0);
            make()
        });
        there.join().unwrap()
    }
}

impl Drop for Far {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// This thread, and those that it starts, have a network of their own from here on.
pub fn enter_namespace() -> io::Result<()> {
    // SAFETY: takes no pointer.
    match unsafe { libc::unshare(libc::CLONE_NEWNET) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Joins this thread's network to another one.
pub fn joined() -> Far {
    let mut command = Command::new("unshare");
    let child = command.args(["--net", "sleep", "300"]).stdin(Stdio::null()).spawn().unwrap();
    let far = Far(child);
    let own = std::fs::read_link("/proc/thread-self/ns/net").unwrap();
    let theirs = format!("/proc/{}/ns/net", far.0.id());
    let until = Instant::now() + PATIENCE;
    while std::fs::read_link(&theirs).unwrap() == own {
        assert!(Instant::now() < until, "no other namespace");
        std::thread::sleep(Duration::from_millis(5));
    }
    let id = far.0.id().to_string();
    run(&["ip", "link", "set", "lo", "up"]);
    run(&["ip", "link", "add", "house", "type", "veth", "peer", "name", "far", "netns", &id]);
    run(&["ip", "address", "add", "10.99.0.2/24", "dev", "house"]);
    run(&["ip", "link", "set", "house", "up"]);
    far.run(&["ip", "address", "add", "10.99.0.1/24", "dev", "far"]);
    far.run(&["ip", "link", "set", "far", "up"]);
    far.run(&["ip", "link", "set", "lo", "up"]);
    far
}

pub fn run(words: &[&str]) {
    let done = Command::new(words[0]).args(&words[1..]).output().unwrap();
    assert!(done.status.success(), "{words:?}: {}", String::from_utf8_lossy(&done.stderr));
}

pub fn heard(socket: &UdpSocket) -> (Vec<u8>, SocketAddr) {
    let mut buffer = [0; 2048];
    let (length, from) = socket.recv_from(&mut buffer).expect("a packet comes");
    (buffer[..length].to_vec(), from)
}

/// How many packets wait at a socket to which nobody sends.
pub fn waiting(socket: &UdpSocket) -> usize {
    socket.set_nonblocking(true).unwrap();
    let count = std::iter::from_fn(|| socket.recv(&mut [0; 2048]).ok()).count();
    socket.set_nonblocking(false).unwrap();
    count
}

/// Numbers of packets, some of which are lost, some late, some twice.
pub fn befallen() -> Vec<u16> {
    let mut numbers: Vec<u16> = (65_400..=65_535).chain(0..200).collect();
    numbers.retain(|number| !number.is_multiple_of(37));
    for at in (BEFALLS..300).step_by(17) {
        numbers.swap(at, at + 1);
    }
    for at in (70..300).step_by(23) {
        numbers.insert(at, numbers[at - 3]);
    }
    numbers
}

pub fn packet(sequence: u16, ssrc: u32, payload_type: u8) -> Vec<u8> {
    let timestamp = u32::from(sequence.wrapping_add(200)) * 160;
    let fixed = Fixed { marker: false, payload_type, sequence, timestamp, ssrc };
    let mut packet = Vec::new();
    Header { payload: &[0x55; 160], ..Header::from(fixed) }.write(&mut packet);
    packet
}
