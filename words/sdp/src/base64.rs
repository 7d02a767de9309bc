//! Base64, as keys are written in.

const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

pub(crate) fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for three in bytes.chunks(3) {
        let mut group = [0; 3];
        group[..three.len()].copy_from_slice(three);
        let group = u32::from_be_bytes([0, group[0], group[1], group[2]]);
        for at in 0..4 {
            let digit = group >> (18 - 6 * at) & 0x3f;
            text.push(if at <= three.len() { char::from(DIGITS[digit as usize]) } else { '=' });
        }
    }
    text
}

/// Padding may be left off, as many do.
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    let digits = text.trim_end_matches('=');
    if text.len() - digits.len() > 2 || digits.len() % 4 == 1 {
        return None;
    }
    let mut bytes = Vec::with_capacity(digits.len() * 3 / 4);
    for four in digits.as_bytes().chunks(4) {
        let mut group = 0;
        for byte in four {
            let digit = DIGITS.iter().position(|digit| digit == byte)?;
            group = group << 6 | digit as u32;
        }
        group <<= 6 * (4 - four.len());
        bytes.extend_from_slice(&group.to_be_bytes()[1..four.len()]);
    }
    Some(bytes)
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
