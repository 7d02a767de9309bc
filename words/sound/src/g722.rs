//! G.722 at 64 kbit/s: 16,000 samples a second, two of them in a byte (ITU-T G.722).

mod band;
mod tables;

use band::{High, Low};
use tables::{QMF, QMF_MIRRORED};

/// Samples that the filter between the bands looks at, of the even ones and of the odd ones.
const TAPS: usize = QMF.len();

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
        for (pair, byte) in pairs.iter().zip(bytes) {
            *byte = self.encode_pair(*pair);
        }
        length
    }

    fn encode_pair(&mut self, pair: [i16; 2]) -> u8 {
        let [even, odd] = self.past.push(pair);
        let low = self.low.encode((odd + even) >> 14);
        let high = self.high.encode((odd - even) >> 14);
        high << 6 | low
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
        for (pair, byte) in pairs.iter_mut().zip(bytes) {
            *pair = self.decode_pair(*byte);
        }
        2 * length
    }

    fn decode_pair(&mut self, byte: u8) -> [i16; 2] {
        let low = self.low.decode(byte & 0x3f);
        let high = self.high.decode(byte >> 6);
        // Each is of 15 bits, so that their sum and their difference are of 16.
        let [even, odd] = self.past.push([low + high, low - high].map(|sum| sum as i16));
        [odd, even].map(|sum| saturated(sum >> 11) as i16)
    }
}

/// What the filter looks at. Samples and taps of 16 bits are what the compiler multiplies eight at a time.
#[derive(Clone, Debug, Default)]
struct Past {
    even: [i16; TAPS],
    odd: [i16; TAPS],
}

impl Past {
    /// Lets the filter take two more samples: its sums over the even and the odd ones.
    fn push(&mut self, [even, odd]: [i16; 2]) -> [i32; 2] {
        let take = |past: &mut [i16; TAPS], sample| {
            past.copy_within(1.., 0);
            past[TAPS - 1] = sample;
        };
        take(&mut self.even, even);
        take(&mut self.odd, odd);
        [product(&self.even, &QMF), product(&self.odd, &QMF_MIRRORED)]
    }
}

fn product(samples: &[i16; TAPS], taps: &[i16; TAPS]) -> i32 {
    samples.iter().zip(taps).map(|(sample, tap)| i32::from(*sample) * i32::from(*tap)).sum()
}

fn saturated(value: i32) -> i32 {
    value.clamp(i16::MIN.into(), i16::MAX.into())
}
