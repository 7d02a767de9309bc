//! What opens or seals one direction of a stream, in memory that the kernel's program and a loop share; and
//! where a packet lies while that is done. Whoever has the direction's entry has this too.

use std::mem::offset_of;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use media::{Seal, SealTurn};
use rtp::srtp::{BareKeys, Reached};

use super::cipher::{self, KEYS, ROUNDS_LONG, ROUNDS_SHORT, by_rows};
use super::rows::Row;

/// Bytes of a whole packet of RTP at most, clear: 60 ms of G.711.
pub(crate) const CLEAR_MAX: i32 = 12 + 480;
/// Bytes of a proof at most.
pub(crate) const PROOF_MAX: i32 = 10;
/// Words of the text: a packet, and what follows it when it is hashed.
const TEXT_WORDS: usize = 72;
/// A quarter of a second of G.711.
pub(crate) const AHEAD_WORDS: usize = 256;
/// What follows the text of the outer hash: one bit, and the length of key and inner hash, in bits.
const OUTER_END: (u32, u32) = (0x8000_0000, (64 + 20) * 8);

/// Words are as the machine has them, but for `last`, `proof` and the text, which are bytes.
#[repr(C, align(64))]
pub(crate) struct SealKeys {
    pub rounds: [[AtomicU64; 8]; KEYS],
    /// What is counted from, salt and sender: the first and the third column, the second and the fourth.
    pub counter: [AtomicU64; 2],
    pub count: AtomicU32,
    /// Bytes of a proof; of what comes, and of what leaves.
    pub comes: AtomicU32,
    pub leaves: AtomicU32,
    pub number_off: AtomicU32,
    pub inner: [AtomicU32; 5],
    pub outer: [AtomicU32; 5],
    pub highest: AtomicU64,
    pub used: AtomicU64,
    /// The block of the outer hash, which begins with what the inner one comes to.
    pub last: [AtomicU32; 16],
    pub proof: [AtomicU32; 5],
    /// Of the packet that lies there: its length, the same with all that is hashed, and its whole number.
    pub length: AtomicU32,
    pub ended: AtomicU32,
    /// Whether its number was sealed before.
    pub is_copy: AtomicU32,
    pub index: AtomicU64,
    /// The sum of what came, turned round.
    pub before: AtomicU64,
    /// Bytes of a place of `ahead`, and how many there are.
    pub stride: AtomicU32,
    pub places: AtomicU32,
    /// Key streams of packets to come: see `ahead.rs`.
    pub ahead: [AtomicU64; AHEAD_WORDS],
    pub text: [AtomicU64; TEXT_WORDS],
}

// SAFETY: all of it is atomic, and may be zero.
unsafe impl Row for SealKeys {}

/// Where a packet begins in the text, so that its payload is at a whole word.
pub(crate) const PACKET: i16 = offset_of!(SealKeys, text) as i16 + 4;

const _: () = assert!(4 + CLEAR_MAX as usize + 4 + 4 + 64 <= TEXT_WORDS * 8);

impl SealKeys {
    pub fn write(&self, seal: &Seal, ssrc: u32, substitution: &[u8; 256]) {
        let Seal { turn, keys, reached, number_off } = seal;
        let proof = keys.proof as u32;
        let (comes, leaves) = match turn {
            SealTurn::Opens => (proof, 0),
            SealTurn::Seals => (0, proof),
        };
        self.write_cipher(keys, ssrc, substitution);
        let set = |place: &AtomicU32, value| place.store(value, Ordering::Relaxed);
        set(&self.comes, comes);
        set(&self.leaves, leaves);
        set(&self.number_off, u32::from(*number_off));
        for (places, words) in [(&self.inner, keys.inner), (&self.outer, keys.outer)] {
            places.iter().zip(words).for_each(|(place, word)| set(place, word));
        }
        let (bit, length) = OUTER_END;
        self.last.iter().for_each(|place| set(place, 0));
        set(&self.last[5], bit.to_be());
        set(&self.last[15], length.to_be());
        set(&self.places, 0);
        self.highest.store(reached.highest, Ordering::Relaxed);
        self.used.store(reached.used, Ordering::Relaxed);
    }

    /// RFC 3711, 4.1.1: what is the same for each packet.
    fn write_cipher(&self, keys: &BareKeys, ssrc: u32, substitution: &[u8; 256]) {
        let laid = cipher::lay_out(keys.cipher(), substitution);
        let places = self.rounds.iter().flatten().zip(laid.iter().flatten());
        places.for_each(|(place, word)| place.store(*word, Ordering::Relaxed));
        let count = if laid.len() == KEYS { ROUNDS_LONG } else { ROUNDS_SHORT };
        self.count.store(count, Ordering::Relaxed);

        let mut counter = [0; 16];
        counter[..14].copy_from_slice(&keys.salt);
        counter[4..8].iter_mut().zip(ssrc.to_be_bytes()).for_each(|(byte, of)| *byte ^= of);
        let column = |at: usize| [0, 1, 2, 3].map(|row| counter[4 * at + row]);
        for (place, [one, other]) in self.counter.iter().zip([[0, 2], [1, 3]]) {
            place.store(by_rows([column(one), column(other)]), Ordering::Relaxed);
        }
    }

    pub fn reached(&self) -> Reached {
        let get = |place: &AtomicU64| place.load(Ordering::Relaxed);
        Reached { highest: get(&self.highest), used: get(&self.used) }
    }

    /// Forgets the secret.
    pub fn wipe(&self) {
        self.rounds.iter().flatten().chain(&self.counter).for_each(|place| place.store(0, Ordering::Relaxed));
        self.ahead.iter().for_each(|place| place.store(0, Ordering::Relaxed));
        let hashes = self.inner.iter().chain(&self.outer);
        hashes.for_each(|place| place.store(0, Ordering::Relaxed));
    }
}
