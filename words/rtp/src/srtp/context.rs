//! One direction of a stream under one master key.

use super::bare::Reached;
use super::derive::Protocol;
use super::index::{Progress, Standing};
use super::key::MasterKey;
use super::lock::{Also, Lock, Shape, WordAt};
use crate::header::Header;

/// The fixed part of a report, which stays readable: its type, its length and its sender.
const REPORT_CLEAR: usize = 8;
/// The word after a report: one bit for "encrypted", 31 for its number.
const WORD: usize = 4;
const ENCRYPTED: u32 = 1 << 31;
const REPORTS_MAX: u64 = ENCRYPTED as u64 - 1;

/// Why a packet is neither sealed nor opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// Not RTP, or not RTCP.
    Malformed,
    /// Its number was used before, or is too old.
    Seen,
    /// It was not made with this key.
    NotGenuine,
    /// The buffer has no room for the proof.
    NoRoom,
    /// The key has sealed as many packets as it may.
    WornOut,
}

/// Protects what goes out.
pub struct Sealer {
    media: Lock,
    reports: Lock,
    sent: Progress,
    reported: Progress,
}

/// Proves and reads what comes in.
pub struct Opener {
    media: Lock,
    reports: Lock,
    came: Progress,
    reported: Progress,
}

impl Sealer {
    pub fn new(master: &MasterKey) -> Sealer {
        Sealer {
            media: Lock::new(master, Protocol::Rtp),
            reports: Lock::new(master, Protocol::Rtcp),
            sent: Progress::default(),
            reported: Progress::default(),
        }
    }

    /// Seals the first `length` bytes of a buffer, and says how many they are now. No number is sealed twice.
    pub fn seal_rtp(&mut self, buffer: &mut [u8], length: usize) -> Result<usize, Refused> {
        let shape = media_shape(&self.sent, buffer.get(..length).ok_or(Refused::NoRoom)?)?;
        let is_early = self.sent.is_before_all(shape.ssrc, shape.index as u16);
        if is_early || self.sent.standing(shape.ssrc, shape.index) == Standing::Seen {
            return Err(Refused::Seen);
        }
        let end = length + self.media.tag();
        let (text, proof) = buffer.get_mut(..end).ok_or(Refused::NoRoom)?.split_at_mut(length);
        self.media.close(&shape, text, proof);
        self.sent.note(shape.ssrc, shape.index);
        Ok(end)
    }

    /// The number after the highest that a sender's packets were sealed with.
    pub fn next_number(&self, ssrc: u32) -> u16 {
        self.sent.next(ssrc) as u16
    }

    /// How far a sender's packets have come; none of who has sent none.
    pub fn reached(&self, ssrc: u32) -> Option<Reached> {
        self.sent.reached(ssrc)
    }

    /// Others of a sender's packets were sealed elsewhere.
    pub fn went_on(&mut self, ssrc: u32, reached: Reached) {
        self.sent.went_on(ssrc, reached);
    }

    /// The same for a compound of reports.
    pub fn seal_rtcp(&mut self, buffer: &mut [u8], length: usize) -> Result<usize, Refused> {
        let ssrc = reporter(buffer.get(..length).ok_or(Refused::NoRoom)?)?;
        let index = self.reported.next(ssrc);
        let is_stranger = self.reported.is_full() && !self.reported.knows(ssrc);
        if index > REPORTS_MAX || is_stranger {
            return Err(Refused::WornOut);
        }
        let word = ENCRYPTED | index as u32;
        let shape = Shape { clear: REPORT_CLEAR, ssrc, index, also: Also::Word(word) };
        let tag = self.reports.tag();
        let end = length + WORD + tag;
        let (text, rest) = buffer.get_mut(..end).ok_or(Refused::NoRoom)?.split_at_mut(length);
        let (place_of_word, proof) = match self.reports.order() {
            WordAt::BeforeProof => rest.split_at_mut(WORD),
            WordAt::AfterProof => {
                let (proof, word) = rest.split_at_mut(tag);
                (word, proof)
            }
        };
        place_of_word.copy_from_slice(&word.to_be_bytes());
        self.reports.close(&shape, text, proof);
        self.reported.note(ssrc, index);
        Ok(end)
    }
}

impl Opener {
    pub fn new(master: &MasterKey) -> Opener {
        Opener {
            media: Lock::new(master, Protocol::Rtp),
            reports: Lock::new(master, Protocol::Rtcp),
            came: Progress::default(),
            reported: Progress::default(),
        }
    }

    /// Opens a packet where it lies, and says how many bytes are left of it.
    pub fn open_rtp(&mut self, packet: &mut [u8]) -> Result<usize, Refused> {
        let length = packet.len().checked_sub(self.media.tag()).ok_or(Refused::Malformed)?;
        let (text, proof) = packet.split_at_mut(length);
        let shape = media_shape(&self.came, text)?;
        if self.came.standing(shape.ssrc, shape.index) == Standing::Seen {
            return Err(Refused::Seen);
        }
        if !self.media.open(&shape, text, proof) {
            return Err(Refused::NotGenuine);
        }
        self.came.note(shape.ssrc, shape.index);
        Ok(length)
    }

    /// How far a sender's packets have come; none of who has sent none.
    pub fn reached(&self, ssrc: u32) -> Option<Reached> {
        self.came.reached(ssrc)
    }

    /// Others of a sender's packets were opened elsewhere.
    pub fn went_on(&mut self, ssrc: u32, reached: Reached) {
        self.came.went_on(ssrc, reached);
    }

    /// The same for a compound of reports.
    pub fn open_rtcp(&mut self, packet: &mut [u8]) -> Result<usize, Refused> {
        let tag = self.reports.tag();
        let length = packet.len().checked_sub(WORD + tag).ok_or(Refused::Malformed)?;
        let (text, rest) = packet.split_at_mut(length);
        let ssrc = reporter(text)?;
        let (word, proof) = match self.reports.order() {
            WordAt::BeforeProof => rest.split_at(WORD),
            WordAt::AfterProof => {
                let (proof, word) = rest.split_at(tag);
                (word, proof)
            }
        };
        let word = u32::from_be_bytes(word.try_into().map_err(|_| Refused::Malformed)?);
        if word & ENCRYPTED == 0 {
            // Nobody who keys by SDES agreed to leave reports readable.
            return Err(Refused::NotGenuine);
        }
        let index = u64::from(word & !ENCRYPTED);
        if self.reported.standing(ssrc, index) == Standing::Seen {
            return Err(Refused::Seen);
        }
        let shape = Shape { clear: REPORT_CLEAR, ssrc, index, also: Also::Word(word) };
        if !self.reports.open(&shape, text, proof) {
            return Err(Refused::NotGenuine);
        }
        self.reported.note(ssrc, index);
        Ok(length)
    }
}

fn media_shape(progress: &Progress, text: &[u8]) -> Result<Shape, Refused> {
    let fixed = crate::Fixed::of(text).ok_or(Refused::Malformed)?;
    let clear = Header::length_of(text).ok_or(Refused::Malformed)?;
    let index = progress.guess(fixed.ssrc, fixed.sequence);
    Ok(Shape { clear, ssrc: fixed.ssrc, index, also: Also::RollOver((index >> 16) as u32) })
}

fn reporter(text: &[u8]) -> Result<u32, Refused> {
    match text {
        [_, _, _, _, a, b, c, d, ..] if crate::is_rtcp(text) => Ok(u32::from_be_bytes([*a, *b, *c, *d])),
        _ => Err(Refused::Malformed),
    }
}
