//! Where a decoder that has lost something would get louder and louder, the pitch is held back (3.9, taming).

use crate::delay::Delay;
use crate::{DELAY_MAX, SUBFRAME};

/// An error that would have grown by this much.
const TOO_MUCH: f32 = 60_000.0;
/// As far as the filter between two samples reaches.
const REACH: usize = 10;
const ZONES: usize = (DELAY_MAX + REACH).div_ceil(SUBFRAME);

/// How much an error of each subframe before would have grown by now, the newest first.
#[derive(Clone, Debug)]
pub(crate) struct Errors([f32; ZONES]);

impl Errors {
    pub fn new() -> Errors {
        Errors([1.0; ZONES])
    }

    pub fn are_too_large(&self, delay: Delay) -> bool {
        let farthest = if delay.thirds > 0 { delay.whole + 1 } else { delay.whole };
        let nearest = farthest.saturating_sub(SUBFRAME + REACH);
        self.worst(nearest / SUBFRAME, (farthest + REACH - 2) / SUBFRAME) > TOO_MUCH
    }

    pub fn pass(&mut self, pitch: f32, delay: usize) {
        let worst = match delay.checked_sub(SUBFRAME) {
            None => {
                let once = 1.0 + pitch * self.0[0];
                once.max(1.0 + pitch * once)
            }
            Some(nearest) => 1.0 + pitch * self.worst(nearest / SUBFRAME, (delay - 1) / SUBFRAME),
        };
        self.0.rotate_right(1);
        self.0[0] = worst;
    }

    fn worst(&self, first: usize, last: usize) -> f32 {
        self.0[first..=last.min(ZONES - 1)].iter().fold(0.0, |worst, error| error.max(worst))
    }
}
