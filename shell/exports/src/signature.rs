//! Signs what is sent, so that whoever takes it knows who sent it, and when: as Standard Webhooks says, with
//! a key that both have (`v1`).

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// How a secret begins that is written in base64.
const IN_BASE64: &str = "whsec_";
/// Secrets are written as people write them: padded or not, with bits to spare in the last letter.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// The value of `webhook-signature`.
pub fn sign(secret: &str, id: &str, timestamp: &str, body: &[u8]) -> String {
    let mut seal = Hmac::<Sha256>::new_from_slice(&key(secret)).expect("a key of any length");
    for piece in [id.as_bytes(), b".", timestamp.as_bytes(), b".", body] {
        seal.update(piece);
    }
    format!("v1,{}", BASE64.encode(seal.finalize().into_bytes()))
}

fn key(secret: &str) -> Vec<u8> {
    let secret = secret.trim();
    let decoded = secret.strip_prefix(IN_BASE64).and_then(|text| BASE64.decode(text).ok());
    decoded.filter(|key| !key.is_empty()).unwrap_or_else(|| secret.as_bytes().to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_in_base64_is_what_it_stands_for_however_it_is_padded() {
        assert_eq!(key("whsec_Zm9vYg=="), b"foob");
        assert_eq!(key(" whsec_Zm9vYg\n"), b"foob");
        for plain in ["whsec_not base64!", "whsec_", "Zm9vYg=="] {
            assert_eq!(key(plain), plain.as_bytes());
        }
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
