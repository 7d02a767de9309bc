//! What seals and opens the media of a direction, laid open for whoever does that elsewhere, as the system's
//! kernel may.

use std::fmt;

use sha1::block_api;

use super::counter::Aes;
use super::derive::{Keys, Protocol};
use super::key::MasterKey;
use super::lock::counter;

/// Words of a state of SHA-1, and bytes of a block.
const STATE: usize = 5;
const BLOCK: usize = 64;
/// Where every state begins (FIPS 180-4, 5.3.1).
const BEGIN: [u32; STATE] = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476, 0xc3d2_e1f0];
/// RFC 2104, 2.
const INNER: u8 = 0x36;
const OUTER: u8 = 0x5c;

/// The session keys of media under a master key, where its suite counts with AES and proves with SHA-1; a
/// secret, so it does not print.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct BareKeys {
    cipher: [u8; 32],
    cipher_length: usize,
    pub salt: [u8; 14],
    /// The states of both hashes of a proof, once they have taken in the key.
    pub inner: [u32; STATE],
    pub outer: [u32; STATE],
    /// Bytes of a proof.
    pub proof: usize,
}

/// How far a sender has come under a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reached {
    /// The highest number so far, of 48 bits.
    pub highest: u64,
    /// The 64 numbers up to it that were used: bit 0 is `highest` itself.
    pub used: u64,
}

impl BareKeys {
    /// None where the suite is another kind.
    pub fn of(master: &MasterKey) -> Option<BareKeys> {
        let suite = master.suite();
        if suite.is_aead() {
            return None;
        }
        let Keys { cipher, auth, salt } = Keys::of(master, Protocol::Rtp);
        Some(BareKeys {
            cipher,
            cipher_length: suite.key_length(),
            salt,
            inner: padded(&auth, INNER),
            outer: padded(&auth, OUTER),
            proof: suite.rtp_growth(),
        })
    }

    /// The key of the cipher, 16 or 32 bytes.
    pub fn cipher(&self) -> &[u8] {
        &self.cipher[..self.cipher_length]
    }
}

/// What is laid over the payloads of a sender, by the number of the packet; a secret, too.
pub struct KeyStream {
    aes: Aes,
    salt: [u8; 14],
    ssrc: u32,
}

impl KeyStream {
    pub fn new(keys: &BareKeys, ssrc: u32) -> KeyStream {
        KeyStream { aes: Aes::new(keys.cipher()), salt: keys.salt, ssrc }
    }

    /// Writes as much of it as there is room for, from where a packet's payload begins.
    pub fn write(&self, index: u64, room: &mut [u8]) {
        room.fill(0);
        self.aes.apply_keystream(counter(&self.salt, self.ssrc, index), room);
    }
}

impl fmt::Debug for KeyStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyStream(secret)")
    }
}

impl fmt::Debug for BareKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BareKeys(secret)")
    }
}

fn padded(key: &[u8; 20], with: u8) -> [u32; STATE] {
    let mut block = [with; BLOCK];
    block.iter_mut().zip(key).for_each(|(byte, key)| *byte ^= key);
    let mut state = BEGIN;
    block_api::compress(&mut state, &[block]);
    state
}
