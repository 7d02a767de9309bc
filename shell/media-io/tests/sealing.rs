//! SRTP is taken off and put on in the kernel: what one side seals the other hears in the clear, and what it
//! says in the clear arrives sealed, whoever does it.
#![allow(clippy::unwrap_used)]

mod house;

use std::net::UdpSocket;
use std::time::Duration;

use house::{BEFALLS, CALLEE, CALLER, House, STEADY, befallen, heard, waiting};
use media::{Figures, Protection, Sending, Side, SideFigures};
use rtp::srtp::{MasterKey, Opener, Sealer, Suite};
use rtp::{Fixed, Header};

/// Those of AES in counter mode, proven with SHA-1.
const SUITES: [Suite; 4] = [
    Suite::AesCm128HmacSha1_80,
    Suite::AesCm128HmacSha1_32,
    Suite::AesCm256HmacSha1_80,
    Suite::AesCm256HmacSha1_32,
];

/// A caller who seals what it says.
struct Sealed {
    house: House,
    suite: Suite,
    seals: Sealer,
    opens: Opener,
}

#[test]
fn i1_sealed_and_clear_media_are_bridged_in_the_kernel() {
    for suite in SUITES {
        let Some(mut sealed) = Sealed::begin(suite, House::with_kernel()) else { return };

        // Whole blocks of the cipher and of the hash, and those that are not.
        let lengths = [160, 1, 40, 63, 64, 65, 127, 128, 129, 160, 200, 320, 470, 480];
        for (number, length) in (0..280).zip(lengths.into_iter().cycle()) {
            sealed.talks(number, if number < STEADY { 160 } else { length });
        }

        let figures = sealed.house.finish();
        let growth = 280 * suite.rtp_growth() as u64;
        let SideFigures { packets_in, packets_out, bytes_in, bytes_out, .. } = figures.caller;
        assert_eq!((packets_in, packets_out), (280, 280), "{suite}");
        assert_eq!(bytes_in + growth, bytes_out, "{suite}");
        for side in [figures.caller, figures.callee] {
            assert_eq!((side.lost, side.duplicates, side.dropped_unproven, side.sources), (0, 0, 0, 1));
            assert_eq!(side.packets_carried, 280 - u64::from(STEADY), "{suite} {side:?}");
        }
    }
}

/// The same packets, some lost, some late, some twice, while their numbers begin anew at 0: whoever opens and
/// seals them hears, lets through and counts the same.
#[test]
fn i1_the_kernel_opens_and_seals_what_the_loop_does() {
    let suite = Suite::AesCm128HmacSha1_80;
    let Some(carried) = Sealed::begin(suite, House::with_kernel()) else { return };
    let (carried, heard_of_kernel) = carried.plays();
    let (looped, heard_of_loop) = Sealed::begin(suite, Some(House::without_kernel())).unwrap().plays();

    assert_eq!(heard_of_kernel, heard_of_loop, "the same bytes in the same order");
    for side in [carried.caller, carried.callee] {
        assert!(side.packets_carried > 150, "{side:?}");
    }
    assert_eq!(counts(carried.caller), counts(looped.caller));
    assert_eq!(counts(carried.callee), counts(looped.callee));
    assert!(looped.caller.duplicates > 5 && looped.caller.reordered > 5, "{looped:?}");
}

/// What was altered, or sealed by another key, or came before, is heard by nobody, and ends nothing.
#[test]
fn g1_what_is_not_the_peers_ends_in_the_kernel() {
    let suite = Suite::AesCm128HmacSha1_32;
    let Some(mut sealed) = Sealed::begin(suite, House::with_kernel()) else { return };
    (0..100).for_each(|number| sealed.talks(number, 160));
    let at = sealed.house.at(Side::Caller);

    let genuine = sealed.seal(&speech(100, 160));
    for place in [1, 2, 11, 12, 100, 171, 172, 175] {
        let mut altered = genuine.clone();
        altered[place] ^= 0x10;
        // Of a type or a number that is nobody's the loop is asked, and it asks for the proof.
        sealed.house.caller.send_to(&altered, at).unwrap();
    }
    let mut foreign = Sealer::new(&key(suite, 9));
    let mut bytes = [speech(101, 160), vec![0; 16]].concat();
    let length = foreign.seal_rtp(&mut bytes, 172).unwrap();
    sealed.house.caller.send_to(&bytes[..length], at).unwrap();
    sealed.house.caller.send_to(&speech(102, 160), at).unwrap();
    std::thread::sleep(Duration::from_millis(100));
    assert_eq!(waiting(&sealed.house.callee), 0);

    for _ in 0..5 {
        sealed.house.caller.send_to(&genuine, at).unwrap();
    }
    assert_eq!(heard(&sealed.house.callee).0, speech(100, 160));
    std::thread::sleep(Duration::from_millis(100));
    assert_eq!(waiting(&sealed.house.callee), 0, "it is heard once");
    (101..400).for_each(|number| sealed.talks(number, 160));

    let caller = sealed.house.finish().caller;
    assert_eq!((caller.packets_in, caller.dropped_unproven, caller.duplicates), (400, 10, 4), "{caller:?}");
}

