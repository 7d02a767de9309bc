//! The 80 bits of a frame, in the order in which they are sent (table 8).

use crate::FRAME_BYTES;

/// What a frame says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Frame {
    pub spectrum: Spectrum,
    pub parity: u8,
    pub subframes: [Subframe; 2],
}

/// L0 to L3.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Spectrum {
    pub predictor: u8,
    pub first: u8,
    pub low: u8,
    pub high: u8,
}

/// P, C, S, GA and GB.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Subframe {
    pub delay: u8,
    pub positions: u16,
    pub signs: u8,
    pub gains: [u8; 2],
}

/// How many bits name the delay of each subframe.
const DELAY_BITS: [u32; 2] = [8, 5];

impl Frame {
    pub fn parse(bytes: &[u8; FRAME_BYTES]) -> Frame {
        let mut bits = Reader::of(bytes);
        let mut byte = |count| bits.take(count) as u8;
        let spectrum = Spectrum { predictor: byte(1), first: byte(7), low: byte(5), high: byte(5) };
        let first_delay = bits.take(DELAY_BITS[0]) as u8;
        let parity = bits.take(1) as u8;
        let first = Subframe::parse(first_delay, &mut bits);
        let second_delay = bits.take(DELAY_BITS[1]) as u8;
        let second = Subframe::parse(second_delay, &mut bits);
        Frame { spectrum, parity, subframes: [first, second] }
    }

    pub fn bytes(&self) -> [u8; FRAME_BYTES] {
        let mut bits = Writer(0);
        let Spectrum { predictor, first, low, high } = self.spectrum;
        for (value, count) in [(predictor, 1), (first, 7), (low, 5), (high, 5)] {
            bits.put(value.into(), count);
        }
        for (index, subframe) in self.subframes.iter().enumerate() {
            bits.put(subframe.delay.into(), DELAY_BITS[index]);
            if index == 0 {
                bits.put(self.parity.into(), 1);
            }
            bits.put(subframe.positions, 13);
            bits.put(subframe.signs.into(), 4);
            bits.put(subframe.gains[0].into(), 3);
            bits.put(subframe.gains[1].into(), 4);
        }
        let [.., a, b, c, d, e, f, g, h, i, j] = bits.0.to_be_bytes();
        [a, b, c, d, e, f, g, h, i, j]
    }

    /// Whether the first delay came as it was sent: its upper six bits and their parity are odd together.
    pub fn is_whole(&self) -> bool {
        self.parity == parity(self.subframes[0].delay)
    }
}

impl Subframe {
    fn parse(delay: u8, bits: &mut Reader) -> Subframe {
        let (positions, signs) = (bits.take(13), bits.take(4) as u8);
        let gains = [bits.take(3) as u8, bits.take(4) as u8];
        Subframe { delay, positions, signs, gains }
    }
}

/// P0 of a first delay (3.7.2).
pub(crate) fn parity(delay: u8) -> u8 {
    ((delay >> 2).count_ones() as u8 & 1) ^ 1
}

/// From the highest bit downwards.
struct Reader(u128);

impl Reader {
    fn of(bytes: &[u8; FRAME_BYTES]) -> Reader {
        let mut wide = [0; 16];
        wide[..FRAME_BYTES].copy_from_slice(bytes);
        Reader(u128::from_be_bytes(wide))
    }

    fn take(&mut self, count: u32) -> u16 {
        let value = self.0 >> (128 - count);
        self.0 <<= count;
        value as u16
    }
}

struct Writer(u128);

impl Writer {
    fn put(&mut self, value: u16, count: u32) {
        self.0 = self.0 << count | u128::from(value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn h4_what_a_frame_of_g729_says_is_written_as_it_is_read() {
        for turn in 0..=255u8 {
            let bytes: [u8; FRAME_BYTES] =
                std::array::from_fn(|at| turn.wrapping_mul(37) ^ (at as u8).wrapping_mul(29));
            assert_eq!(Frame::parse(&bytes).bytes(), bytes);
        }
    }

    #[test]
    fn one_wrong_bit_of_a_delay_is_seen() {
        for delay in 0..=255 {
            let whole = Frame { parity: parity(delay), ..Frame::default() };
            for bit in 2..8 {
                let mut frame = whole;
                frame.subframes[0].delay = delay ^ 1 << bit;
                assert!(!frame.is_whole(), "{delay} {bit}");
            }
        }
    }
}
