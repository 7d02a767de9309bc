//! What filters are made of: the last samples in a row, their sum by taps of 16 bits, and a low pass.

use std::f64::consts::PI;

/// Samples that a sum looks at.
pub(crate) const TAPS: usize = 48;
/// A tap of 1 is so many bits: with one more, the loudest sounds could be too much for a sum of 32.
pub(crate) const TAP_BITS: i32 = 14;
/// The passband ends at so much of the lower rate's half: 3,440 Hz of 4,000.
const PASSBAND: f64 = 0.93;

/// The last samples, twice, so that they always lie in a row.
#[derive(Clone, Debug)]
pub(crate) struct Past {
    samples: [i16; 2 * TAPS],
    at: usize,
}

impl Past {
    pub fn new() -> Past {
        Past { samples: [0; 2 * TAPS], at: 0 }
    }

    pub fn push(&mut self, sample: i16) {
        self.samples[self.at] = sample;
        self.samples[self.at + TAPS] = sample;
        self.at = (self.at + 1) % TAPS;
    }

    /// The sum of what was heard, from the oldest on. Of 16 bits each, which is what the compiler multiplies
    /// eight at a time.
    pub fn sum(&self, taps: &[i16; TAPS]) -> i32 {
        let samples: &[i16; TAPS] = self.samples[self.at..].first_chunk().expect("they are there twice");
        taps.iter().zip(samples).map(|(tap, sample)| i32::from(*tap) * i32::from(*sample)).sum()
    }
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
