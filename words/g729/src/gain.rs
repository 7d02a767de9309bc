//! How loud the pitch and the code are: the latter as a correction of what the last four lead to expect
//! (3.9).

use crate::SUBFRAME;
use crate::arithmetic::{Subframe, energy};
use crate::tables::{GAINS_FIRST, GAINS_SECOND, parts};

/// By how much each of the last corrections counts, the newest first.
const SHARES: [f32; 4] = [0.68, 0.58, 0.34, 0.19];
/// A correction that is as small as they get, in decibels.
const LEAST_DB: f32 = -14.0;
/// What the code is expected to be in the mean.
const MEAN_DB: f32 = 30.0;
/// What a correction is taken to have been that was lost, below the last four.
const LOST_DB: f32 = 4.0;

static FIRST: [[f32; 2]; 8] = contributions(GAINS_FIRST);
static SECOND: [[f32; 2]; 16] = contributions(GAINS_SECOND);

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Gains {
    pub pitch: f32,
    pub code: f32,
}

/// The last corrections, in decibels, the newest first.
#[derive(Clone, Debug)]
pub(crate) struct Expectation([f32; 4]);

/// What is known of an excitation before its gains are: the pitch and the code as they would sound, the
/// target of both, and the products of these.
pub(crate) struct Wanted {
    pub pitch: f32,
    pub code: f32,
    pub both: f32,
    pub target_pitch: f32,
    pub target_code: f32,
}

impl Expectation {
    pub fn new() -> Expectation {
        Expectation([LEAST_DB; 4])
    }

    /// The gain that a code is expected to have.
    fn of(&self, code: &Subframe) -> f32 {
        let expected: f32 = self.0.iter().zip(SHARES).map(|(correction, share)| correction * share).sum();
        let own = 10.0 * (energy(code) / SUBFRAME as f32).log10();
        10f32.powf((expected + MEAN_DB - own) / 20.0)
    }

    /// The gains that are meant by GA and GB.
    pub fn decode(&mut self, [first, second]: [u8; 2], code: &Subframe) -> Gains {
        let expected = self.of(code);
        let (first, second) = (FIRST[usize::from(first)], SECOND[usize::from(second)]);
        let (pitch, correction) = (first[0] + second[0], first[1] + second[1]);
        self.remember(20.0 * correction.log10());
        Gains { pitch, code: correction * expected }
    }

    /// The gains of which least is left of the target, with a pitch below a limit.
    pub fn encode(&mut self, wanted: &Wanted, pitch_below: f32, code: &Subframe) -> ([u8; 2], Gains) {
        let expected = self.of(code);
        let (mut least, mut best) = (f32::INFINITY, [0, 0]);
        for (at, one) in FIRST.iter().enumerate() {
            for (at_second, other) in SECOND.iter().enumerate() {
                let (pitch, code) = (one[0] + other[0], expected * (one[1] + other[1]));
                let left = pitch * (pitch * wanted.pitch - 2.0 * wanted.target_pitch)
                    + code * (code * wanted.code - 2.0 * wanted.target_code)
                    + 2.0 * pitch * code * wanted.both;
                if left < least && pitch < pitch_below {
                    (least, best) = (left, [at as u8, at_second as u8]);
                }
            }
        }
        (best, self.decode(best, code))
    }

    /// A frame was lost: it is taken to have been quieter (4.4.3).
    pub fn lose(&mut self) {
        let mean = self.0.iter().sum::<f32>() / self.0.len() as f32;
        self.remember((mean - LOST_DB).max(LEAST_DB));
    }

    fn remember(&mut self, correction: f32) {
        self.0.rotate_right(1);
        self.0[0] = correction;
    }
}

const fn contributions<const N: usize>(codebook: [[i16; 2]; N]) -> [[f32; 2]; N] {
    let (mut values, mut at) = ([[0.0; 2]; N], 0);
    while at < N {
        let [pitch, code] = codebook[at];
        values[at] = [parts([pitch], 14)[0], parts([code], 13)[0]];
        at += 1;
    }
    values
}
