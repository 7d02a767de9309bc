//! The path in the kernel.
#![allow(clippy::unwrap_used)]

mod house;

use std::io;
use std::net::{Ipv4Addr, UdpSocket};
use std::os::fd::FromRawFd;
use std::time::{Duration, Instant};

use house::{BEFALLS, CALL, CALLEE, Far, HOUSE, House, PATIENCE, STEADY, befallen, heard, packet, waiting};
use media::{Codec, Event, Events, Figures, Keys, Order, Sending, Side, SideFigures, Signal, Spoken};
use media_io::KernelPath;
use rtp::{Fixed, Header, TelephoneEvent, rtcp};
use sound::g711::{a_of_mu, mu_of_a};

const STRANGER: &str = "10.99.0.1:6666";

#[test]
fn a_steady_stream_is_carried_in_the_kernel_both_ways() {
    let Some(house) = House::with_kernel() else { return };

    let (to_callee, to_caller) = house.talk(0..200);

    assert_eq!((to_callee, to_caller), (200, 200));
    let figures = house.finish();
    for side in [figures.caller, figures.callee] {
        assert_eq!((side.packets_in, side.packets_out), (200, 200));
        assert_eq!((side.bytes_in, side.bytes_out), (200 * 172, 200 * 172));
        assert_eq!((side.lost, side.reordered, side.duplicates, side.sources), (0, 0, 0, 1));
        assert_eq!(side.packets_carried, 200 - u64::from(STEADY), "{side:?}");
    }
}

/// The same packets, some lost, some late, some twice: whoever carries them counts the same.
#[test]
fn the_kernel_counts_what_the_loop_counts() {
    let Some(carried) = House::with_kernel() else { return };
    let carried = carried.play_all();
    let looped = House::without_kernel().play_all();

    assert!(carried.caller.packets_carried > 200, "{carried:?}");
    assert_eq!(looped.caller.packets_carried, 0);
    // How late a packet was is a matter of the machine's load too.
    let plain = |side: SideFigures| SideFigures {
        late: 0,
        jitter_us: 0,
        jitter_max_us: 0,
        packets_carried: 0,
        first: None,
        last: None,
        ..side
    };
    assert_eq!(plain(carried.caller), plain(looped.caller));
    assert_eq!(plain(carried.callee), plain(looped.callee));
    assert!(carried.caller.late > 1 && looped.caller.late > 1, "{carried:?} {looped:?}");
    assert!(looped.caller.gaps > 5, "{looped:?}");
    assert!(looped.caller.lost > 0 && looped.caller.reordered > 0 && looped.caller.duplicates > 0);
    // 20 ms of sound every 2 ms is 18 ms off each time, whoever looks at the clock; and a late one more.
    for jitter in [|side: SideFigures| side.jitter_us, |side: SideFigures| side.jitter_max_us] {
        let [one, other] = [carried.caller, looped.caller].map(jitter);
        assert!(one > 15_000 && one.abs_diff(other) < one / 5, "{one} {other}");
    }
}

#[test]
fn what_is_not_as_it_was_goes_to_the_loop_and_is_judged_there() {
    let Some(house) = House::with_kernel() else { return };
    house.talk(0..100);

    // Another source, from where the peer is.
    for number in 0..10 {
        house.caller.send_to(&packet(number, 0xbeef, 0), house.at(Side::Caller)).unwrap();
        assert_eq!(heard(&house.callee).0, packet(number, 0xbeef, 0));
    }
    let (loss, stranger) = (20, house.far_socket(STRANGER));
    for number in 10..400 {
        if number % 100 == 0 {
            stranger.send_to(&packet(number, 0xbeef, 0), house.at(Side::Caller)).unwrap();
        }
        if !(100..100 + loss).contains(&number) {
            house.caller.send_to(&packet(number, 0xbeef, 0), house.at(Side::Caller)).unwrap();
            assert_eq!(heard(&house.callee).0, packet(number, 0xbeef, 0));
        }
    }

    let figures = house.finish();
    assert_eq!(figures.caller.sources, 2);
    assert_eq!(figures.caller.lost, u64::from(loss));
    assert_eq!(figures.caller.dropped_strangers, 4 - 1);
    assert!(figures.caller.packets_carried > 300, "{figures:?}");
}

