//! Base64, as keys are written in.

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// Padding may be left off, as many do.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

pub(crate) fn encode(bytes: &[u8]) -> String {
    LENIENT.encode(bytes)
}

pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    LENIENT.decode(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        for length in 0..50 {
            let bytes: Vec<u8> = (0..length).map(|at: u8| at.wrapping_mul(37)).collect();
            let text = encode(&bytes);
            assert_eq!(decode(&text), Some(bytes.clone()), "{text}");
            assert_eq!(decode(text.trim_end_matches('=')), Some(bytes));
        }
        assert_eq!(encode(b"Tandem"), "VGFuZGVt");
        assert_eq!(encode(b"Tande"), "VGFuZGU=");
        assert_eq!(decode("VGFuZG!t"), None);
        assert_eq!(decode("VGFuZ"), None);
    }
}
