//! One band: a quantiser whose steps follow the sound, and a predictor that learns from what was decoded.

use super::saturated;
use super::tables::{
    CODES, HIGH_SIZES, HIGHEST, INVERSE_BITS, LOW_INVERSES, LOW_SIZES, QM2, QM4, QM6, WH, WL,
};

const DECODED_MIN: i32 = -16384;
const DECODED_MAX: i32 = 16383;
/// Six zeroes, and two places that stay empty: the compiler takes eight at a time.
const LANES: usize = 8;
const USED: [i16; LANES] = [-1, -1, -1, -1, -1, -1, 0, 0];

/// Below 4 kHz: six bits, of which the predictor looks at four.
#[derive(Clone, Debug)]
pub(super) struct Low {
    steps: Steps,
    predictor: Predictor,
}

/// Above 4 kHz: two bits.
#[derive(Clone, Debug)]
pub(super) struct High {
    steps: Steps,
    predictor: Predictor,
}

impl Low {
    pub fn new() -> Low {
        Low { steps: Steps { log: 0, size: 32 }, predictor: Predictor::default() }
    }

    pub fn encode(&mut self, sample: i32) -> u8 {
        let off = saturated(sample - self.predictor.guess);
        let size = if off >= 0 { off } else { -(off + 1) };
        let code = CODES[usize::from(off < 0)][self.steps.parts(size).min(HIGHEST)];
        self.learn(code >> 2);
        code
    }

    pub fn decode(&mut self, code: u8) -> i32 {
        let off = (self.steps.size * QM6[usize::from(code)]) >> 15;
        let decoded = (self.predictor.guess + off).clamp(DECODED_MIN, DECODED_MAX);
        self.learn(code >> 2);
        decoded
    }

    fn learn(&mut self, code: u8) {
        let off = (self.steps.size * QM4[usize::from(code)]) >> 15;
        self.steps.follow(WL[usize::from(code)], &LOW_SIZES);
        self.predictor.learn(off);
    }
}

impl High {
    pub fn new() -> High {
        High { steps: Steps { log: 0, size: 8 }, predictor: Predictor::default() }
    }

    pub fn encode(&mut self, sample: i32) -> u8 {
        let off = saturated(sample - self.predictor.guess);
        let size = if off >= 0 { off } else { -(off + 1) };
        let is_far = size >= (564 * self.steps.size) >> 12;
        let code = match (off < 0, is_far) {
            (true, false) => 1,
            (true, true) => 0,
            (false, false) => 3,
            (false, true) => 2,
        };
        self.learn(code);
        code
    }

    pub fn decode(&mut self, code: u8) -> i32 {
        let off = (self.steps.size * QM2[usize::from(code)]) >> 15;
        let decoded = (self.predictor.guess + off).clamp(DECODED_MIN, DECODED_MAX);
        self.learn(code);
        decoded
    }

    fn learn(&mut self, code: u8) {
        let off = (self.steps.size * QM2[usize::from(code)]) >> 15;
        self.steps.follow(WH[usize::from(code)], &HIGH_SIZES);
        self.predictor.learn(off);
    }
}

/// The size of a quantiser's steps, and its logarithm.
#[derive(Clone, Debug)]
struct Steps {
    log: i32,
    size: i32,
}

impl Steps {
    fn follow(&mut self, by: i32, sizes: &[i32]) {
        let most = (sizes.len() as i32 - 1) << 6;
        self.log = (((self.log * 127) >> 7) + by).clamp(0, most);
        self.size = sizes[(self.log >> 6) as usize];
    }

    /// By how many 4,096ths of the lower band's step a sample may be multiplied and not come to more than a
    /// size, once they are cut off.
    fn parts(&self, size: i32) -> usize {
        let most = ((size as u64 + 1) << 12) - 1;
        ((most * LOW_INVERSES[(self.log >> 6) as usize]) >> INVERSE_BITS) as usize
    }
}

