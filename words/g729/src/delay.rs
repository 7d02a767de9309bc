//! The pitch: how far back the excitation resembles itself, in thirds of a sample, and what is made of that
//! (3.7).

use crate::arithmetic::Subframe;
use crate::tables::{BETWEEN, parts};
use crate::{DELAY_MAX, DELAY_MIN, FRAME, SUBFRAME};

/// Samples on each side that tell what lies between two.
const TAPS: usize = 10;
/// As much of the excitation as the longest delay reaches.
const PAST: usize = DELAY_MAX + TAPS + 1;
/// What lies this many thirds behind a sample, of it and those before, and of those that follow.
static FILTERS: [[[f32; TAPS]; 2]; 3] = [filters(0), filters(1), filters(2)];
const LANES: usize = 8;

/// By the first delay of a frame: below, it counts in thirds (3.7.2).
const IN_THIRDS: u8 = 197;
const IN_THIRDS_MAX: usize = 85;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Delay {
    pub whole: usize,
    /// −1, 0 or 1 more.
    pub thirds: i32,
}

/// The excitation: what was, and the frame that is being made.
#[derive(Clone, Debug)]
pub(crate) struct Excitation([f32; PAST + FRAME]);

impl Delay {
    pub const fn of(whole: usize) -> Delay {
        Delay { whole, thirds: 0 }
    }

    /// P1.
    pub fn parse_first(code: u8) -> Delay {
        let wide = usize::from(code);
        if code < IN_THIRDS {
            let whole = wide.div_ceil(3) + 19;
            Delay { whole, thirds: wide as i32 - 3 * whole as i32 + 58 }
        } else {
            Delay::of(wide - 112)
        }
    }

    /// P2, beside the first of its frame.
    pub fn parse_second(code: u8, first: usize) -> Delay {
        let steps = usize::from(code).div_ceil(3);
        Delay { whole: steps + near(first) - 1, thirds: i32::from(code) + 1 - 3 * steps as i32 }
    }

    pub fn code_first(self) -> u8 {
        let code = if self.whole <= IN_THIRDS_MAX {
            3 * self.whole as i32 - 58 + self.thirds
        } else {
            self.whole as i32 + 112
        };
        code as u8
    }

    pub fn code_second(self, first: usize) -> u8 {
        (3 * (self.whole as i32 - near(first) as i32) + 2 + self.thirds) as u8
    }

    pub fn is_in_thirds(self) -> bool {
        self.whole < IN_THIRDS_MAX
    }
}

/// The least whole delay that a second subframe can name.
pub(crate) fn near(first: usize) -> usize {
    around(first, 5, 10).start
}

/// So many delays of which one lies so far below a middle, where that is possible.
pub(crate) fn around(middle: usize, below: usize, count: usize) -> std::ops::Range<usize> {
    let least = middle.saturating_sub(below).clamp(DELAY_MIN, DELAY_MAX + 1 - count);
    least..least + count
}

impl Excitation {
    pub fn new() -> Excitation {
        Excitation([0.0; PAST + FRAME])
    }

    /// Makes a subframe what was so long before it. Of a delay that is shorter, it repeats itself.
    pub fn repeat(&mut self, subframe: usize, delay: Delay) -> Subframe {
        let begin = PAST + subframe * SUBFRAME;
        // A third more is two thirds behind the sample before.
        let (phase, more) = match delay.thirds {
            0 => (0, 0),
            1 => (2, 1),
            _ => (1, 0),
        };
        let [before, after] = &FILTERS[phase];
        let mut at = begin;
        while at < begin + SUBFRAME {
            let middle = at - delay.whole - more;
            let mut sums = [0.0; LANES];
            for tap in 0..TAPS {
                let (earlier, later) =
                    (&self.0[middle - tap..][..LANES], &self.0[middle + 1 + tap..][..LANES]);
                for lane in 0..LANES {
                    sums[lane] += earlier[lane] * before[tap] + later[lane] * after[tap];
                }
            }
            self.0[at..at + LANES].copy_from_slice(&sums);
            at += LANES;
        }
        *self.subframe(subframe)
    }

    pub fn subframe(&self, subframe: usize) -> &Subframe {
        let begin = PAST + subframe * SUBFRAME;
        self.0[begin..].first_chunk().expect("a frame has two subframes")
    }

    pub fn set(&mut self, subframe: usize, samples: &Subframe) {
        let begin = PAST + subframe * SUBFRAME;
        self.0[begin..begin + SUBFRAME].copy_from_slice(samples);
    }

    /// What was so long before a subframe.
    pub fn before(&self, subframe: usize, delay: usize) -> &Subframe {
        let begin = PAST + subframe * SUBFRAME - delay;
        self.0[begin..].first_chunk().expect("the past is longer than any delay")
    }

    /// The frame is done.
    pub fn pass(&mut self) {
        self.0.copy_within(FRAME.., 0);
    }
}

const fn filters(phase: usize) -> [[f32; TAPS]; 2] {
    let between = parts(BETWEEN, 15);
    let (mut filters, mut tap) = ([[0.0; TAPS]; 2], 0);
    while tap < TAPS {
        filters[0][tap] = between[phase + 3 * tap];
        filters[1][tap] = between[3 - phase + 3 * tap];
        tap += 1;
    }
    filters
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_delay_is_read_as_it_is_written() {
        for code in 0..=255 {
            let first = Delay::parse_first(code);
            assert_eq!(first.code_first(), code, "{first:?}");
            assert!((DELAY_MIN - 1..=DELAY_MAX).contains(&first.whole), "{first:?}");
            for second in 0..32 {
                let delay = Delay::parse_second(second, first.whole);
                assert_eq!(delay.code_second(first.whole), second, "{delay:?}");
            }
        }
    }
}
