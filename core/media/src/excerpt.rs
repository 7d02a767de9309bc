//! Packets of a session as they cross each side, both ways, kept because somebody asked for it: opened where
//! they come sealed, not yet sealed where they leave so. Of media no more than its headers is kept, except of
//! payload types that are known to be no key presses, and only if that was asked for.
//!
//! They are gathered, and leave many at a time. A stream that nobody asked for has none of this.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use rtp::Fixed;

use crate::ports::PortPair;
use crate::side::{SessionKey, Side};
use crate::verdict::{Half, Reason};

/// So much is gathered before it leaves, and there is room for so much more until it does.
const FULL: usize = 24 * 1024;
const ROOM: usize = 40 * 1024;
const FRAMES_FULL: usize = 128;
const FRAMES_ROOM: usize = 224;

/// What is left of a packet that may be anything.
const OF_OPAQUE: usize = 2;

/// What is kept of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Excerpting {
    /// Names the file.
    pub name: Arc<str>,
    pub until: Instant,
    /// The file is no longer.
    pub bytes_max: u64,
    /// What may be kept whole, by stream: of the caller's side, and of the callee's. Of all others, headers.
    pub whole: Arc<[[Wholes; 2]]>,
}

/// Payload types whose packets are kept whole, a bit each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wholes {
    pub types: u128,
    /// What is no RTP.
    pub opaque: Opaque,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Opaque {
    Whole,
    #[default]
    Cut,
}

/// Packets that crossed, in their order.
#[derive(Clone, PartialEq, Eq)]
pub struct Excerpted {
    pub session: SessionKey,
    pub name: Arc<str>,
    pub bytes_max: u64,
    /// Whether nothing follows of this stream.
    pub is_last: bool,
    /// For so many packets before these there was no room.
    pub missed: u32,
    ports: [PortPair; 2],
    frames: Vec<Frame>,
    bytes: Vec<u8>,
}

/// One packet, as it stood on the wire but for its seal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Passed<'a> {
    pub at: Instant,
    pub side: Side,
    pub from: SocketAddr,
    pub to: SocketAddr,
    pub way: Way,
    pub cover: Cover,
    /// Why it went nowhere.
    pub lost: Option<Reason>,
    /// Its whole length, and the sum of all its bytes as the Internet counts (RFC 1071).
    pub length: u16,
    pub sum: u16,
    /// What is kept of it.
    pub bytes: &'a [u8],
}

/// As the house sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    In,
    Out,
}

/// Whether it was sealed on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cover {
    Clear,
    Sealed,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Frame {
    at: Instant,
    side: Side,
    port: Half,
    way: Way,
    cover: Cover,
    lost: Option<Reason>,
    remote: SocketAddr,
    length: u16,
    sum: u16,
    /// What is kept of it ends here, and begins where that of the one before ends.
    end: u32,
}

/// Where a packet crosses.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Crossing {
    pub now: Instant,
    pub side: Side,
    /// What it is, and by which of our ports it crosses.
    pub kind: Half,
    pub port: Half,
    pub way: Way,
    pub cover: Cover,
    pub remote: SocketAddr,
}

/// What gathers them, of one stream.
pub(crate) struct Excerpt {
    session: SessionKey,
    stream: u8,
    terms: Arc<Excerpting>,
    ports: [PortPair; 2],
    frames: Vec<Frame>,
    bytes: Vec<u8>,
    missed: u32,
}

impl Excerpt {
    pub fn new((session, stream): (SessionKey, u8), terms: Arc<Excerpting>, ports: [PortPair; 2]) -> Excerpt {
        let (frames, bytes) = (Vec::with_capacity(FRAMES_ROOM), Vec::with_capacity(ROOM));
        Excerpt { session, stream, terms, ports, frames, bytes, missed: 0 }
    }

    /// It goes on on other terms; whether it is the same that does.
    pub fn goes_on(&mut self, terms: &Arc<Excerpting>) -> bool {
        let is_same = self.terms.name == terms.name;
        if is_same {
            self.terms = Arc::clone(terms);
        }
        is_same
    }

    /// Takes what may be kept of a packet.
    pub fn take(&mut self, at: Crossing, packet: &[u8]) {
        let kept = self.kept(&at, packet);
        self.put(at, packet, kept, None);
    }

    /// Takes the beginning of a packet that was not taken in.
    pub fn take_lost(&mut self, at: Crossing, packet: &[u8], lost: Reason) {
        // Whatever it is, nobody has proven what stands in it.
        let kept = if at.kind == Half::Rtp { header_of(packet) } else { packet.len().min(OF_REPORT) };
        self.put(at, packet, kept, Some(lost));
    }

    /// Whether the packet that crosses there now was taken.
    pub fn has_just_taken(&self, at: &Crossing) -> bool {
        let last = self.frames.last().filter(|last| last.way == Way::In && last.at == at.now);
        last.is_some_and(|last| (last.side, last.remote) == (at.side, at.remote))
    }

    /// The packet that came last went nowhere.
    pub fn lose(&mut self, lost: Reason) {
        if let Some(last) = self.frames.last_mut().filter(|last| last.way == Way::In) {
            last.lost = Some(lost);
        }
    }

    /// The packet that was taken last has left as that one, whose number may be another.
    pub fn left_as(&mut self, packet: &[u8]) {
        let begin = self.frames.iter().nth_back(1).map_or(0, |before| before.end as usize);
        let Some(last) = self.frames.last_mut() else { return };
        let kept = &mut self.bytes[begin..last.end as usize];
        let Some((before, now)) = kept.get_mut(2..4).zip(packet.get(2..4)) else { return };
        last.sum = added(added(last.sum, !sum_of(before)), sum_of(now));
        before.copy_from_slice(now);
    }

