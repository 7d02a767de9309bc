//! AES in counter mode: a key stream that is laid over a text.

use aes::cipher::{BlockCipherEncrypt, KeyInit};
use aes::{Aes128, Aes256, Block};

/// Blocks of key stream that are made in one go: ciphers in hardware like eight.
const AT_ONCE: usize = 8;
pub(super) const BLOCK: usize = 16;

/// The schedule of a key of 128 or 256 bits.
pub(super) enum Aes {
    Short(Box<Aes128>),
    Long(Box<Aes256>),
}

impl Aes {
    /// The schedule of a key of 16 or 32 bytes.
    pub fn new(key: &[u8]) -> Aes {
        match key.len() {
            16 => Aes::Short(Box::new(Aes128::new_from_slice(key).expect("16 bytes"))),
            _ => Aes::Long(Box::new(Aes256::new_from_slice(key).expect("32 bytes"))),
        }
    }

    /// Lays the key stream that begins at a counter over some bytes.
    pub fn apply_keystream(&self, mut counter: [u8; BLOCK], bytes: &mut [u8]) {
        for part in bytes.chunks_mut(AT_ONCE * BLOCK) {
            let mut blocks = [Block::default(); AT_ONCE];
            let blocks = &mut blocks[..part.len().div_ceil(BLOCK)];
            for block in blocks.iter_mut() {
                *block = counter.into();
                let next = u16::from_be_bytes([counter[14], counter[15]]).wrapping_add(1);
                counter[14..].copy_from_slice(&next.to_be_bytes());
            }
            match self {
                Aes::Short(aes) => aes.encrypt_blocks(blocks),
                Aes::Long(aes) => aes.encrypt_blocks(blocks),
            }
            for (bytes, block) in part.chunks_mut(BLOCK).zip(blocks) {
                xor(bytes, block);
            }
        }
    }
}

pub(super) fn xor(over: &mut [u8], with: &[u8]) {
    over.iter_mut().zip(with).for_each(|(over, with)| *over ^= with);
}
