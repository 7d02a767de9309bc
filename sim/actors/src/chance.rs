//! Chance from one number: SplitMix64. Nothing here needs to be hard to guess.

use std::time::Duration;

/// A reproducible source of chance.
#[derive(Clone, Debug)]
pub struct Chance(u64);

impl Chance {
    pub fn new(seed: u64) -> Chance {
        Chance(seed)
    }

    pub fn u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    /// A number below `end`; 0 where `end` is.
    pub fn below(&mut self, end: u64) -> u64 {
        if end == 0 { 0 } else { self.u64() % end }
    }

    /// Whether it happens, so many times in a thousand.
    pub fn happens(&mut self, per_mille: u32) -> bool {
        self.below(1000) < u64::from(per_mille)
    }

    /// A span below `end`.
    pub fn span_below(&mut self, end: Duration) -> Duration {
        Duration::from_micros(self.below(u64::try_from(end.as_micros()).unwrap_or(u64::MAX)))
    }

    /// One of them. Panics on an empty slice: a choice needs something to choose from.
    pub fn one_of<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        assert!(!from.is_empty(), "a choice needs something to choose from");
        &from[self.below(from.len() as u64) as usize]
    }

    pub(crate) fn text(&mut self) -> String {
        format!("{:012x}", self.u64() & 0xffff_ffff_ffff)
    }
}
