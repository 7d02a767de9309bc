//! From one rate to another, by whole factors: 8 and 16 kHz, 16 and 48, 8 and 48.

use crate::filter::{BLOCK, PLACES, Past, TAP_BITS, TAPS, low_pass, rounded};

const FACTOR_MAX: usize = 6;
/// Of Kaiser's window: what is to be gone is 70 dB below.
const BETA: f64 = 6.8;

/// Makes several samples of each.
#[derive(Clone, Debug)]
pub struct Upsampler {
    factor: usize,
    /// One filter for each sample that is made, one after the other: the taps that fall on samples of the
    /// lower rate, the oldest sample's first.
    phases: Box<[i16]>,
    past: Past,
}

/// Makes one sample of several.
#[derive(Clone, Debug)]
pub struct Downsampler {
    factor: usize,
    taps: Box<[i16]>,
    past: Past,
    /// Samples since the last one that was made.
    since: usize,
}

impl Upsampler {
    /// # Panics
    /// Where the factor is not from 1 to 6.
    pub fn new(factor: usize) -> Upsampler {
        let mut phases = vec![0; TAPS * factor];
        for (at, tap) in taps(factor, factor as f64).enumerate() {
            let (phase, back) = (at % factor, at / factor);
            phases[phase * TAPS + (TAPS - 1 - back)] = tap;
        }
        Upsampler { factor, phases: phases.into(), past: Past::new(TAPS) }
    }

    /// Takes all samples, as far as there is room for what they make; how many that is.
    pub fn resample(&mut self, samples: &[i16], out: &mut [i16]) -> usize {
        let length = samples.len().min(out.len() / self.factor);
        let blocks =
            samples[..length].chunks(BLOCK).zip(out[..length * self.factor].chunks_mut(BLOCK * self.factor));
        for (samples, out) in blocks {
            self.past.take(samples);
            for (phase, taps) in self.phases.as_chunks().0.iter().enumerate() {
                let mut out = out.iter_mut().skip(phase).step_by(self.factor);
                for from in (0..samples.len()).step_by(PLACES) {
                    let sums = self.past.sums(from, taps);
                    sums.iter().zip(&mut out).for_each(|(sum, out)| *out = rounded(*sum));
                }
            }
        }
        length * self.factor
    }
}

impl Downsampler {
    /// # Panics
    /// Where the factor is not from 1 to 6.
    pub fn new(factor: usize) -> Downsampler {
        // Its taps are the same from either end.
        let taps = taps(factor, 1.0).collect();
        Downsampler { factor, taps, past: Past::new(TAPS * factor), since: 0 }
    }

    /// Takes all samples, as far as there is room for what they make; how many that is.
    pub fn resample(&mut self, samples: &[i16], out: &mut [i16]) -> usize {
        let mut made = 0;
        for samples in samples.chunks(BLOCK) {
            self.past.take(samples);
            let lasts = (self.factor - 1 - self.since..samples.len()).step_by(self.factor);
            for (last, out) in lasts.zip(&mut out[made..]) {
                *out = rounded(self.past.sum(last, &self.taps));
                made += 1;
            }
            self.since = (self.since + samples.len()) % self.factor;
        }
        made
    }
}

/// A low pass of the lower rate's band, for samples of the higher rate.
fn taps(factor: usize, gain: f64) -> impl Iterator<Item = i16> {
    assert!((1..=FACTOR_MAX).contains(&factor), "rates are 1 to 6 times each other");
    let taps = low_pass(TAPS * factor, factor, BETA).into_iter();
    taps.map(move |tap| (tap * gain * f64::from(1 << TAP_BITS)).round() as i16)
}
