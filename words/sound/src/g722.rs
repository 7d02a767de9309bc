//! G.722 at 64 kbit/s: 16,000 samples a second, two of them in a byte (ITU-T G.722).

mod band;
mod tables;

use band::{High, Low};
use tables::QMF;

/// Samples that the filter between the bands looks at.
const TAPS: usize = 24;

/// Sound at 16 kHz to bytes.
#[derive(Clone, Debug)]
pub struct Encoder {
    low: Low,
    high: High,
    past: [i32; TAPS],
}

/// Bytes to sound at 16 kHz.
#[derive(Clone, Debug)]
pub struct Decoder {
    low: Low,
    high: High,
    past: [i32; TAPS],
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
        Encoder { low: Low::new(), high: High::new(), past: [0; TAPS] }
    }

    /// Encodes two samples a byte, as far as there is room; how many bytes that makes.
    pub fn encode(&mut self, samples: &[i16], bytes: &mut [u8]) -> usize {
        let pairs = samples.as_chunks::<2>().0;
        let length = pairs.len().min(bytes.len());
        for (pair, byte) in pairs.iter().zip(bytes) {
            *byte = self.encode_pair(*pair);
        }
        length
    }

    fn encode_pair(&mut self, pair: [i16; 2]) -> u8 {
        let [even, odd] = push(&mut self.past, pair.map(i32::from));
        let low = self.low.encode((odd + even) >> 14);
        let high = self.high.encode((odd - even) >> 14);
        high << 6 | low
    }
}

impl Decoder {
    pub fn new() -> Decoder {
        Decoder { low: Low::new(), high: High::new(), past: [0; TAPS] }
    }

    /// Decodes every byte to two samples, as far as there is room; how many samples that makes.
    pub fn decode(&mut self, bytes: &[u8], samples: &mut [i16]) -> usize {
        let pairs = samples.as_chunks_mut::<2>().0;
        let length = pairs.len().min(bytes.len());
        for (pair, byte) in pairs.iter_mut().zip(bytes) {
            *pair = self.decode_pair(*byte);
        }
        2 * length
    }

    fn decode_pair(&mut self, byte: u8) -> [i16; 2] {
        let low = self.low.decode(byte & 0x3f);
        let high = self.high.decode(byte >> 6);
        let [even, odd] = push(&mut self.past, [low + high, low - high]);
        [odd, even].map(|sum| saturated(sum >> 11) as i16)
    }
}

/// Lets the filter take two more samples: its sums over the even and the odd ones.
fn push(past: &mut [i32; TAPS], pair: [i32; 2]) -> [i32; 2] {
    past.copy_within(2.., 0);
    past[TAPS - 2..].copy_from_slice(&pair);
    let (mut even, mut odd) = (0, 0);
    for (at, [first, second]) in past.as_chunks::<2>().0.iter().enumerate() {
        even += first * QMF[at];
        odd += second * QMF[QMF.len() - 1 - at];
    }
    [even, odd]
}

fn saturated(value: i32) -> i32 {
    value.clamp(i16::MIN.into(), i16::MAX.into())
}
