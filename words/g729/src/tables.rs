//! The numbers that were found by listening to much speech: nothing derives them. Where they come from is in
//! docs/decisions/g729-by-hand.md.

mod excitation;
mod spectrum;

pub(crate) use excitation::{BETWEEN, GAINS_FIRST, GAINS_SECOND};
pub(crate) use spectrum::{FIRST, FIRST_OF_SILENCE, PREDICTORS, SECOND, SECOND_OF_SILENCE};

/// Whole numbers as parts of a power of two.
pub(crate) const fn parts<const N: usize>(numbers: [i16; N], bits: u32) -> [f32; N] {
    let (mut values, mut at) = ([0.0; N], 0);
    while at < N {
        values[at] = numbers[at] as f32 / (1u32 << bits) as f32;
        at += 1;
    }
    values
}

/// The same of rows.
pub(crate) const fn rows<const N: usize, const M: usize>(numbers: [[i16; N]; M], bits: u32) -> [[f32; N]; M] {
    let (mut values, mut at) = ([[0.0; N]; M], 0);
    while at < M {
        values[at] = parts(numbers[at], bits);
        at += 1;
    }
    values
}
