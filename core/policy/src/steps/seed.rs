//! Draws that are no chance: the same call always draws the same.

use crate::facts::WallTime;

/// Spreads calls without chance: the same call always goes the same way, so that what is explained holds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seed(u64);

impl Seed {
    pub fn of(called: &str, calling: &str, at: WallTime) -> Seed {
        let seed = Seed(0xcbf2_9ce4_8422_2325).with(called.as_bytes()).with(b"\0");
        seed.with(calling.as_bytes()).with(&at.0.to_le_bytes())
    }

    pub fn with(self, bytes: &[u8]) -> Seed {
        const PRIME: u64 = 0x0100_0000_01b3;
        Seed(bytes.iter().fold(self.0, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(PRIME)))
    }

    /// A figure below `bound`, which is not 0.
    pub fn below(self, bound: u64) -> u64 {
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
        mixed = (mixed ^ (mixed >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
        (mixed ^ (mixed >> 33)) % bound
    }
}

/// Draws one after another by weight; those of weight 0 come last, as written.
pub(crate) fn weighted<T>(mut from: Vec<(T, u64)>, seed: Seed) -> Vec<T> {
    let mut drawn = Vec::with_capacity(from.len());
    while !from.is_empty() {
        let total: u64 = from.iter().map(|(_, weight)| weight).sum();
        let mut point = if total == 0 { 0 } else { seed.with(&[drawn.len().to_le_bytes()[0]]).below(total) };
        let reaches = |(_, weight): &(T, u64)| {
            let is_here = point < *weight;
            point = point.saturating_sub(*weight);
            is_here
        };
        let index = from.iter().position(reaches).unwrap_or(0);
        drawn.push(from.remove(index).0);
    }
    drawn
}