#[test]
fn a_key_press_and_a_report_cross_while_the_stream_is_carried() {
    let Some(house) = House::with_kernel() else { return };
    house.talk(0..100);
    let mut report = Vec::new();
    rtcp::write_report(7, None, &[], &mut report);

    let reports = [house.far_socket("10.99.0.1:4001"), house.far_socket("10.99.0.1:6001")];
    reports[0].send_to(&report, house.ports[0].rtcp()).unwrap();
    let told = heard(&reports[1]).0;
    // A type that has not come before, and one that has.
    for number in 100..103 {
        house.caller.send_to(&packet(number, 0xcafe, 101), house.at(Side::Caller)).unwrap();
        assert_eq!(heard(&house.callee).0, packet(number, 0xcafe, 101));
    }
    house.talk(103..300);

    assert_eq!(told, report);
    let figures = house.finish();
    assert_eq!((figures.caller.rtcp_in, figures.callee.rtcp_out), (1, 1));
    assert_eq!((figures.caller.packets_in, figures.caller.lost, figures.caller.sources), (300, 0, 1));
    assert!(figures.caller.packets_carried > 100, "{figures:?}");
}

#[test]
fn nothing_crosses_in_the_kernel_after_an_order_to_hold() {
    let Some(house) = House::with_kernel() else { return };
    house.talk(0..100);

    house.aim(Side::Callee, CALLEE, Sending::Held);
    for number in 100..110 {
        house.caller.send_to(&packet(number, 0xcafe, 0), house.at(Side::Caller)).unwrap();
    }
    std::thread::sleep(Duration::from_millis(100));
    let in_hold = waiting(&house.callee);
    house.aim(Side::Callee, "10.99.0.1:7000", Sending::Allowed);
    let elsewhere = house.far_socket("10.99.0.1:7000");
    for number in 110..250 {
        house.caller.send_to(&packet(number, 0xcafe, 0), house.at(Side::Caller)).unwrap();
        assert_eq!(heard(&elsewhere), (packet(number, 0xcafe, 0), house.ports[1].rtp()));
    }

    assert_eq!((in_hold, waiting(&house.callee)), (0, 0));
    let figures = house.finish();
    assert_eq!(figures.caller.dropped_undeliverable, 10);
    assert_eq!((figures.caller.packets_in, figures.callee.packets_out), (250, 240));
    assert!(figures.caller.packets_carried > 100, "{figures:?}");
}

#[test]
fn whoever_asks_hears_when_a_carried_side_was_heard_last() {
    let Some(house) = House::with_kernel() else { return };
    house.talk(0..100);
    std::thread::sleep(Duration::from_millis(50));
    let before = Instant::now();
    house.talk(100..101);

    house.handle.order(Order::Ask { session: CALL }).unwrap();

    let (caller, callee, signs) = loop {
        if let Event::LastHeard { caller, callee, signs, .. } = house.next_event() {
            break (caller, callee, signs);
        }
    };
    assert!(before <= caller && before <= callee && caller <= Instant::now());
    assert_eq!(signs.map(|of| of.packets), [101, 101]);
    assert_eq!(house.finish().caller.packets_carried, 51);
}

/// A sum that is right before is right after, whether the sender's card or the sender makes it.
#[test]
fn the_sum_of_a_packet_proves_what_the_sender_wrote() {
    let Some(house) = House::with_kernel() else { return };
    house.talk(0..100);
    house.far.run(&["ethtool", "-K", "far", "tx", "off"]);
    house.run(&["ethtool", "-K", "house", "rx", "off"]);
    house.talk(100..200);

    let raw = house.far.raw_socket();
    let damaged = datagram([4000, 10_000], &packet(200, 0xcafe, 0), 0x1234);
    raw.send_to(&damaged, house.at(Side::Caller)).unwrap();
    house.talk_from(Side::Caller, 201..202);

    assert_eq!(waiting(&house.callee), 0, "the far end drops it");
    let figures = house.finish();
    assert_eq!((figures.caller.packets_in, figures.caller.packets_carried), (202, 152));
}

