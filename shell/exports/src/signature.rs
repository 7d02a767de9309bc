//! Signs what is sent, so that whoever takes it knows who sent it, and when: as Standard Webhooks says, with
//! a key that both have (`v1`).

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// How a secret begins that is written in base64.
const IN_BASE64: &str = "whsec_";
const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// The value of `webhook-signature`.
pub fn sign(secret: &str, id: &str, timestamp: &str, body: &[u8]) -> String {
    let mut seal = Hmac::<Sha256>::new_from_slice(&key(secret)).expect("a key of any length");
    for piece in [id.as_bytes(), b".", timestamp.as_bytes(), b".", body] {
        seal.update(piece);
    }
    format!("v1,{}", base64(&seal.finalize().into_bytes()))
}

fn key(secret: &str) -> Vec<u8> {
    let secret = secret.trim();
    let decoded = secret.strip_prefix(IN_BASE64).and_then(decoded);
    decoded.unwrap_or_else(|| secret.as_bytes().to_vec())
}

fn base64(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let all =
            group.iter().fold(0_u32, |all, byte| all << 8 | u32::from(*byte)) << (8 * (3 - group.len()));
        for at in 0..4 {
            let letter = LETTERS[(all >> (18 - 6 * at)) as usize & 63];
            text.push(if at <= group.len() { char::from(letter) } else { '=' });
        }
    }
    text
}

fn decoded(text: &str) -> Option<Vec<u8>> {
    let (mut bytes, mut all, mut bits) = (Vec::new(), 0_u32, 0);
    for letter in text.trim_end_matches('=').bytes() {
        let six = LETTERS.iter().position(|one| *one == letter)?;
        all = all << 6 | u32::try_from(six).ok()?;
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push((all >> bits) as u8);
            all &= (1 << bits) - 1;
        }
    }
    (!bytes.is_empty()).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_that_of_rfc_4648_there_and_back() {
        for (plain, written) in [
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(base64(plain.as_bytes()), written);
            assert_eq!(decoded(written).as_deref(), Some(plain.as_bytes()));
        }
        assert_eq!(decoded("not base64!"), None);
        assert_eq!(decoded(""), None);
    }

    #[test]
    fn a_signature_is_that_of_others() {
        // Made with Python's hmac and base64, of the same parts.
        let signed = sign("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_1", "1614265330", b"{\"test\": 1}");
        assert_eq!(signed, "v1,pAJ+2CQ3+N6E7H+Tf1Lee1V3d/TMhYQ2KqhOSemiwqA=");
        let plain = sign("a key as it is", "msg_1", "1614265330", b"{\"test\": 1}");
        assert_eq!(plain, "v1,xfmCcNjpaiyoUyaGQyu1EuDnujB0qVWHoZDn5XFvJXk=");
    }
}
