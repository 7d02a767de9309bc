//! G.722 at 64 kbit/s: 16,000 samples a second, two of them in a byte (ITU-T G.722).

mod band;
pub mod narrow;
mod tables;

use band::{High, Low};
use tables::{QMF, QMF_MIRRORED};

use crate::filter::{PLACES, sums};

/// Samples that the filter between the bands looks at, of the even ones and of the odd ones.
const TAPS: usize = QMF.len();
/// Pairs that it takes at once.
const BLOCK: usize = PLACES;

/// Sound at 16 kHz to bytes.
#[derive(Clone, Debug)]
pub struct Encoder {
    low: Low,
    high: High,
    past: Past,
}

/// Bytes to sound at 16 kHz.
#[derive(Clone, Debug)]
pub struct Decoder {
    low: Low,
    high: High,
    past: Past,
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
        Encoder { low: Low::new(), high: High::new(), past: Past::default() }
    }

    /// Encodes two samples a byte, as far as there is room; how many bytes that makes.
    pub fn encode(&mut self, samples: &[i16], bytes: &mut [u8]) -> usize {
        let pairs = samples.as_chunks::<2>().0;
        let length = pairs.len().min(bytes.len());
        for (pairs, bytes) in pairs[..length].chunks(BLOCK).zip(bytes[..length].chunks_mut(BLOCK)) {
            let mut block = [[0; 2]; BLOCK];
            block[..pairs.len()].copy_from_slice(pairs);
            let [even, odd] = self.past.push(&block, pairs.len());
            for ((even, odd), byte) in even.iter().zip(&odd).zip(bytes) {
                let low = self.low.encode((odd + even) >> 14);
                let high = self.high.encode((odd - even) >> 14);
                *byte = high << 6 | low;
            }
        }
        length
    }
}

impl Decoder {
    pub fn new() -> Decoder {
        Decoder { low: Low::new(), high: High::new(), past: Past::default() }
    }

    /// Decodes every byte to two samples, as far as there is room; how many samples that makes.
    pub fn decode(&mut self, bytes: &[u8], samples: &mut [i16]) -> usize {
        let pairs = samples.as_chunks_mut::<2>().0;
        let length = pairs.len().min(bytes.len());
        for (pairs, bytes) in pairs[..length].chunks_mut(BLOCK).zip(bytes[..length].chunks(BLOCK)) {
            let mut block = [[0; 2]; BLOCK];
            for (place, byte) in block.iter_mut().zip(bytes) {
                let low = self.low.decode(byte & 0x3f);
                let high = self.high.decode(byte >> 6);
                // Each is of 15 bits, so that their sum and their difference are of 16.
                *place = [low + high, low - high].map(|sum| sum as i16);
            }
            let [even, odd] = self.past.push(&block, bytes.len());
            for ((even, odd), pair) in even.iter().zip(&odd).zip(pairs) {
                *pair = [odd, even].map(|sum| saturated(sum >> 11) as i16);
            }
        }
        2 * length
    }
}

/// What the filter has looked at, and looks at again with what comes next.
#[derive(Clone, Debug, Default)]
struct Past {
    even: [i16; TAPS - 1],
    odd: [i16; TAPS - 1],
}

impl Past {
    /// Lets the filter take so many pairs, a block at most: its sums over the even and the odd samples.
    fn push(&mut self, pairs: &[[i16; 2]; BLOCK], count: usize) -> [[i32; BLOCK]; 2] {
        let take = |past: &mut [i16; TAPS - 1], which: usize, taps: &[i16; TAPS]| {
            let mut row = [0; TAPS - 1 + BLOCK];
            row[..TAPS - 1].copy_from_slice(past);
            row[TAPS - 1..].iter_mut().zip(pairs).for_each(|(place, pair)| *place = pair[which]);
            past.copy_from_slice(&row[count..count + TAPS - 1]);
            sums(&row, taps)
        };
        [take(&mut self.even, 0, &QMF), take(&mut self.odd, 1, &QMF_MIRRORED)]
    }
}

fn saturated(value: i32) -> i32 {
    value.clamp(i16::MIN.into(), i16::MAX.into())
}
