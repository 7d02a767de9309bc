//! FINGERPRINT: the CRC-32 of ITU-T V.42, veiled so that no other protocol has the same (RFC 8489, 14.7).

const VEIL: u32 = 0x5354_554E;
const POLYNOMIAL: u32 = 0xEDB8_8320;

const TABLE: [u32; 256] = table();

const fn table() -> [u32; 256] {
    let mut table = [0; 256];
    let mut at = 0;
    while at < 256 {
        let mut sum = at as u32;
        let mut bit = 0;
        while bit < 8 {
            sum = if sum & 1 == 1 { sum >> 1 ^ POLYNOMIAL } else { sum >> 1 };
            bit += 1;
        }
        table[at] = sum;
        at += 1;
    }
    table
}

/// The value for a message that is these parts in a row.
pub(crate) fn fingerprint(parts: &[&[u8]]) -> u32 {
    let bytes = parts.iter().copied().flatten();
    let sum = bytes.fold(u32::MAX, |sum, byte| TABLE[usize::from(sum as u8 ^ byte)] ^ sum >> 8);
    !sum ^ VEIL
}
