//! The ciphers: one lock for the media of a direction, one for its reports. Schedules are worked out once.

use aes_gcm::aead::{AeadInOut, KeyInit};
use aes_gcm::{Aes128Gcm, Aes256Gcm, Nonce, Tag};
use hmac::{Hmac, Mac};
use sha1::Sha1;

use super::counter::{Aes, BLOCK, xor};
use super::derive::{Keys, Protocol};
use super::key::MasterKey;
use super::suite::Suite;

const GCM_TAG: usize = 16;

/// Protects and proves the packets of one protocol.
pub(super) enum Lock {
    Counter { aes: Aes, salt: [u8; 14], mac: Box<Hmac<Sha1>>, tag: usize },
    Aead { aead: Aead, salt: [u8; 12] },
}

pub(super) enum Aead {
    Short(Box<Aes128Gcm>),
    Long(Box<Aes256Gcm>),
}

/// Where the word of a report stands: AEAD puts its proof next to the text (RFC 7714 9.2).
pub(super) enum WordAt {
    BeforeProof,
    AfterProof,
}

/// A packet as a lock sees it.
pub(super) struct Shape {
    /// Bytes at its beginning that stay readable.
    pub clear: usize,
    pub ssrc: u32,
    /// Its number under this key: 48 bits of media, 31 of reports.
    pub index: u64,
    pub also: Also,
}

/// What is proven along with a packet, and is no part of its text.
#[derive(Clone, Copy)]
pub(super) enum Also {
    RollOver(u32),
    /// The word after a report: whether it is encrypted, and its number.
    Word(u32),
}

impl Lock {
    pub fn new(master: &MasterKey, protocol: Protocol) -> Lock {
        let keys = Keys::of(master, protocol);
        let suite = master.suite();
        let cipher = &keys.cipher[..suite.key_length()];
        if suite.is_aead() {
            let mut salt = [0; 12];
            salt.copy_from_slice(&keys.salt[..12]);
            return Lock::Aead { aead: Aead::new(cipher), salt };
        }
        let mac = Hmac::<Sha1>::new_from_slice(&keys.auth).expect("a MAC takes a key of any length");
        Lock::Counter {
            aes: Aes::new(cipher),
            salt: keys.salt,
            mac: Box::new(mac),
            tag: tag(suite, protocol),
        }
    }

    /// Bytes of the proof.
    pub fn tag(&self) -> usize {
        match self {
            Lock::Counter { tag, .. } => *tag,
            Lock::Aead { .. } => GCM_TAG,
        }
    }

    /// Where it wants the word of a report.
    pub fn order(&self) -> WordAt {
        match self {
            Lock::Counter { .. } => WordAt::BeforeProof,
            Lock::Aead { .. } => WordAt::AfterProof,
        }
    }

    /// Encrypts the text, and writes the proof of it to `proof`.
    pub fn close(&self, shape: &Shape, text: &mut [u8], proof: &mut [u8]) {
        match self {
            Lock::Counter { aes, salt, mac, tag } => {
                aes.apply_keystream(counter(salt, shape.ssrc, shape.index), &mut text[shape.clear..]);
                let whole = whole(mac, text, shape);
                proof.copy_from_slice(&whole.finalize().into_bytes()[..*tag]);
            }
            Lock::Aead { aead, salt } => {
                let (clear, secret) = text.split_at_mut(shape.clear);
                let made =
                    with_associated(clear, shape, |known| aead.encrypt(nonce(salt, shape), known, secret));
                proof.copy_from_slice(&made);
            }
        }
    }

    /// Checks the proof, and decrypts the text where it holds. Where not, the text is of no use any more.
    pub fn open(&self, shape: &Shape, text: &mut [u8], proof: &[u8]) -> bool {
        match self {
            Lock::Counter { aes, salt, mac, .. } => {
                if whole(mac, text, shape).verify_truncated_left(proof).is_err() {
                    return false;
                }
                aes.apply_keystream(counter(salt, shape.ssrc, shape.index), &mut text[shape.clear..]);
                true
            }
            Lock::Aead { aead, salt } => {
                let (clear, secret) = text.split_at_mut(shape.clear);
                with_associated(clear, shape, |known| aead.decrypt(nonce(salt, shape), known, secret, proof))
            }
        }
    }
}

