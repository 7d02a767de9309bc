//! How the voices of a meeting become one sound: the loudest of them, added up, and no louder than it may be.

use crate::voice::{FRAME, RATE};

/// So many are heard at once; the others' noise is not added up.
pub(crate) const SPEAKERS_MAX: usize = 4;
/// One more for each of these, in the frame in which its voice fades away.
pub(crate) const PARTS: usize = 2 * SPEAKERS_MAX;
/// The mean square of a voice that is no silence: 60 dB below the loudest sine.
const SILENCE: u32 = 540;
/// Whoever is heard already gives way to who is louder by 3 dB.
const FAVOUR: u32 = 2;

/// Above, what is added up is made softer.
const LIMIT: f32 = 28_000.0;
const LOUDEST: f32 = 32_767.0;
/// It becomes softer within 2.5 ms, and louder again within a second or so.
const ATTACK: usize = RATE / 400;
const RELEASE: f32 = 0.04;

/// How loud somebody is: at once as loud as a frame, and softer little by little.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Level(u32);

impl Level {
    pub fn hear(&mut self, frame: &[i16; FRAME]) {
        let square = |sample: &i16| u64::from(sample.unsigned_abs()).pow(2);
        let mean = frame.iter().map(square).sum::<u64>() / FRAME as u64;
        self.0 = (self.0 - self.0 / 8).max(mean as u32);
    }

    pub fn hear_nothing(&mut self) {
        self.0 -= self.0 / 8;
    }
}

/// Who is heard: the loudest, in no order.
#[derive(Default)]
pub(crate) struct Loudest {
    found: [(u32, usize); SPEAKERS_MAX],
    count: usize,
}

/// Whether somebody is among those who are heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    Already,
    NotYet,
}

impl Loudest {
    pub fn weigh(&mut self, who: usize, Level(level): Level, heard: Heard) {
        if level < SILENCE {
            return;
        }
        let weight = if heard == Heard::Already { level.saturating_mul(FAVOUR) } else { level };
        if self.count < SPEAKERS_MAX {
            self.found[self.count] = (weight, who);
            self.count += 1;
            return;
        }
        let softest = self.found.iter_mut().min_by_key(|(weight, _)| *weight);
        if let Some(softest) = softest.filter(|(least, _)| *least < weight) {
            *softest = (weight, who);
        }
    }

    pub fn heard(&self, who: usize) -> Heard {
        let is_found = self.found[..self.count].iter().any(|(_, one)| *one == who);
        if is_found { Heard::Already } else { Heard::NotYet }
    }
}

/// Lets a voice come or go within a frame.
pub(crate) fn fade(frame: &mut [i16; FRAME], [from, to]: [f32; 2]) {
    if from == to {
        return;
    }
    for (at, sample) in frame.iter_mut().enumerate() {
        let share = from + (to - from) * (at as f32 / FRAME as f32);
        *sample = (f32::from(*sample) * share) as i16;
    }
}

/// Keeps what is added up as loud as samples can be, without cutting off what is above.
#[derive(Clone, Debug)]
pub(crate) struct Limiter {
    share: f32,
}

impl Limiter {
    pub fn new() -> Limiter {
        Limiter { share: 1.0 }
    }

    pub fn limit(&mut self, sum: &[i32; FRAME], out: &mut [i16; FRAME]) {
        let peak = sum.iter().map(|sample| sample.unsigned_abs()).max().unwrap_or(0) as f32;
        let most = if peak > LIMIT { LIMIT / peak } else { 1.0 };
        let before = self.share;
        let (after, within) = match most < before {
            true => (most, ATTACK),
            false => ((before + (1.0 - before) * RELEASE).min(most), FRAME),
        };
        self.share = if after > 0.999 { 1.0 } else { after };
        if before == 1.0 && self.share == 1.0 {
            out.iter_mut().zip(sum).for_each(|(out, sample)| *out = *sample as i16);
            return;
        }
        let step = (self.share - before) / within as f32;
        for (at, (out, sample)) in out.iter_mut().zip(sum).enumerate() {
            let share = before + step * at.min(within) as f32;
            *out = soft(*sample as f32 * share);
        }
    }
}

/// What is too loud all the same, while it is made softer, is bent and not cut.
fn soft(sample: f32) -> i16 {
    let above = sample.abs() - LIMIT;
    if above <= 0.0 {
        return sample as i16;
    }
    let room = LOUDEST - LIMIT;
    let bent = LIMIT + room * above / (above + room);
    bent.copysign(sample) as i16
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sum(peak: f32) -> [i32; FRAME] {
        std::array::from_fn(|at| ((at as f32 * 0.1).sin() * peak) as i32)
    }

    #[test]
    fn what_fits_is_left_as_it_is() {
        let (mut limiter, mut out) = (Limiter::new(), [0; FRAME]);

        limiter.limit(&sum(27_000.0), &mut out);

        assert!(out.iter().zip(sum(27_000.0)).all(|(out, sample)| i32::from(*out) == sample));
    }

    #[test]
    fn what_is_too_loud_keeps_its_form_and_becomes_loud_again() {
        let (mut limiter, mut out) = (Limiter::new(), [0; FRAME]);
        limiter.limit(&sum(90_000.0), &mut out);
        let steepest = out.windows(2).map(|two| two[0].abs_diff(two[1])).max();
        assert!(steepest < Some(9_000), "nothing jumps while it becomes softer: {steepest:?}");

        limiter.limit(&sum(90_000.0), &mut out);

        let share = LIMIT / sum(90_000.0).iter().max().map_or(1.0, |most| *most as f32);
        for (out, sample) in out.iter().zip(sum(90_000.0)) {
            assert!((f32::from(*out) - sample as f32 * share).abs() < 30.0, "{out} of {sample}");
        }
        (0..250).for_each(|_| limiter.limit(&sum(10_000.0), &mut out));
        assert!(out.iter().zip(sum(10_000.0)).all(|(out, sample)| i32::from(*out) == sample));
    }

    #[test]
    fn the_loudest_are_heard_and_who_is_heard_already_is_not_lost_to_a_hair() {
        let mut loudest = Loudest::default();
        for (who, level) in [100_000, 500, 90_000, 120_000, 80_000, 85_000].into_iter().enumerate() {
            let heard = if who == 4 { Heard::Already } else { Heard::NotYet };
            loudest.weigh(who, Level(level), heard);
        }

        let heard: Vec<usize> = (0..6).filter(|who| loudest.heard(*who) == Heard::Already).collect();
        assert_eq!(heard, [0, 2, 3, 4]);
    }
}
