//! Key streams of packets that are still to come. What is laid over a payload depends on the packet's number
//! and not on what it says: the loop, whose processor has instructions for it, works it out ahead of time,
//! and the program finds it there. Where it does not, it works it out by itself.
//!
//! A place begins with the number of its packet, from 1 on; the program takes that away with the stream. It
//! takes only what is of a higher number than all that crossed, and the loop writes only where a lower one
//! was: nobody reads what another writes.

use std::mem::offset_of;
use std::sync::atomic::Ordering;
use std::time::Duration;

use media::Seal;
use rtp::srtp::KeyStream;

use super::assembler::{Do, If, Page, R1, R2, R3, R4, R5, R8, Size};
use super::keys::{AHEAD_WORDS, CLEAR_MAX, PACKET, SealKeys};
use super::places::RTP_HEAD;

/// So often the loop looks how far its streams have come: before a third of what is ahead is used up.
pub(crate) const TURN: Duration = Duration::from_millis(60);
/// Bytes of a place before its stream.
const NUMBER: usize = 8;
const BLOCK: usize = 16;
const STREAM_MAX: usize = CLEAR_MAX as usize - RTP_HEAD as usize;
/// A place is no farther from the first one than this, and begins with a whole word: what the verifier is to
/// believe.
const REACH: i32 = AHEAD_WORDS as i32 * 8 - 8;
const _: () = assert!(AHEAD_WORDS.is_power_of_two());
const _: () =
    assert!(offset_of!(SealKeys, ahead) + REACH as usize + NUMBER + STREAM_MAX <= size_of::<SealKeys>());

/// What the loop writes for one direction.
#[derive(Debug)]
pub(crate) struct Ahead {
    stream: KeyStream,
    /// Bytes of stream in a place.
    length: usize,
    places: u64,
    /// The first number that is not written yet.
    next: u64,
}

impl Ahead {
    /// For packets that are so long at most; nothing is written for longer ones.
    pub fn new(seal: &Seal, ssrc: u32, longest: u16) -> Ahead {
        let payload = usize::from(longest).saturating_sub(RTP_HEAD as usize).clamp(1, STREAM_MAX);
        let length = payload.next_multiple_of(BLOCK);
        let places = (AHEAD_WORDS * 8 / (NUMBER + length)) as u64;
        Ahead { stream: KeyStream::new(&seal.keys, ssrc), length, places, next: 0 }
    }

    /// Lets the program look for it.
    pub fn begin(&mut self, keys: &SealKeys) {
        keys.stride.store((NUMBER + self.length) as u32, Ordering::Relaxed);
        keys.places.store(self.places as u32, Ordering::Relaxed);
        self.go_on(keys);
    }

    /// Writes what is to come next.
    pub fn go_on(&mut self, keys: &SealKeys) {
        let highest = keys.highest.load(Ordering::Acquire);
        let mut room = [0; STREAM_MAX + BLOCK];
        for index in self.next.max(highest + 1)..highest + self.places {
            self.stream.write(index, &mut room[..self.length]);
            self.put(keys, index, &room[..self.length]);
        }
        self.next = self.next.max(highest + self.places);
    }

    fn put(&self, keys: &SealKeys, index: u64, stream: &[u8]) {
        let words = (NUMBER + self.length) / 8;
        let begin = (index % self.places) as usize * words;
        let place = &keys.ahead[begin..begin + words];
        for (word, bytes) in place[1..].iter().zip(stream.chunks_exact(8)) {
            let bytes = bytes.try_into().expect("eight bytes");
            word.store(u64::from_ne_bytes(bytes), Ordering::Relaxed);
        }
        place[0].store(number_of(index), Ordering::Release);
    }
}

/// What a place begins with: its upper half is nothing.
fn number_of(index: u64) -> u64 {
    u64::from((index as u32).wrapping_add(1))
}

/// Lays a stream over the payload that lies among the keys at R8, where there is one, and is done then; the
/// packet's length and its number stand there too.
pub(crate) fn lay(p: &mut Page, done: &'static str) {
    let of_keys = |offset: usize| (R8, offset as i16);
    p.load(Size::Word, R2, of_keys(offset_of!(SealKeys, places)));
    p.jump_if(R2, If::Equal, 0, "nothing ahead");
    p.load(Size::Word, R4, of_keys(offset_of!(SealKeys, stride)));
    p.load(Size::Word, R5, of_keys(offset_of!(SealKeys, length)));
    p.compute(Do::Add, R5, NUMBER as i32 - RTP_HEAD);
    p.jump_if(R5, If::Above, R4, "nothing ahead");
    p.load(Size::Double, R1, of_keys(offset_of!(SealKeys, index)));
    p.load(Size::Double, R3, of_keys(offset_of!(SealKeys, highest)));
    p.jump_if(R1, If::AtMost, R3, "nothing ahead");
    p.set(R3, R1);
    p.compute(Do::Remainder, R3, R2);
    p.compute(Do::Multiply, R3, R4);
    p.compute(Do::And, R3, REACH);
    p.set(R4, R8);
    p.compute(Do::Add, R4, R3);
    p.set(R2, 0);
    p.exchange((R4, offset_of!(SealKeys, ahead) as i16), R2);
    p.compute_word(Do::Add, R1, 1);
    p.jump_if(R1, If::Differs, R2, "nothing ahead");
    for place in (0..STREAM_MAX as i16).step_by(8) {
        if place % 32 == 0 {
            p.load(Size::Word, R1, of_keys(offset_of!(SealKeys, length)));
            p.jump_if(R1, If::AtMost, RTP_HEAD + i32::from(place), done);
        }
        p.load(Size::Double, R2, (R4, (offset_of!(SealKeys, ahead) + NUMBER) as i16 + place));
        p.load(Size::Double, R3, (R8, PACKET + RTP_HEAD as i16 + place));
        p.compute(Do::ExclusiveOr, R3, R2);
        p.store(Size::Double, (R8, PACKET + RTP_HEAD as i16 + place), R3);
    }
    p.jump(done);
    p.label("nothing ahead");
}
