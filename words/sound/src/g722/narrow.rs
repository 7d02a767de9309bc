//! G.722 for who has 8,000 samples a second. What a filter between the rates and the one between the bands
//! would do one after the other is done at once, so that nothing is ever at 16 kHz.
//!
//! Nothing lies in the upper band then, and yet it may not be silent: the filter between the bands is gentle,
//! and what a decoder lets through of the lower band's mirror (10 dB below a tone of 3,400 Hz), it takes off
//! by the upper band.

use super::band::{High, Low};
use super::tables::{QMF, QMF_MIRRORED};
use crate::filter::{Past, TAPS, low_pass, rounded};

/// Of the filter between the rates, at the higher one: with the other one's it fills all taps.
const LOW_PASS: usize = 72;
/// What is to be gone is 50 dB below, which is less than the codec's own noise.
const BETA: f64 = 4.8;

/// Sound at 8 kHz to bytes.
#[derive(Clone, Debug)]
pub struct Encoder {
    low: Low,
    high: High,
    past: Past,
    taps: [[i16; TAPS]; 2],
}

/// Bytes to sound at 8 kHz.
#[derive(Clone, Debug)]
pub struct Decoder {
    low: Low,
    high: High,
    pasts: [Past; 2],
    taps: [[i16; TAPS]; 2],
}

impl Default for Encoder {
    fn default() -> Self {
        Encoder::new()
    }
}

impl Default for Decoder {
    fn default() -> Self {
        Decoder::new()
    }
}

impl Encoder {
    pub fn new() -> Encoder {
        // Every second sample at the higher rate would be none: the others count twice.
        Encoder { low: Low::new(), high: High::new(), past: Past::new(), taps: taps([2.0, 2.0]) }
    }

    /// Encodes each sample to a byte, as far as there is room; how many bytes that makes.
    pub fn encode(&mut self, samples: &[i16], bytes: &mut [u8]) -> usize {
        for (sample, byte) in samples.iter().zip(&mut *bytes) {
            self.past.push(*sample);
            let [low, high] = self.taps.each_ref().map(|taps| rounded(self.past.sum(taps)).into());
            *byte = self.high.encode(high) << 6 | self.low.encode(low);
        }
        samples.len().min(bytes.len())
    }
}

impl Decoder {
    pub fn new() -> Decoder {
        // Its sums end three bits further down, and it adds the upper band where an encoder takes it off.
        let taps = taps([8.0, -8.0]);
        Decoder { low: Low::new(), high: High::new(), pasts: [Past::new(), Past::new()], taps }
    }

    /// Decodes every byte to a sample, as far as there is room; how many samples that makes.
    pub fn decode(&mut self, bytes: &[u8], samples: &mut [i16]) -> usize {
        for (byte, sample) in bytes.iter().zip(&mut *samples) {
            let bands = [self.low.decode(byte & 0x3f), self.high.decode(byte >> 6)];
            self.pasts.iter_mut().zip(bands).for_each(|(past, band)| past.push(band as i16));
            let sums = self.pasts.iter().zip(&self.taps).map(|(past, taps)| past.sum(taps));
            *sample = rounded(sums.sum());
        }
        samples.len().min(bytes.len())
    }
}

/// Both filters in one, by band, so many times as loud: of what they make together, every second tap falls on
/// a sample.
fn taps(gains: [f64; 2]) -> [[i16; TAPS]; 2] {
    let between_rates = low_pass(LOW_PASS, 2, BETA);
    // The newest sample's first.
    let between_bands = |at: usize, band: usize| match (at.is_multiple_of(2), band) {
        (true, _) => f64::from(QMF_MIRRORED[QMF.len() - 1 - at / 2]),
        (false, 0) => f64::from(QMF[QMF.len() - 1 - at / 2]),
        (false, _) => -f64::from(QMF[QMF.len() - 1 - at / 2]),
    };
    let both = |at: usize, band: usize| -> f64 {
        let product = |off| Some(between_bands(off, band) * between_rates.get(at.checked_sub(off)?)?);
        (0..2 * QMF.len()).filter_map(product).sum()
    };
    [0, 1].map(|band| {
        std::array::from_fn(|at| (both(2 * (TAPS - 1 - at) + 1, band) * gains[band]).round() as i16)
    })
}