#[test]
fn a_packet_without_a_sum_crosses_without_one() {
    let Some(house) = House::with_kernel() else { return };
    house.talk(0..100);
    let raw = house.far.raw_socket();

    raw.send_to(&datagram([4000, 10_000], &packet(100, 0xcafe, 0), 0), house.at(Side::Caller)).unwrap();

    assert_eq!(heard(&house.callee).0, packet(100, 0xcafe, 0));
    assert_eq!(house.finish().caller.packets_carried, 51);
}

#[test]
fn longer_packets_than_fit_through_go_to_the_loop() {
    let Some(house) = House::with_kernel() else { return };
    house.talk(0..100);
    house.run(&["ip", "route", "change", "10.99.0.0/24", "dev", "house", "src", "10.99.0.2", "mtu", "1000"]);
    std::thread::sleep(Duration::from_secs(1));
    house.talk(100..250);
    let mut long = packet(250, 0xcafe, 0);
    long.resize(1200, 7);

    house.caller.send_to(&long, house.at(Side::Caller)).unwrap();

    assert_eq!(heard(&house.callee).0, long, "cut by the system, and put together");
    house.talk_from(Side::Caller, 251..260);
    let figures = house.finish();
    assert_eq!((figures.caller.packets_in, figures.caller.packets_carried), (260, 50 + 50));
}

#[test]
fn a_stream_goes_on_when_the_way_to_its_peer_changes() {
    let Some(house) = House::with_kernel() else { return };
    house.talk(0..100);

    // The far end has another address on the wire now, and says nothing of it.
    house.far.run(&["ip", "link", "set", "far", "address", "02:00:00:00:00:77"]);
    house.run(&["ip", "neighbour", "flush", "dev", "house"]);
    std::thread::sleep(Duration::from_secs(1));

    let (to_callee, to_caller) = house.talk(100..250);
    assert_eq!((to_callee, to_caller), (150, 150));
    assert!(house.finish().caller.packets_carried > 100);
}

/// All codes of both laws, in packets of 5 to 60 ms: what the kernel
/// makes of them is what the loop makes of them.
#[test]
fn h4_one_law_becomes_the_other_in_the_kernel() {
    let Some(house) = House::with_kernel() else { return };
    house.transcodes();
    house.talks_laws(0..100, 160);

    let lengths = [40, 80, 160, 200, 240, 320, 360, 400, 480];
    for (number, length) in (100..).zip(lengths.iter().cycle().take(200)) {
        house.talks_laws(number..number + 1, *length);
    }

    let figures = house.finish();
    for side in [figures.caller, figures.callee] {
        assert_eq!((side.packets_in, side.packets_out, side.lost, side.sources), (300, 300, 0, 1));
        assert_eq!(side.bytes_in, side.bytes_out);
        assert_eq!(side.packets_carried, 300 - u64::from(STEADY), "{side:?}");
    }
}

/// What is of an odd length or too long the loop makes, and the kernel goes on.
#[test]
fn h4_other_packets_of_a_law_are_made_in_the_loop() {
    let Some(house) = House::with_kernel() else { return };
    house.transcodes();
    let mut number = 0;
    for odd in [161, 8, 520, 1_000, 1] {
        house.talks_laws(number..number + 400, 160);
        house.talks_laws(number + 400..number + 401, odd);
        number += 401;
    }
    house.talks_laws(number..number + 400, 160);

    let figures = house.finish();
    assert_eq!((figures.caller.packets_in, figures.callee.packets_out), (2405, 2405));
    assert!(figures.caller.packets_carried > 700, "{figures:?}");
}