/// Two poles and six zeroes.
#[derive(Clone, Debug, Default)]
struct Predictor {
    /// What the next sample is thought to be.
    guess: i32,
    /// The part of it that the zeroes make.
    guess_of_zeroes: i32,
    /// Coefficients of the poles, and of the zeroes.
    a: [i32; 2],
    b: [i16; LANES],
    /// The last differences, doubled; decoded samples, doubled; and parts of them that the zeroes explain, of
    /// which the sign counts.
    differences: [i16; LANES],
    decoded: [i32; 2],
    partial: [i32; 2],
}

impl Predictor {
    fn learn(&mut self, difference: i32) {
        let decoded = saturated(self.guess + difference);
        let partial = self.guess_of_zeroes + difference;

        self.a = self.poles(partial);
        self.move_zeroes(difference);

        // All lanes anew: to read at once what was written in parts is to wait for them.
        let (newest, before) = (saturated(2 * difference) as i16, self.differences);
        self.differences = std::array::from_fn(|at| if at == 0 { newest } else { before[at - 1] });
        self.decoded = [saturated(2 * decoded), self.decoded[0]];
        self.partial = [partial, self.partial[0]];

        let of_pole = |a: i32, decoded: i32| (a * decoded) >> 15;
        let poles = saturated(of_pole(self.a[0], self.decoded[0]) + of_pole(self.a[1], self.decoded[1]));
        let zeroes = self.b.iter().zip(&self.differences);
        let zeroes = zeroes.map(|(b, difference)| (i32::from(*b) * i32::from(*difference)) >> 15);
        let zeroes: i32 = zeroes.sum();
        self.guess_of_zeroes = saturated(zeroes);
        self.guess = saturated(poles + self.guess_of_zeroes);
    }

    /// UPPOL2 and UPPOL1 of the recommendation.
    fn poles(&self, partial: i32) -> [i32; 2] {
        let [unlike_first, unlike_second] = self.partial.map(|before| unlike(partial, before));

        let first = saturated(self.a[0] << 2);
        let pull = turned(first, !unlike_first).min(i16::MAX.into());
        let push = turned(128, unlike_second);
        let second = (push + (pull >> 7) + ((self.a[1] * 32512) >> 15)).clamp(-12288, 12288);

        let push = turned(192, unlike_first);
        let first = saturated(push + ((self.a[0] * 32640) >> 15));
        let most = 15360 - second;
        [first.clamp(-most, most), second]
    }

    /// UPZERO of the recommendation: each keeps 255 parts of 256, and is pushed by 128.
    fn move_zeroes(&mut self, difference: i32) {
        let push = if difference == 0 { 0 } else { 128 };
        let sign = (difference >> 31) as i16;
        for ((b, before), used) in self.b.iter_mut().zip(&self.differences).zip(&USED) {
            // All ones where the signs differ.
            let unlike = (before >> 15) ^ sign;
            let lost = (*b >> 8) + (((*b & 255) + 255) >> 8);
            *b = (*b - lost).saturating_add((push ^ unlike) - unlike) & used;
        }
    }
}

/// All ones where the signs differ, else nothing. Signs of sound are chance: to branch on them is to wait.
fn unlike(one: i32, other: i32) -> i32 {
    (one ^ other) >> 31
}

/// The number with its sign turned, where all is ones.
fn turned(number: i32, ones: i32) -> i32 {
    (number ^ ones) - ones
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the recommendation divides, here is multiplied.
    #[test]
    fn h4_each_size_is_so_many_parts_of_each_step() {
        for (at, step) in LOW_SIZES.iter().enumerate() {
            let steps = Steps { log: (at as i32) << 6, size: *step };
            for size in 0..=i32::from(i16::MAX) {
                let most = ((size + 1) << 12) - 1;
                assert_eq!(steps.parts(size), (most / step) as usize, "{size} of {step}");
            }
        }
    }
}
