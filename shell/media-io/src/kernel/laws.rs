//! What becomes of the codes of G.711 by one law in the other, as the kernel's program looks it up: the relay
//! and it take them from one place.

use sound::Law;
use sound::g711::{a_of_mu, mu_of_a};

/// In the place of a payload type that there is not.
pub(crate) const NO_TYPE: u8 = u8::MAX;

/// What becomes of each code: of µ-law, then of A-law.
pub(crate) fn codes() -> Vec<u8> {
    (0..=u8::MAX).map(a_of_mu).chain((0..=u8::MAX).map(mu_of_a)).collect()
}

/// Where the codes begin of what leaves in that law, counted from 1.
pub(crate) fn begin_of(to: Law) -> u32 {
    match to {
        Law::A => 1,
        Law::Mu => 257,
    }
}
