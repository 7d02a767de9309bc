//! G.722 for who has 8,000 samples a second. What a filter between the rates and the one between the bands
//! would do one after the other is done at once, so that nothing is ever at 16 kHz.
//!
//! Nothing lies in the upper band then, and yet it may not be silent: the filter between the bands is gentle,
//! and what a decoder lets through of the lower band's mirror (10 dB below a tone of 3,400 Hz), it takes off
//! by the upper band.

use super::band::{High, Low};
use super::tables::{QMF, QMF_MIRRORED};
use crate::filter::{BLOCK, PLACES, Past, TAPS, low_pass, rounded};

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
        Encoder { low: Low::new(), high: High::new(), past: Past::new(TAPS), taps: taps([2.0, 2.0]) }
    }

    /// Encodes each sample to a byte, as far as there is room; how many bytes that makes.
    pub fn encode(&mut self, samples: &[i16], bytes: &mut [u8]) -> usize {
        let length = samples.len().min(bytes.len());
        for (samples, bytes) in samples[..length].chunks(BLOCK).zip(bytes[..length].chunks_mut(BLOCK)) {
            self.past.take(samples);
            for (from, bytes) in (0..).step_by(PLACES).zip(bytes.chunks_mut(PLACES)) {
                let [lows, highs] = self.taps.each_ref().map(|taps| self.past.sums(from, taps));
                for ((low, high), byte) in lows.iter().zip(&highs).zip(bytes) {
                    let [low, high] = [low, high].map(|sum| rounded(*sum).into());
                    *byte = self.high.encode(high) << 6 | self.low.encode(low);
                }
            }
        }
        length
    }
}

impl Decoder {
    pub fn new() -> Decoder {
        // Its sums end three bits further down, and it adds the upper band where an encoder takes it off.
        let taps = taps([8.0, -8.0]);
        Decoder { low: Low::new(), high: High::new(), pasts: [0, 1].map(|_| Past::new(TAPS)), taps }
    }

    /// Decodes every byte to a sample, as far as there is room; how many samples that makes.
    pub fn decode(&mut self, bytes: &[u8], samples: &mut [i16]) -> usize {
        let length = samples.len().min(bytes.len());
        for (bytes, samples) in bytes[..length].chunks(BLOCK).zip(samples[..length].chunks_mut(BLOCK)) {
            let mut bands = [[0; BLOCK]; 2];
            for (at, byte) in bytes.iter().enumerate() {
                bands[0][at] = self.low.decode(byte & 0x3f) as i16;
                bands[1][at] = self.high.decode(byte >> 6) as i16;
            }
            self.pasts.iter_mut().zip(&bands).for_each(|(past, band)| past.take(&band[..bytes.len()]));
            for (from, samples) in (0..).step_by(PLACES).zip(samples.chunks_mut(PLACES)) {
                let [lows, highs] = [0, 1].map(|band| self.pasts[band].sums(from, &self.taps[band]));
                for ((low, high), sample) in lows.iter().zip(&highs).zip(samples) {
                    *sample = rounded(low + high);
                }
            }
        }
        length
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
