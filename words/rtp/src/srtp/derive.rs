//! Session keys out of a master key (RFC 3711 4.3, RFC 6188 2, RFC 7714 11). They are derived once: no peer
//! asks for a derivation rate.

use super::counter::Aes;
use super::key::MasterKey;

/// Which of the two protocols of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Protocol {
    Rtp,
    Rtcp,
}

/// The keys of one protocol.
pub(super) struct Keys {
    pub cipher: [u8; 32],
    pub auth: [u8; 20],
    pub salt: [u8; 14],
}

impl Keys {
    pub fn of(master: &MasterKey, protocol: Protocol) -> Keys {
        let first = if protocol == Protocol::Rtp { 0 } else { 3 };
        let mut keys = Keys { cipher: [0; 32], auth: [0; 20], salt: [0; 14] };
        let aes = Aes::new(master.key());
        fill(&aes, master.salt(), first, &mut keys.cipher[..master.suite().key_length()]);
        fill(&aes, master.salt(), first + 1, &mut keys.auth);
        fill(&aes, master.salt(), first + 2, &mut keys.salt[..master.suite().salt_length()]);
        keys
    }
}

fn fill(aes: &Aes, salt: &[u8], label: u8, out: &mut [u8]) {
    let mut counter = [0; 16];
    // A salt of 12 bytes counts as one of 14 that ends in zeroes.
    counter[..salt.len()].copy_from_slice(salt);
    counter[7] ^= label;
    out.fill(0);
    aes.apply_keystream(counter, out);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::srtp::Suite;

    #[test]
    fn keys_are_those_of_rfc_3711_b3() {
        let hex = |text: &str| -> Vec<u8> {
            (0..text.len())
                .step_by(2)
                .map(|at| u8::from_str_radix(&text[at..at + 2], 16).expect("hexadecimal"))
                .collect()
        };
        let master = hex("e1f97a0d3e018be0d64fa32c06de41390ec675ad498afeebb6960b3aabe6");
        let master = MasterKey::new(Suite::AesCm128HmacSha1_80, &master).expect("30 bytes");

        let rtp = Keys::of(&master, Protocol::Rtp);
        let rtcp = Keys::of(&master, Protocol::Rtcp);

        assert_eq!(rtp.cipher[..16], hex("c61e7a93744f39ee10734afe3ff7a087"));
        assert_eq!(rtp.auth[..], hex("cebe321f6ff7716b6fd4ab49af256a156d38baa4"));
        assert_eq!(rtp.salt[..], hex("30cbbc08863d8c85d49db34a9ae1"));
        assert_eq!(rtcp.cipher[..16], hex("4c1aa45a81f73d61c800bbb00fbb1eaa"));
        assert_eq!(rtcp.auth[..], hex("8d54534feb49ae8e7993a6bd0b844fc323a93dfd"));
        assert_eq!(rtcp.salt[..], hex("9581c7ad87b3e530bf3e4454a8b3"));
    }
}
