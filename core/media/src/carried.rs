//! One direction of a stream that needs no more than being sent on may be carried elsewhere, as by the
//! system's kernel: what must be known for it, and what comes back of it.
//!
//! Whoever carries it takes a packet only if all is as the [`Carriage`] says; every other one comes to the
//! relay, which has the direction taken back first if the packet could change anything.

use std::net::SocketAddr;
use std::time::Instant;

use rtp::srtp::{BareKeys, Reached};
use sound::Law;

use crate::observe::Source;
use crate::verdict::PortIndex;

/// So many packets cross before their direction is worth carrying elsewhere: a second of sound.
const STEADY: u16 = 50;
/// Who is taken back again and again waits this long at most.
const WAIT_MAX: u16 = STEADY << 10;
/// Carried for so many times its wait, a direction has proven to be steady.
const PROVEN: u64 = 16;

/// What somebody needs to carry one direction of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Carriage {
    /// The one sender.
    pub from: SocketAddr,
    pub to: SocketAddr,
    /// Our port that it leaves from.
    pub via: PortIndex,
    /// The RTP clock, in Hz: jitter is measured in it.
    pub clock: u32,
    /// The payload types that are carried, a bit each.
    pub types: [u64; 2],
    /// Bytes of the longest packet of late, as it left.
    pub longest: u16,
    /// What is made of it on its way; nothing where it goes on as it is.
    pub change: Option<LawChange>,
    /// What protects it on one of its sides.
    pub seal: Option<Seal>,
    /// What is to be counted on.
    pub tally: Tally,
}

/// G.711 by one law becomes the other, byte by byte: packets without contributors, extension and padding.
/// What does not come after the last packet leaves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LawChange {
    /// What leaves.
    pub to: Law,
    /// The payload types of it, as they come and as they leave.
    pub sound: (u8, u8),
    /// Of key presses, which go on as they are; what else is said by events is told the relay.
    pub keys: Option<(u8, u8)>,
    /// Of comfort noise, which goes on as it is.
    pub noise: Option<(u8, u8)>,
    /// What is added to each number, and to each timestamp.
    pub number_off: u16,
    pub time_off: u32,
}

/// SRTP on one side, and clear media on the other: packets without contributors, extension and padding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seal {
    pub turn: SealTurn,
    pub keys: BareKeys,
    pub reached: Reached,
    /// What is added to each number.
    pub number_off: u16,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SealTurn {
    /// What comes is proven and opened. What cannot be, and what came before, is dropped.
    Opens,
    /// What leaves is sealed.
    Seals,
}

/// What a direction has come to, from its beginning on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tally {
    pub packets: u64,
    pub bytes: u64,
    pub last: Instant,
    pub source: Source,
    pub gaps: u32,
    pub late: u32,
    pub reordered: u64,
    pub duplicates: u64,
    /// The worst, as [`Source::jitter`] counts it.
    pub jitter_max: u32,
    pub kept: Kept,
    /// How far it has come under its key, where it has one.
    pub reached: Option<Reached>,
    /// Packets that were not made with that key.
    pub unproven: u64,
}

/// Of what came where a law is changed, or what leaves is sealed, what left nothing: copies and stragglers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    pub packets: u64,
    pub bytes: u64,
}

impl LawChange {
    /// The payload types that come, a bit each.
    pub(crate) fn types(&self) -> [u64; 2] {
        let all = [Some(self.sound), self.keys, self.noise].into_iter().flatten();
        all.fold([0; 2], |types, (comes, _)| with(types, comes))
    }
}

impl Kept {
    /// What was added to it since.
    pub(crate) fn since(self, before: Kept) -> Kept {
        Kept {
            packets: self.packets.saturating_sub(before.packets),
            bytes: self.bytes.saturating_sub(before.bytes),
        }
    }
}

/// Whether a payload type is one of these.
pub(crate) fn has(types: [u64; 2], payload_type: u8) -> bool {
    types[usize::from(payload_type >> 6 & 1)] >> (payload_type & 63) & 1 == 1
}

/// Payload types, and one more.
fn with(mut types: [u64; 2], payload_type: u8) -> [u64; 2] {
    types[usize::from(payload_type >> 6 & 1)] |= 1 << (payload_type & 63);
    types
}

/// When a direction is carried elsewhere, and since when it could be.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Readiness {
    /// Packets until it is tried; none where that is not to be.
    left: u16,
    /// Bytes of the longest of them.
    pub longest: u16,
    wait: u16,
    /// Carried, since so many of its packets had come.
    carried_since: Option<u64>,
    pub types: [u64; 2],
}

impl Readiness {
    /// It may be carried elsewhere, once it has been steady.
    pub fn begin(&mut self) {
        *self = Readiness { left: STEADY, wait: STEADY, longest: 0, types: [0; 2], ..*self };
    }

    /// Another negotiation: what was seen before it tells nothing.
    pub fn begin_anew(&mut self) {
        if self.wait > 0 {
            self.begin();
        }
    }

    /// Notes a packet that crossed, and says whether it is time to try.
    #[inline]
    pub fn note(&mut self, payload_type: u8, length: usize) -> bool {
        if self.left == 0 {
            return false;
        }
        self.longest = self.longest.max(u16::try_from(length).unwrap_or(u16::MAX));
        self.types = with(self.types, payload_type);
        self.left -= 1;
        self.left == 0
    }

    /// It is not to be had now, and may be soon.
    pub fn put_off(&mut self) {
        self.left = self.wait;
    }

    /// Nobody takes it.
    pub fn refuse(&mut self) {
        self.wait = self.wait.saturating_mul(2).min(WAIT_MAX);
        self.left = self.wait;
    }

    pub fn is_carried(&self) -> bool {
        self.carried_since.is_some()
    }

    /// It is carried elsewhere, now that so many packets have come.
    pub fn carry(&mut self, packets: u64) {
        self.carried_since = Some(packets);
    }

    /// It is ours again, now that so many have come.
    pub fn end(&mut self, packets: u64) {
        let Some(since) = self.carried_since.take() else { return };
        if packets.saturating_sub(since) >= PROVEN * u64::from(self.wait) {
            self.wait = STEADY;
            self.left = STEADY;
        } else {
            self.refuse();
        }
    }
}
