//! One direction of a stream, in memory that the kernel's program and a loop share.

use std::net::SocketAddrV4;
use std::sync::atomic::{AtomicU8, AtomicU32, AtomicU64, Ordering};

use media::{Carriage, Kept, LawChange, SealTurn, Source, Tally};

use super::clock::Clock;
use super::laws;
use super::routes::Route;
use super::rows::Row;
use crate::socket::ROOM;

/// Addresses, ports and the source are as they stand in a packet, read as numbers of this machine.
///
/// Whoever has exchanged `open` for [`TAKEN`] and got [`OPEN`] has all of it to himself until it is [`OPEN`]
/// again.
#[repr(C, align(64))]
#[derive(Default)]
pub(crate) struct Entry {
    pub open: AtomicU32,
    // What a packet must be.
    pub from: AtomicU32,
    pub here: AtomicU32,
    /// The sender's, then ours.
    pub ports: AtomicU32,
    pub ssrc: AtomicU32,
    /// Of the device that it leaves by.
    pub length_max: AtomicU32,
    pub types: [AtomicU64; 2],
    // What becomes of it.
    pub leaves: AtomicU32,
    pub to: AtomicU32,
    /// Ours, then the receiver's.
    pub to_ports: AtomicU32,
    pub mark: AtomicU32,
    /// The sum of all of the header that is the same for each packet.
    pub head_sum: AtomicU32,
    /// What the sum of a datagram changes by, for the sake of the addresses and of the ports.
    pub addresses_off: AtomicU32,
    pub ports_off: AtomicU32,
    pub device: AtomicU32,
    pub neighbour: AtomicU32,
    pub clock: AtomicU32,
    // What is made of it, where a law is changed.
    /// Where the codes of what leaves begin, counted from 1; 0 where it goes on as it is.
    pub codes: AtomicU32,
    pub number_off: AtomicU32,
    pub time_off: AtomicU32,
    /// The payload types of sound, of key presses and of comfort noise: as they come and as they leave.
    pub sound: [AtomicU8; 2],
    pub keys: [AtomicU8; 2],
    pub noise: [AtomicU8; 2],
    /// Where what opens or seals it is, counted from 1; 0 where it is clear on both sides.
    pub seal: AtomicU32,
    // What it has come to.
    pub packets: AtomicU64,
    pub bytes: AtomicU64,
    pub last_ns: AtomicU64,
    pub highest: AtomicU64,
    pub seen: AtomicU64,
    pub expected: AtomicU64,
    pub received: AtomicU64,
    pub timestamp: AtomicU64,
    pub arrived_ns: AtomicU64,
    pub delay: AtomicU64,
    pub jitter: AtomicU64,
    pub jitter_max: AtomicU64,
    pub gaps: AtomicU64,
    pub late: AtomicU64,
    pub reordered: AtomicU64,
    pub duplicates: AtomicU64,
    pub kept_packets: AtomicU64,
    pub kept_bytes: AtomicU64,
    pub unproven: AtomicU64,
}

// SAFETY: all of it is atomic, and may be zero.
unsafe impl Row for Entry {}

/// Of each there is one for each pair of ports, from the start on.
const _: () = assert!(size_of::<Entry>() == 256);

pub(crate) const TAKEN: u32 = 0;
pub(crate) const OPEN: u32 = 1;

/// A header without options, as the house sends it: it may not be cut, and goes as far as any.
const VERSION_AND_LENGTH: u8 = 0x45;
pub(crate) const TIME_TO_LIVE: u8 = 64;
pub(crate) const DO_NOT_CUT: [u8; 4] = [0, 0, 0x40, 0];
pub(crate) const UDP: u8 = 17;

/// As long as a packet may be in a loop.
const LENGTH_MAX: u32 = ROOM as u32 + 28;

/// Between which places a packet goes.
pub(crate) struct Places {
    pub from: SocketAddrV4,
    pub here: SocketAddrV4,
    pub leaves: SocketAddrV4,
    pub to: SocketAddrV4,
    /// The code point that it is marked with.
    pub mark: u8,
}

impl Entry {
    /// Waits until nobody is in it. The program's part is over in less than a microsecond, as it cannot be
    /// interrupted for long.
    pub fn take(&self) {
        while self.open.swap(TAKEN, Ordering::AcqRel) != OPEN {
            std::thread::yield_now();
        }
    }

    /// Writes it, and opens it. Its keys are written already.
    pub fn write(
        &self,
        places: &Places,
        route: Route,
        seal: Option<u32>,
        (carriage, clock): (&Carriage, &Clock),
    ) {
        let Places { from, here, leaves, to, mark } = places;
        let number = |address: &SocketAddrV4| u32::from_ne_bytes(address.ip().octets());
        let set = |place: &AtomicU32, value| place.store(value, Ordering::Relaxed);
        set(&self.from, number(from));
        set(&self.here, number(here));
        set(&self.ports, ports(from, here));
        set(&self.ssrc, carriage.tally.source.ssrc.to_be());
        let growth = carriage.seal.filter(|seal| seal.turn == SealTurn::Seals);
        let growth = growth.map_or(0, |seal| seal.keys.proof as u32);
        set(&self.length_max, route.length_max.min(LENGTH_MAX).saturating_sub(growth));
        set(&self.seal, seal.map_or(0, |number| number + 1));
        set(&self.leaves, number(leaves));
        set(&self.to, number(to));
        set(&self.to_ports, ports(leaves, to));
        set(&self.mark, u32::from(mark << 2));
        set(&self.head_sum, head_sum(mark << 2, [number(leaves), number(to)]));
        let addresses = [!number(from), !number(here), number(leaves), number(to)];
        set(&self.addresses_off, addresses.into_iter().fold(0, add));
        set(&self.ports_off, add(!ports(from, here), ports(leaves, to)));
        set(&self.device, route.device);
        set(&self.neighbour, u32::from_ne_bytes(route.neighbour.octets()));
        set(&self.clock, carriage.clock);
        for (place, types) in self.types.iter().zip(carriage.types) {
            place.store(types, Ordering::Relaxed);
        }
        self.write_change(carriage.change.as_ref());
        self.write_tally(&carriage.tally, clock);
        self.open.store(OPEN, Ordering::Release);
    }