    /// The packet that was taken last has not left.
    pub fn take_back(&mut self) {
        self.frames.pop();
        self.bytes.truncate(self.frames.last().map_or(0, |last| last.end as usize));
    }

    /// What is to leave at once.
    #[inline]
    pub fn full(&mut self) -> Option<Excerpted> {
        let is_full = self.bytes.len() >= FULL || self.frames.len() >= FRAMES_FULL;
        is_full.then(|| self.leave())
    }

    /// What was gathered, if that is anything.
    pub fn gathered(&mut self) -> Option<Excerpted> {
        (!self.frames.is_empty()).then(|| self.leave())
    }

    /// Our ports are those from now on; what was gathered by those before.
    pub fn moved(&mut self, ports: [PortPair; 2]) -> Option<Excerpted> {
        let gathered = self.gathered();
        self.ports = ports;
        gathered
    }

    /// All that is left.
    pub fn end(mut self) -> Excerpted {
        let (frames, bytes) = (std::mem::take(&mut self.frames), std::mem::take(&mut self.bytes));
        Excerpted { is_last: true, ..self.left(frames, bytes) }
    }

    fn leave(&mut self) -> Excerpted {
        let frames = std::mem::replace(&mut self.frames, Vec::with_capacity(FRAMES_ROOM));
        let bytes = std::mem::replace(&mut self.bytes, Vec::with_capacity(ROOM));
        self.left(frames, bytes)
    }

    fn left(&mut self, frames: Vec<Frame>, bytes: Vec<u8>) -> Excerpted {
        Excerpted {
            session: self.session,
            name: Arc::clone(&self.terms.name),
            bytes_max: self.terms.bytes_max,
            is_last: false,
            missed: std::mem::take(&mut self.missed),
            ports: self.ports,
            frames,
            bytes,
        }
    }

    fn put(&mut self, at: Crossing, packet: &[u8], kept: usize, lost: Option<Reason>) {
        let Crossing { now, side, kind: _, port, way, cover, remote } = at;
        let has_room = self.frames.len() < FRAMES_ROOM && self.bytes.len() + kept <= ROOM;
        let Some(length) = u16::try_from(packet.len()).ok().filter(|_| has_room) else {
            self.missed = self.missed.saturating_add(1);
            return;
        };
        if now >= self.terms.until {
            return;
        }
        self.bytes.extend_from_slice(&packet[..kept]);
        // Never above ROOM.
        let end = self.bytes.len() as u32;
        let sum = sum_of(packet);
        self.frames.push(Frame { at: now, side, port, way, cover, lost, remote, length, sum, end });
    }

    /// How much of a packet may be kept.
    fn kept(&self, at: &Crossing, packet: &[u8]) -> usize {
        if at.kind == Half::Rtcp {
            return packet.len();
        }
        let of_stream = self.terms.whole.get(usize::from(self.stream));
        let whole = of_stream.map_or(Wholes::default(), |sides| sides[at.side as usize]);
        match Fixed::of(packet) {
            Some(header) if whole.types >> header.payload_type & 1 == 1 => packet.len(),
            _ if whole.opaque == Opaque::Whole => packet.len(),
            _ => header_of(packet),
        }
    }
}

/// What a report is cut to that nobody has proven: whose it is.
const OF_REPORT: usize = 8;

/// The header of a packet, without what is behind it.
fn header_of(packet: &[u8]) -> usize {
    let fixed = 12;
    match Fixed::of(packet) {
        Some(_) => fixed + 4 * usize::from(packet[0] & 0x0f),
        None => packet.len().min(OF_OPAQUE),
    }
}

/// The sum of some bytes as words of 16 bits, each carry added again (RFC 1071).
pub fn sum_of(bytes: &[u8]) -> u16 {
    let (words, rest) = bytes.as_chunks::<2>();
    let last = rest.first().map_or(0, |byte| u32::from(*byte) << 8);
    let sum: u32 = words.iter().map(|word| u32::from(u16::from_be_bytes(*word))).sum();
    folded(sum + last)
}

fn added(one: u16, other: u16) -> u16 {
    folded(u32::from(one) + u32::from(other))
}

fn folded(mut sum: u32) -> u16 {
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    sum as u16
}

impl Excerpted {
    pub fn packets(&self) -> impl Iterator<Item = Passed<'_>> {
        let begins = std::iter::once(0).chain(self.frames.iter().map(|frame| frame.end));
        self.frames.iter().zip(begins).map(|(frame, begin)| {
            let Frame { at, side, port, way, cover, lost, remote, length, sum, end } = *frame;
            let pair = self.ports[side as usize];
            let local = if port == Half::Rtp { pair.rtp() } else { pair.rtcp() };
            let (from, to) = if way == Way::In { (remote, local) } else { (local, remote) };
            let bytes = &self.bytes[begin as usize..end as usize];
            Passed { at, side, from, to, way, cover, lost, length, sum, bytes }
        })
    }
}

/// What people say is nothing for a log.
impl std::fmt::Debug for Excerpted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Excerpted({}, {} packets)", self.name, self.frames.len())
    }
}

impl std::fmt::Debug for Excerpt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Excerpt({:?})", self.terms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sum_of_bytes_follows_a_number_that_changes() {
        let mut packet = [0x80, 0, 0x12, 0x34, 0xff, 0xfe, 0xab, 0xcd, 9, 8, 7];
        let before = sum_of(&packet);
        let number = sum_of(&packet[2..4]);
        packet[2..4].copy_from_slice(&[0xfe, 0xdc]);

        assert_eq!(added(added(before, !number), 0xfedc), sum_of(&packet));
    }
}
