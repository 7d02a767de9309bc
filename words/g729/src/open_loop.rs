//! The pitch of a whole frame, roughly (A.3.4).

use crate::arithmetic::product;
use crate::{DELAY_MAX, FRAME};

/// Of every second sample: half a frame, and the past that the longest delay reaches.
const HALF: usize = FRAME / 2;
const HALF_PAST: usize = DELAY_MAX.div_ceil(2);

/// Weighted speech: as much of the past as the longest delay reaches, and a frame.
#[derive(Clone, Debug)]
pub(crate) struct Weighted([f32; 2 * HALF_PAST + FRAME]);

/// The delay of the best likeness in a range, and how good that is.
#[derive(Clone, Copy)]
struct Best {
    delay: usize,
    likeness: f32,
}

impl Weighted {
    pub fn new() -> Weighted {
        Weighted([0.0; 2 * HALF_PAST + FRAME])
    }

    pub fn frame(&mut self) -> &mut [f32; FRAME] {
        self.0.last_chunk_mut().expect("a frame follows the past")
    }

    /// The frame is done.
    pub fn pass(&mut self) {
        self.0.copy_within(FRAME.., 0);
    }

    /// How far back the frame resembles the speech most, where a multiple of a shorter delay does not count
    /// for more than that.
    pub fn delay(&self) -> usize {
        let mut halves = [[0.0; HALF_PAST + HALF]; 2];
        let (pairs, _) = self.0.as_chunks::<2>();
        for (at, [even, odd]) in pairs.iter().enumerate() {
            (halves[0][at], halves[1][at]) = (*even, *odd);
        }
        let mut short = best(&halves, 20..40);
        let mut middle = best(&halves, 40..80);
        let long = best_of_long(&halves);
        middle.favour(&long, 0.25, [5, 7]);
        short.favour(&middle, 0.20, [5, 7]);
        let best = if short.likeness < middle.likeness { middle } else { short };
        if best.likeness < long.likeness { long.delay } else { best.delay }
    }
}

impl Best {
    /// A longer delay that is near to twice or three times this one speaks for this one.
    fn favour(&mut self, longer: &Best, share: f32, near: [usize; 2]) {
        for (times, near) in [2, 3].into_iter().zip(near) {
            if (times * self.delay).abs_diff(longer.delay) < near {
                self.likeness += share * longer.likeness;
            }
        }
    }
}

type Halves = [[f32; HALF_PAST + HALF]; 2];

/// Every second sample of the frame, so long before.
fn before(halves: &Halves, delay: usize) -> &[f32] {
    let half = &halves[delay % 2];
    &half[HALF_PAST - delay.div_ceil(2)..][..HALF]
}

fn best(halves: &Halves, delays: std::ops::Range<usize>) -> Best {
    best_among(halves, delays)
}

/// The long ones are tried two by two; then the neighbours of the best.
fn best_of_long(halves: &Halves) -> Best {
    let rough = best_among(halves, (80..=DELAY_MAX).step_by(2));
    best_among(halves, (rough.delay - 1).max(80)..=(rough.delay + 1).min(DELAY_MAX))
}

fn best_among(halves: &Halves, delays: impl Iterator<Item = usize>) -> Best {
    let now = before(halves, 0);
    let (mut delay, mut most) = (0, f32::NEG_INFINITY);
    for tried in delays {
        let product = product(now, before(halves, tried));
        if product > most {
            (delay, most) = (tried, product);
        }
    }
    let before = before(halves, delay);
    let power = product(before, before).max(0.01);
    Best { delay, likeness: most / power.sqrt() }
}