    fn write_change(&self, change: Option<&LawChange>) {
        let Some(LawChange { to, sound, keys, noise, number_off, time_off }) = change else {
            return self.codes.store(0, Ordering::Relaxed);
        };
        self.codes.store(laws::begin_of(*to), Ordering::Relaxed);
        self.number_off.store(u32::from(*number_off), Ordering::Relaxed);
        self.time_off.store(*time_off, Ordering::Relaxed);
        let types = [(&self.sound, Some(*sound)), (&self.keys, *keys), (&self.noise, *noise)];
        for ([comes, leaves], types) in types {
            let (first, last) = types.unwrap_or((laws::NO_TYPE, laws::NO_TYPE));
            comes.store(first, Ordering::Relaxed);
            leaves.store(last, Ordering::Relaxed);
        }
    }

    fn write_tally(&self, tally: &Tally, clock: &Clock) {
        let Tally { packets, bytes, last, source, gaps, late, reordered, duplicates, .. } = *tally;
        let Tally { jitter_max, kept, unproven, reached: _, .. } = *tally;
        let values = [
            (&self.packets, packets),
            (&self.bytes, bytes),
            (&self.last_ns, clock.to_ns(last)),
            (&self.highest, source.highest.into()),
            (&self.seen, source.seen),
            (&self.expected, source.expected),
            (&self.received, source.received),
            (&self.timestamp, source.timestamp.into()),
            (&self.arrived_ns, clock.to_ns(source.arrived)),
            (&self.delay, source.delay as u64),
            (&self.jitter, source.jitter.into()),
            (&self.jitter_max, jitter_max.into()),
            (&self.gaps, gaps.into()),
            (&self.late, late.into()),
            (&self.reordered, reordered),
            (&self.duplicates, duplicates),
            (&self.kept_packets, kept.packets),
            (&self.kept_bytes, kept.bytes),
            (&self.unproven, unproven),
        ];
        values.into_iter().for_each(|(place, value)| place.store(value, Ordering::Relaxed));
    }

    /// What it has come to. While it is open this may be of two packets, one a part and one the other.
    pub fn tally(&self, clock: &Clock) -> Tally {
        let get = |place: &AtomicU64| place.load(Ordering::Relaxed);
        Tally {
            packets: get(&self.packets),
            bytes: get(&self.bytes),
            last: clock.to_instant(get(&self.last_ns)),
            source: Source {
                ssrc: u32::from_be(self.ssrc.load(Ordering::Relaxed)),
                highest: get(&self.highest) as u16,
                seen: get(&self.seen),
                expected: get(&self.expected),
                received: get(&self.received),
                timestamp: get(&self.timestamp) as u32,
                arrived: clock.to_instant(get(&self.arrived_ns)),
                delay: get(&self.delay) as i64,
                jitter: get(&self.jitter) as u32,
            },
            gaps: get(&self.gaps) as u32,
            late: get(&self.late) as u32,
            reordered: get(&self.reordered),
            duplicates: get(&self.duplicates),
            jitter_max: get(&self.jitter_max) as u32,
            kept: Kept { packets: get(&self.kept_packets), bytes: get(&self.kept_bytes) },
            reached: None,
            unproven: get(&self.unproven),
        }
    }
}

/// By what a packet is looked up: where it goes.
pub(crate) fn key_of(here: SocketAddrV4) -> [u8; 8] {
    let ([a, b, c, d], [high, low]) = (here.ip().octets(), here.port().to_be_bytes());
    [a, b, c, d, high, low, 0, 0]
}

fn ports(from: &SocketAddrV4, to: &SocketAddrV4) -> u32 {
    let ([a, b], [c, d]) = (from.port().to_be_bytes(), to.port().to_be_bytes());
    u32::from_ne_bytes([a, b, c, d])
}

/// The sum of a header (RFC 1071) whose length and sum are still missing; not yet folded.
fn head_sum(mark: u8, addresses: [u32; 2]) -> u32 {
    let [a, b, c, d] = DO_NOT_CUT;
    let words = [[VERSION_AND_LENGTH, mark], [a, b], [c, d], [TIME_TO_LIVE, UDP]].map(u16::from_ne_bytes);
    let halves = addresses.into_iter().flat_map(|address| [address >> 16, address & 0xffff]);
    words.into_iter().map(u32::from).chain(halves).sum()
}

/// Adds with the carry led back in (RFC 1071).
fn add(a: u32, b: u32) -> u32 {
    let (sum, is_over) = a.overflowing_add(b);
    sum + u32::from(is_over)
}