/// Behind a new start of the numbers the round goes on from the kernel to the loop and back, on both ways.
#[test]
fn i1_rounds_are_kept_between_kernel_and_loop() {
    let suite = Suite::AesCm128HmacSha1_80;
    let Some(mut sealed) = Sealed::begin(suite, House::with_kernel()) else { return };
    let numbers = |from: u16, count: u16| (0..count).map(move |at| from.wrapping_add(at));
    numbers(65_400, 200).for_each(|number| sealed.talks(number, 160));

    // An order takes all of it back.
    sealed.house.aim(Side::Callee, CALLEE, Sending::Allowed);
    numbers(64, 20).for_each(|number| sealed.talks(number, 160));
    let carried_again = numbers(84, 100);
    carried_again.for_each(|number| sealed.talks(number, 160));

    let figures = sealed.house.finish();
    for side in [figures.caller, figures.callee] {
        assert_eq!((side.packets_in, side.lost, side.dropped_unproven), (320, 0, 0));
        assert!(side.packets_carried > 200, "{side:?}");
    }
}

/// A clear sender who begins anew is sealed with numbers that were not used yet, in the loop and then in the
/// kernel.
#[test]
fn i1_numbers_that_begin_anew_are_sealed_as_new_ones() {
    let suite = Suite::AesCm128HmacSha1_80;
    let Some(mut sealed) = Sealed::begin(suite, House::with_kernel()) else { return };
    (5_000..5_200).for_each(|number| sealed.talks(number, 160));

    let mut last = 5_199;
    for number in 1_000..1_400 {
        let said = speech(number, 160);
        sealed.house.callee.send_to(&said, sealed.house.at(Side::Callee)).unwrap();
        // The first of all might have been a straggler.
        if number == 1_000 {
            std::thread::sleep(Duration::from_millis(50));
            continue;
        }
        let (mut left, _) = heard(&sealed.house.caller);
        let length = sealed.opens.open_rtp(&mut left).unwrap();
        let left = &left[..length];
        assert_eq!(Fixed::of(left).unwrap().sequence, last + 1, "{number}");
        assert_eq!(left[12..], said[12..], "{number}");
        last += 1;
    }

    let callee = sealed.house.finish().callee;
    assert_eq!((callee.packets_in, callee.dropped_unproven), (600, 0));
    assert!(callee.packets_carried > 300, "{callee:?}");
}

/// A sum that is right before is right after, and what has none has none; a longer packet than before, as a
/// shorter one, arrives whole.
#[test]
fn i1_the_sum_of_what_is_opened_and_sealed_is_right() {
    let suite = Suite::AesCm128HmacSha1_80;
    let Some(mut sealed) = Sealed::begin(suite, House::with_kernel()) else { return };
    (0..100).for_each(|number| sealed.talks(number, 160));
    sealed.house.far.run(&["ethtool", "-K", "far", "tx", "off"]);
    sealed.house.run(&["ethtool", "-K", "house", "rx", "off"]);

    for (number, length) in (100..).zip([160, 161, 162, 163, 1, 2, 3, 479, 480]) {
        sealed.talks(number, length);
    }

    let figures = sealed.house.finish();
    assert_eq!((figures.caller.packets_in, figures.caller.packets_carried), (109, 59));
    assert_eq!((figures.callee.packets_in, figures.callee.packets_carried), (109, 59));
}

fn counts(side: SideFigures) -> [u64; 8] {
    let SideFigures { packets_in, packets_out, bytes_in, bytes_out, .. } = side;
    let SideFigures { lost, reordered, duplicates, dropped_unproven, .. } = side;
    [packets_in, packets_out, bytes_in, bytes_out, lost, reordered, duplicates, dropped_unproven]
}