/// Reports are proven by 80 bits also where media has to do with 32 (RFC 4568 6.2.2).
fn tag(suite: Suite, protocol: Protocol) -> usize {
    match protocol {
        Protocol::Rtp => suite.rtp_growth(),
        Protocol::Rtcp => 10,
    }
}

fn whole(mac: &Hmac<Sha1>, text: &[u8], shape: &Shape) -> Hmac<Sha1> {
    let mut mac = mac.clone();
    mac.update(text);
    let (Also::RollOver(also) | Also::Word(also)) = shape.also;
    mac.update(&also.to_be_bytes());
    mac
}

/// The counter of media is in the nonce already; the word of a report is proven as if it stood in front.
fn with_associated<R>(clear: &[u8], shape: &Shape, then: impl FnOnce(&[u8]) -> R) -> R {
    match shape.also {
        Also::RollOver(_) => then(clear),
        Also::Word(word) => {
            let mut known = [0; 12];
            known[..8].copy_from_slice(&clear[..8]);
            known[8..].copy_from_slice(&word.to_be_bytes());
            then(&known)
        }
    }
}

/// RFC 3711 4.1.1: salt, sender and number, one over the other.
pub(super) fn counter(salt: &[u8; 14], ssrc: u32, index: u64) -> [u8; BLOCK] {
    let mut counter = [0; BLOCK];
    counter[..14].copy_from_slice(salt);
    xor(&mut counter[4..8], &ssrc.to_be_bytes());
    xor(&mut counter[8..14], &index.to_be_bytes()[2..]);
    counter
}

/// RFC 7714 8.1 and 9.1.
fn nonce(salt: &[u8; 12], shape: &Shape) -> [u8; 12] {
    let mut nonce = *salt;
    xor(&mut nonce[2..6], &shape.ssrc.to_be_bytes());
    xor(&mut nonce[6..12], &shape.index.to_be_bytes()[2..]);
    nonce
}

impl Aead {
    fn new(key: &[u8]) -> Aead {
        match key.len() {
            16 => Aead::Short(Box::new(Aes128Gcm::new_from_slice(key).expect("16 bytes"))),
            _ => Aead::Long(Box::new(Aes256Gcm::new_from_slice(key).expect("32 bytes"))),
        }
    }

    fn encrypt(&self, nonce: [u8; 12], known: &[u8], secret: &mut [u8]) -> [u8; GCM_TAG] {
        let nonce = Nonce::from(nonce);
        let made = match self {
            Aead::Short(aead) => aead.encrypt_inout_detached(&nonce, known, secret.into()),
            Aead::Long(aead) => aead.encrypt_inout_detached(&nonce, known, secret.into()),
        };
        made.expect("a datagram is shorter than the cipher's limit").into()
    }

    fn decrypt(&self, nonce: [u8; 12], known: &[u8], secret: &mut [u8], proof: &[u8]) -> bool {
        let Ok(proof) = <[u8; GCM_TAG]>::try_from(proof) else { return false };
        let (nonce, proof) = (Nonce::from(nonce), Tag::from(proof));
        let opened = match self {
            Aead::Short(aead) => aead.decrypt_inout_detached(&nonce, known, secret.into(), &proof),
            Aead::Long(aead) => aead.decrypt_inout_detached(&nonce, known, secret.into(), &proof),
        };
        opened.is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn i2_aead_makes_the_packet_of_rfc_7714_16() {
        let key: Vec<u8> = (0..16).collect();
        let lock = Lock::Aead { aead: Aead::new(&key), salt: *b"Quid pro quo" };
        let head = [0x80, 0x40, 0xf1, 0x7b, 0x80, 0x41, 0xf8, 0xd3, 0x55, 0x01, 0xa0, 0xb2];
        let mut text = [&head[..], b"Gallia est omnis divisa in partes tres"].concat();
        let shape = Shape { clear: 12, ssrc: 0x5501_a0b2, index: 0xf17b, also: Also::RollOver(0) };
        let mut proof = [0; GCM_TAG];

        lock.close(&shape, &mut text, &mut proof);

        assert_eq!(text[12..18], [0xf2, 0x4d, 0xe3, 0xa3, 0xfb, 0x34]);
        assert_eq!(u128::from_be_bytes(proof), 0x899d_7f27_beb1_6a91_52cf_765e_e439_0cce);
    }
}