/// Contributors and padding are no sound, however long they make a packet.
#[test]
fn h4_what_stands_around_sound_is_taken_off_in_the_loop() {
    let Some(house) = House::with_kernel() else { return };
    house.transcodes();
    house.talks_laws(0..100, 160);

    let (mut padded, csrc) = (Vec::new(), [9; 16]);
    let padded_header = Header { payload: &[0x11; 160], csrc: &csrc, padding: 24, ..in_laws(100, 0).into() };
    padded_header.write(&mut padded);
    house.caller.send_to(&padded, house.at(Side::Caller)).unwrap();

    assert_eq!(heard(&house.callee).0, in_law(100, 8, &[a_of_mu(0x11); 160]));
    let figures = house.finish();
    assert_eq!((figures.caller.packets_in, figures.caller.packets_carried), (101, 50));
}

/// Copies and stragglers leave nothing, whoever makes one law of the other, and both count the same.
#[test]
fn h7_the_kernel_keeps_what_the_loop_keeps() {
    let Some(carried) = House::with_kernel() else { return };
    let (carried, heard_of_kernel) = carried.plays_laws();
    let (looped, heard_of_loop) = House::without_kernel().plays_laws();

    assert_eq!(heard_of_kernel, heard_of_loop, "the same bytes in the same order");
    assert!(carried.caller.packets_carried > 200, "{carried:?}");
    let counts = |side: SideFigures| {
        let SideFigures { packets_in, packets_out, bytes_in, bytes_out, .. } = side;
        [packets_in, packets_out, bytes_in, bytes_out, side.lost, side.reordered, side.duplicates]
    };
    assert_eq!(counts(carried.caller), counts(looped.caller));
    assert_eq!(counts(carried.callee), counts(looped.callee));
    assert!(looped.caller.reordered > 5 && looped.caller.duplicates > 5, "{looped:?}");
    assert_eq!(heard_of_loop.len() as u64, looped.callee.packets_out);
}

/// Key presses cross as they are, at the number of the other side; a gateway that says of a fax what it is,
/// is heard by the loop.
#[test]
fn h2_events_cross_beside_a_law_that_is_changed() {
    let Some(house) = House::with_kernel() else { return };
    house.transcodes();
    house.talks_laws(0..100, 160);

    let crosses = |number: u16, event: u8| {
        let said = TelephoneEvent { event, end: false, volume: 10, duration: 160 };
        let fixed = Fixed { marker: true, ..in_laws(number, 101) };
        let mut packet = Vec::new();
        Header { payload: &said.bytes(), ..Header::from(fixed) }.write(&mut packet);
        house.caller.send_to(&packet, house.at(Side::Caller)).unwrap();
        packet[1] = 0x80 | 96;
        assert_eq!(heard(&house.callee).0, packet);
    };
    for number in 100..110 {
        crosses(number, (number - 100) as u8);
    }
    house.talks_laws(110..120, 160);
    crosses(120, 36);

    assert_eq!(house.heard_signal(), (Side::Caller, Signal::Calling));
    assert_eq!(house.finish().caller.packets_carried, 50 + 10 + 10);
}

/// Noise of ours stood for who said nothing: numbers go on from the loop to the kernel and back.
#[test]
fn h1_numbers_go_on_from_noise_of_the_loop_to_the_kernel() {
    let Some(house) = House::with_kernel() else { return };
    house.transcodes();
    house.talks_laws(0..20, 160);
    let noise = {
        let mut packet = Vec::new();
        Header { payload: &[40], ..Header::from(in_laws(20, 13)) }.write(&mut packet);
        packet
    };
    house.caller.send_to(&noise, house.at(Side::Caller)).unwrap();
    let mut last = 19;
    for _ in 0..10 {
        last = Fixed::of(&heard(&house.callee).0).unwrap().sequence;
    }
    assert_eq!(last, 29);

    for number in 21..300 {
        house.caller.send_to(&in_law(number, 0, &[0x11; 160]), house.at(Side::Caller)).unwrap();
        loop {
            let (left, _) = heard(&house.callee);
            let next = Fixed::of(&left).unwrap().sequence;
            assert_eq!(next, last + 1, "{number}");
            last = next;
            if left[12..] == [a_of_mu(0x11); 160] {
                break;
            }
        }
    }

    let carried = house.finish().caller.packets_carried;
    assert!(carried > 200, "{carried}");
}