fn key(suite: Suite, seed: u8) -> MasterKey {
    let bytes: Vec<u8> = (0..MasterKey::length(suite)).map(|at| (at * 7) as u8 + seed).collect();
    MasterKey::new(suite, &bytes).unwrap()
}

impl Sealed {
    fn begin(suite: Suite, house: Option<House>) -> Option<Sealed> {
        let house = house?;
        let [ours, theirs] = [1, 2].map(|seed| key(suite, seed));
        let (seals, opens) = (Sealer::new(&theirs), Opener::new(&ours));
        house.aim_with(Side::Caller, CALLER, Sending::Allowed, Some(Protection { ours, theirs }));
        house.aim(Side::Callee, CALLEE, Sending::Allowed);
        Some(Sealed { house, suite, seals, opens })
    }

    /// Both say a packet, and hear the other's.
    fn talks(&mut self, number: u16, length: usize) {
        self.says(number, length);
        let said = speech(number, length);
        self.house.callee.send_to(&said, self.house.at(Side::Callee)).unwrap();
        let (mut left, from) = heard(&self.house.caller);
        assert_eq!(from, self.house.at(Side::Caller));
        assert_ne!(left[12..12 + length], said[12..], "{number}");
        let opened = self.opens.open_rtp(&mut left).unwrap();
        assert_eq!(left[..opened], said, "{} {number} {length}", self.suite);
    }

    fn says(&mut self, number: u16, length: usize) {
        let said = speech(number, length);
        let sealed = self.seal(&said);
        self.house.caller.send_to(&sealed, self.house.at(Side::Caller)).unwrap();
        let crossed = heard(&self.house.callee);
        assert_eq!(crossed, (said, self.house.at(Side::Callee)), "{} {number} {length}", self.suite);
    }

    /// What the callee hears of a caller whose packets are lost, late and doubled, and the caller of such a
    /// callee.
    fn plays(mut self) -> (Figures, [Vec<Vec<u8>>; 2]) {
        let mut sealed: Vec<(u16, Vec<u8>)> = Vec::new();
        for number in befallen() {
            let known = sealed.iter().find(|(of, _)| *of == number).map(|(_, packet)| packet.clone());
            let packet = known.unwrap_or_else(|| self.seal(&speech(number, 160)));
            sealed.push((number, packet));
        }
        let mut left = [Vec::new(), Vec::new()];
        for (at, (number, packet)) in sealed.into_iter().enumerate() {
            self.house.caller.send_to(&packet, self.house.at(Side::Caller)).unwrap();
            self.house.callee.send_to(&speech(number, 160), self.house.at(Side::Callee)).unwrap();
            if at < BEFALLS {
                left[0].push(heard(&self.house.callee).0);
                left[1].push(heard(&self.house.caller).0);
                continue;
            }
            std::thread::sleep(Duration::from_millis(4));
            for (of, socket) in left.iter_mut().zip([&self.house.callee, &self.house.caller]) {
                of.extend(all_of(socket));
            }
        }
        (self.house.finish(), left)
    }

    fn seal(&mut self, packet: &[u8]) -> Vec<u8> {
        let mut sealed = [packet, &[0; 16]].concat();
        let length = self.seals.seal_rtp(&mut sealed, packet.len()).unwrap();
        sealed.truncate(length);
        sealed
    }
}

/// All that waits at a socket.
fn all_of(socket: &UdpSocket) -> Vec<Vec<u8>> {
    socket.set_nonblocking(true).unwrap();
    let mut buffer = [0; 2048];
    let next = || socket.recv(&mut buffer).ok().map(|length| buffer[..length].to_vec());
    let all = std::iter::from_fn(next).collect();
    socket.set_nonblocking(false).unwrap();
    all
}

fn speech(number: u16, length: usize) -> Vec<u8> {
    let payload: Vec<u8> = (0..length).map(|at| (at + usize::from(number) * 3) as u8).collect();
    let timestamp = u32::from(number.wrapping_add(200)) * 160;
    let fixed = Fixed { marker: false, payload_type: 0, sequence: number, timestamp, ssrc: 0xcafe };
    let mut packet = Vec::new();
    Header { payload: &payload, ..Header::from(fixed) }.write(&mut packet);
    packet
}
