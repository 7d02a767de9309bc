//! From one rate to another, by whole factors: 8 and 16 kHz, 16 and 48, 8 and 48.

use crate::filter::{Past, TAP_BITS, TAPS, low_pass, rounded};

const FACTOR_MAX: usize = 6;
/// Of Kaiser's window: what is to be gone is 70 dB below.
const BETA: f64 = 6.8;

/// Makes several samples of each.
#[derive(Clone, Debug)]
pub struct Upsampler {
    factor: usize,
    /// One filter for each sample that is made, one after the other.
    phases: Box<[i16]>,
    past: Past,
}

/// Makes one sample of several.
#[derive(Clone, Debug)]
pub struct Downsampler {
    factor: usize,
    /// The filter in parts, one for each sample that goes into one.
    phases: Box<[i16]>,
    /// What went in at each of the parts.
    pasts: Box<[Past]>,
    at: usize,
    sum: i32,
}

impl Upsampler {
    /// # Panics
    /// Where the factor is not from 1 to 6.
    pub fn new(factor: usize) -> Upsampler {
        Upsampler { factor, phases: phases(factor, factor as f64), past: Past::new() }
    }

    /// Takes all samples, as far as there is room for what they make; how many that is.
    pub fn resample(&mut self, samples: &[i16], out: &mut [i16]) -> usize {
        let mut made = 0;
        for (sample, out) in samples.iter().zip(out.chunks_exact_mut(self.factor)) {
            self.past.push(*sample);
            for (out, phase) in out.iter_mut().zip(self.phases.as_chunks::<TAPS>().0) {
                *out = rounded(self.past.sum(phase));
            }
            made += self.factor;
        }
        made
    }
}

impl Downsampler {
    /// # Panics
    /// Where the factor is not from 1 to 6.
    pub fn new(factor: usize) -> Downsampler {
        let pasts = vec![Past::new(); factor].into();
        Downsampler { factor, phases: phases(factor, 1.0), pasts, at: 0, sum: 0 }
    }

    /// Takes all samples, as far as there is room for what they make; how many that is.
    pub fn resample(&mut self, samples: &[i16], out: &mut [i16]) -> usize {
        let mut made = 0;
        for sample in samples {
            let past = &mut self.pasts[self.at];
            past.push(*sample);
            // The part that came last is the filter's first.
            let phase = &self.phases.as_chunks::<TAPS>().0[self.factor - 1 - self.at];
            self.sum += past.sum(phase);
            self.at += 1;
            if self.at == self.factor {
                let Some(out) = out.get_mut(made) else { return made };
                *out = rounded(self.sum);
                (self.at, self.sum) = (0, 0);
                made += 1;
            }
        }
        made
    }
}

/// A low pass of the lower rate's band, for samples of the higher rate, cut into parts: in each, the taps
/// that fall on samples of the lower rate, the oldest sample's first.
fn phases(factor: usize, gain: f64) -> Box<[i16]> {
    assert!((1..=FACTOR_MAX).contains(&factor), "rates are 1 to 6 times each other");
    let mut phases = vec![0; TAPS * factor];
    for (at, tap) in low_pass(TAPS * factor, factor, BETA).into_iter().enumerate() {
        let (part, back) = (at % factor, at / factor);
        phases[part * TAPS + (TAPS - 1 - back)] = (tap * gain * f64::from(1 << TAP_BITS)).round() as i16;
    }
    phases.into()
}