/// A sum that is right before is right after, whether the sender's card or the sender makes it; one that is
/// wrong stays so, and none stays none.
#[test]
fn h4_the_sum_of_a_law_proves_what_the_sender_wrote() {
    let Some(house) = House::with_kernel() else { return };
    house.transcodes();
    house.talks_laws(0..100, 160);
    house.far.run(&["ethtool", "-K", "far", "tx", "off"]);
    house.run(&["ethtool", "-K", "house", "rx", "off"]);
    house.talks_laws(100..200, 160);
    house.talks_laws(200..203, 480);

    let raw = house.far.raw_socket();
    let codes: Vec<u8> = (0..240).collect();
    raw.send_to(&datagram([4000, 10_000], &in_law(203, 0, &codes), 0x1234), house.at(Side::Caller)).unwrap();
    raw.send_to(&datagram([4000, 10_000], &in_law(204, 0, &codes), 0), house.at(Side::Caller)).unwrap();

    let changed: Vec<u8> = codes.iter().copied().map(a_of_mu).collect();
    assert_eq!(heard(&house.callee).0, in_law(204, 8, &changed), "the far end drops the damaged one");
    let figures = house.finish();
    assert_eq!((figures.caller.packets_in, figures.caller.packets_carried), (205, 155));
}

#[test]
fn where_no_program_may_see_packets_it_is_said_why() {
    let Some(_house) = House::with_kernel() else { return };

    let (path, without) = KernelPath::open(&[Ipv4Addr::LOCALHOST.into(), [192, 0, 2, 1].into()], 4).unwrap();

    assert!(!path.is_open());
    let why: Vec<_> = without.iter().map(|one| format!("{}: {}", one.address, one.why)).collect();
    assert_eq!(why, ["127.0.0.1: lo is no Ethernet", "192.0.2.1: no device has this address"]);
}

#[test]
fn two_capabilities_are_enough() {
    let Some(_house) = House::with_kernel() else { return };
    const NET_ADMIN: u64 = 1 << 12;
    const BPF: u64 = 1 << 39;

    keep_capabilities(NET_ADMIN | BPF);
    let opened = KernelPath::open(&[HOUSE], 8);
    keep_capabilities(NET_ADMIN);
    let refused = KernelPath::open(&[HOUSE], 8);

    assert!(opened.unwrap().0.is_open());
    assert_eq!(refused.unwrap_err().kind(), io::ErrorKind::PermissionDenied);
}

impl House {
    /// From now on the caller speaks PCMU and the callee PCMA, and both press keys.
    fn transcodes(&self) {
        let spoken =
            [(0, Codec::Pcmu, 101), (8, Codec::Pcma, 96)].map(|(payload_type, codec, keys)| Spoken {
                codecs: vec![(payload_type, codec)],
                keys: Keys::Events(Events { payload_type: keys, clock: 8_000 }),
                noise: None,
            });
        let spoken = Some(Box::new(spoken));
        self.handle.order(Order::Transcode { session: CALL, stream: 0, spoken }).unwrap();
        self.aim(Side::Callee, CALLEE, Sending::Allowed);
    }

    /// Both peers say packets of so many codes, each in its own law, and hear the other's in it.
    fn talks_laws(&self, numbers: std::ops::Range<u16>, length: usize) {
        for number in numbers {
            let codes: Vec<u8> = (0..length).map(|at| (at + usize::from(number) * 3) as u8).collect();
            let of = |law: fn(u8) -> u8| codes.iter().copied().map(law).collect::<Vec<u8>>();
            self.caller.send_to(&in_law(number, 0, &codes), self.at(Side::Caller)).unwrap();
            assert_eq!(heard(&self.callee), (in_law(number, 8, &of(a_of_mu)), self.at(Side::Callee)));
            self.callee.send_to(&in_law(number, 8, &codes), self.at(Side::Callee)).unwrap();
            assert_eq!(heard(&self.caller), (in_law(number, 0, &of(mu_of_a)), self.at(Side::Caller)));
        }
    }

