//! What filters are made of: the last samples in a row, their sum by taps of 16 bits, and a low pass.

use std::f64::consts::PI;

/// Samples that a sum looks at.
pub(crate) const TAPS: usize = 48;
/// A tap of 1 is so many bits: with one more, the loudest sounds could be too much for a sum of 32.
pub(crate) const TAP_BITS: i32 = 14;
/// The passband ends at so much of the lower rate's half: 3,440 Hz of 4,000.
const PASSBAND: f64 = 0.93;

/// Sums that are made at once.
pub(crate) const PLACES: usize = 8;
/// Samples that are taken at once.
pub(crate) const BLOCK: usize = 32;

/// The samples that a filter looks at, in a row. They are taken by the block: a sum would have to wait for a
/// single sample that was written right before it.
#[derive(Clone, Debug)]
pub(crate) struct Past {
    row: Box<[i16]>,
    /// How many stand in the row from before the block.
    kept: usize,
    taken: usize,
}

impl Past {
    /// For a filter of so many taps.
    pub fn new(taps: usize) -> Past {
        Past { row: vec![0; taps - 1 + BLOCK].into(), kept: taps - 1, taken: 0 }
    }

    /// Takes a block at most.
    pub fn take(&mut self, samples: &[i16]) {
        self.row.copy_within(self.taken..self.taken + self.kept, 0);
        self.row[self.kept..self.kept + samples.len()].copy_from_slice(samples);
        self.taken = samples.len();
    }

    /// The sum from a place in the row on.
    pub fn sum(&self, from: usize, taps: &[i16]) -> i32 {
        let samples = &self.row[from..from + taps.len()];
        taps.iter().zip(samples).map(|(tap, sample)| i32::from(*tap) * i32::from(*sample)).sum()
    }

    /// The sums from this place on and from those behind it.
    pub fn sums(&self, from: usize, taps: &[i16; TAPS]) -> [i32; PLACES] {
        sums(&self.row[from..], taps)
    }
}

/// What the taps make of the samples from each place on, side by side: the compiler makes the fewest
/// instructions of that.
///
/// # Panics
/// Where the row is shorter than what the last place needs.
#[inline(always)]
pub(crate) fn sums<const TAPS: usize>(row: &[i16], taps: &[i16; TAPS]) -> [i32; PLACES] {
    let row = &row[..TAPS - 1 + PLACES];
    let mut sums = [0; PLACES];
    for (at, tap) in taps.iter().enumerate() {
        for (sum, sample) in sums.iter_mut().zip(&row[at..at + PLACES]) {
            *sum += i32::from(*sample) * i32::from(*tap);
        }
    }
    sums
}

pub(crate) fn rounded(sum: i32) -> i16 {
    let sample = (sum + (1 << (TAP_BITS - 1))) >> TAP_BITS;
    sample.clamp(i16::MIN.into(), i16::MAX.into()) as i16
}

/// A low pass of the lower rate's band, for samples of the higher rate; its taps come to 1. With Kaiser's
/// window, whose `beta` says how little is left of what is to be gone, and how sharp the edge is.
pub(crate) fn low_pass(length: usize, factor: usize, beta: f64) -> Vec<f64> {
    let middle = (length - 1) as f64 / 2.0;
    let cutoff = PASSBAND / (2.0 * factor as f64);
    let tap = |at: usize| {
        let off = at as f64 - middle;
        let sinc = if off.abs() < 1e-9 { 2.0 * cutoff } else { (2.0 * PI * cutoff * off).sin() / (PI * off) };
        let edge = off / (middle + 0.5);
        sinc * bessel(beta * (1.0 - edge * edge).sqrt())
    };
    let taps: Vec<f64> = (0..length).map(tap).collect();
    let sum: f64 = taps.iter().sum();
    taps.iter().map(|tap| tap / sum).collect()
}

/// The modified Bessel function of order 0, which Kaiser's window is made of.
fn bessel(x: f64) -> f64 {
    let mut sum = 1.0;
    let mut term = 1.0;
    for k in 1..40 {
        term *= (x / (2.0 * f64::from(k))).powi(2);
        sum += term;
    }
    sum
}
