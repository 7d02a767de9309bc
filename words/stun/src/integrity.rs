//! MESSAGE-INTEGRITY: who wrote a message knows the password (RFC 8489, 14.5). And what nobody can foretell
//! who does not know a secret.

use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;

pub(crate) const LENGTH: usize = 20;

/// The proof for a message that is these parts in a row.
pub(crate) fn proof(key: &[u8], parts: &[&[u8]]) -> [u8; LENGTH] {
    finished(key, parts).finalize().into_bytes().into()
}

/// Whether a proof is the right one; takes as long for a wrong one.
pub(crate) fn is_proof(key: &[u8], parts: &[&[u8]], proof: &[u8]) -> bool {
    finished(key, parts).verify_slice(proof).is_ok()
}

/// One of a row of values, by what the row is for and its number in it.
pub(crate) fn drawn(secret: &[u8], row: &[u8], number: u64) -> [u8; LENGTH] {
    finished(secret, &[&number.to_be_bytes(), row]).finalize().into_bytes().into()
}

fn finished(key: &[u8], parts: &[&[u8]]) -> Hmac<Sha1> {
    let mut mac = Hmac::<Sha1>::new_from_slice(key).expect("a key of any length will do");
    parts.iter().for_each(|part| mac.update(part));
    mac
}
