//! From one rate to another, by whole factors: 8 and 16 kHz, 16 and 48, 8 and 48.

use std::f64::consts::PI;

/// Taps of the filter for each sample of the lower rate, on both sides together.
const TAPS: usize = 48;
const FACTOR_MAX: usize = 6;
/// A tap of 1 is so many bits: with one more, the loudest sounds could be too much for a sum of 32.
const TAP_BITS: i32 = 14;
/// The passband ends at so much of the lower rate's half: 3,440 Hz of 4,000.
const PASSBAND: f64 = 0.93;
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

/// The last samples, twice, so that they always lie in a row.
#[derive(Clone, Debug)]
struct Past {
    samples: [i16; 2 * TAPS],
    at: usize,
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
                *out = rounded(product(phase, self.past.all()));
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
            self.sum += product(phase, past.all());
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

impl Past {
    fn new() -> Past {
        Past { samples: [0; 2 * TAPS], at: 0 }
    }

    fn push(&mut self, sample: i16) {
        self.samples[self.at] = sample;
        self.samples[self.at + TAPS] = sample;
        self.at = (self.at + 1) % TAPS;
    }

    /// From the oldest on.
    fn all(&self) -> &[i16; TAPS] {
        self.samples[self.at..].first_chunk().expect("they are there twice")
    }
}

/// Of 16 bits each, which is what the compiler multiplies eight at a time.
fn product(phase: &[i16; TAPS], samples: &[i16; TAPS]) -> i32 {
    phase.iter().zip(samples).map(|(tap, sample)| i32::from(*tap) * i32::from(*sample)).sum()
}

fn rounded(sum: i32) -> i16 {
    let sample = (sum + (1 << (TAP_BITS - 1))) >> TAP_BITS;
    sample.clamp(i16::MIN.into(), i16::MAX.into()) as i16
}

/// A low pass of the lower rate's band, for samples of the higher rate, cut into parts: in each, the taps
/// that fall on samples of the lower rate, the oldest sample's first.
fn phases(factor: usize, gain: f64) -> Box<[i16]> {
    assert!((1..=FACTOR_MAX).contains(&factor), "rates are 1 to 6 times each other");
    let length = TAPS * factor;
    let middle = (length - 1) as f64 / 2.0;
    let cutoff = PASSBAND / (2.0 * factor as f64);
    let tap = |at: usize| {
        let off = at as f64 - middle;
        let sinc = if off.abs() < 1e-9 { 2.0 * cutoff } else { (2.0 * PI * cutoff * off).sin() / (PI * off) };
        let edge = off / (middle + 0.5);
        sinc * bessel(BETA * (1.0 - edge * edge).sqrt()) / bessel(BETA)
    };
    let sum: f64 = (0..length).map(tap).sum();
    let mut phases = vec![0; length];
    for at in 0..length {
        let (part, back) = (at % factor, at / factor);
        phases[part * TAPS + (TAPS - 1 - back)] =
            (tap(at) * gain / sum * f64::from(1 << TAP_BITS)).round() as i16;
    }
    phases.into()
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