    /// What the callee hears of a caller whose packets are lost, late and doubled.
    fn plays_laws(self) -> (Figures, Vec<Vec<u8>>) {
        self.transcodes();
        self.callee.set_nonblocking(true).unwrap();
        let (mut left, mut buffer) = (Vec::new(), [0; 2048]);
        for (at, number) in befallen().into_iter().enumerate() {
            self.caller.send_to(&in_law(number, 0, &[number as u8; 160]), self.at(Side::Caller)).unwrap();
            std::thread::sleep(Duration::from_millis(4));
            // Each of the first is heard: nobody else carries them while one waits in the loop.
            let until = Instant::now() + PATIENCE;
            while at < BEFALLS && left.len() <= at && Instant::now() < until {
                left.extend(self.callee.recv(&mut buffer).ok().map(|length| buffer[..length].to_vec()));
            }
            while let Ok(length) = self.callee.recv(&mut buffer) {
                left.push(buffer[..length].to_vec());
            }
        }
        (self.finish(), left)
    }

    /// The next signal of a fax that the house tells of.
    fn heard_signal(&self) -> (Side, Signal) {
        loop {
            if let Event::Signalled { side, signal, .. } = self.next_event() {
                return (side, signal);
            }
        }
    }

    /// 20 ms of sound every 2 ms, from the caller, with all that may befall a packet.
    fn play_all(self) -> Figures {
        let mut numbers = befallen();
        numbers.insert(250, numbers[250 - 70]);
        for number in &numbers {
            // Some are later than anybody waits, and one sender pauses.
            let held = match number {
                100 | 140 => 200,
                180 => 900,
                _ => 2,
            };
            std::thread::sleep(Duration::from_millis(held));
            self.caller.send_to(&packet(*number, 0xcafe, 0), self.at(Side::Caller)).unwrap();
            assert_eq!(heard(&self.callee).0, packet(*number, 0xcafe, 0));
        }
        self.finish()
    }
}

impl Far {
    /// A socket to which the head of UDP is ours to write.
    fn raw_socket(&self) -> UdpSocket {
        self.there(|| {
            // SAFETY: takes no pointer.
            let socket = unsafe { libc::socket(libc::AF_INET, libc::SOCK_RAW, libc::IPPROTO_UDP) };
            assert!(socket >= 0);
            // SAFETY: a descriptor that the system has just given belongs to nobody else.
            unsafe { UdpSocket::from_raw_fd(socket) }
        })
    }
}

/// This thread may do no more than that from here on.
fn keep_capabilities(kept: u64) {
    let (low, high) = (kept as u32, (kept >> 32) as u32);
    // Version 3, and this thread; then what is effective, permitted and handed on, in two halves.
    let (head, sets) = ([0x2008_0522_u32, 0], [low, low, 0, high, high, 0]);
    // SAFETY: reads the head and the sets, which are as long as their version says.
    assert_eq!(unsafe { libc::syscall(libc::SYS_capset, head.as_ptr(), sets.as_ptr()) }, 0);
}

/// A head of UDP with a sum of our choice.
fn datagram([from, to]: [u16; 2], packet: &[u8], sum: u16) -> Vec<u8> {
    let head = [from, to, packet.len() as u16 + 8, sum].map(u16::to_be_bytes);
    [&head.concat()[..], packet].concat()
}

fn in_laws(sequence: u16, payload_type: u8) -> Fixed {
    let timestamp = u32::from(sequence.wrapping_add(200)) * 160;
    Fixed { marker: sequence == 0, payload_type, sequence, timestamp, ssrc: 0xcafe }
}

fn in_law(sequence: u16, payload_type: u8, codes: &[u8]) -> Vec<u8> {
    let mut packet = Vec::new();
    Header { payload: codes, ..Header::from(in_laws(sequence, payload_type)) }.write(&mut packet);
    packet
}
