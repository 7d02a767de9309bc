//! What proves to a client that its handshake was understood (RFC 6455 4.2.2).

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{GeneralPurpose, GeneralPurposeConfig};
use sha1::{Digest, Sha1};

const SALT: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const KEY_LENGTH: usize = 16;
/// Bits that the last digit of a key has too many are nobody's business.
const BASE64: GeneralPurpose =
    GeneralPurpose::new(&STANDARD, GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true));

/// The `Sec-WebSocket-Accept` of a `Sec-WebSocket-Key`.
pub(crate) fn accept(key: &str) -> String {
    let mut hash = Sha1::new();
    hash.update(key.as_bytes());
    hash.update(SALT);
    BASE64.encode(hash.finalize())
}

/// Whether a key is sixteen bytes in base64.
pub(crate) fn is_key(key: &str) -> bool {
    BASE64.decode(key).is_ok_and(|bytes| bytes.len() == KEY_LENGTH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_rfc_is_proven_as_it_says() {
        assert_eq!(accept("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }

    #[test]
    fn a_key_is_sixteen_bytes() {
        assert!(is_key("dGhlIHNhbXBsZSBub25jZQ=="));
        for wrong in
            ["", "dGhl", "dGhlIHNhbXBsZSBub25jZQ", "dGhlIHNhbXBsZSBub25jZ!==", "dGhlIHNhbXBsZSBub25jZQAA"]
        {
            assert!(!is_key(wrong), "{wrong}");
        }
    }
}
