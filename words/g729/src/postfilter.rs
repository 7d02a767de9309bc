//! What is done to decoded speech so that less is heard of its noise: pitch and formants stand out a little
//! more (A.4.2).

use crate::arithmetic::{Subframe, energy, product};
use crate::delay::around;
use crate::filter::{Prediction, Synthesis, residual, widened};
use crate::{DELAY_MAX, ORDER, SUBFRAME};

/// Of the formants: what is taken away, and what is put back.
const FLATTER: f32 = 0.55;
const SHARPER: f32 = 0.70;
/// Of the pitch.
const PITCH: f32 = 0.5;
/// Of the slope that the formants' filter has of itself.
const SLOPE: f32 = 0.8;
/// So much of its answer tells its slope.
const RESPONSE: usize = 22;
/// How slowly the loudness is adapted.
const SLOWLY: f32 = 0.9;

#[derive(Clone, Debug)]
pub(crate) struct Postfilter {
    /// What the flatter spectrum leaves, of the longest delay and of a subframe.
    rest: [f32; DELAY_MAX + SUBFRAME],
    before_slope: f32,
    synthesis: Synthesis,
    gain: f32,
}

impl Postfilter {
    pub fn new() -> Postfilter {
        let rest = [0.0; DELAY_MAX + SUBFRAME];
        Postfilter { rest, before_slope: 0.0, synthesis: Synthesis::default(), gain: 1.0 }
    }

    /// Filters a subframe; what it is given begins with the samples before.
    pub fn run(
        &mut self,
        prediction: &Prediction,
        delay: usize,
        speech: &[f32; ORDER + SUBFRAME],
    ) -> Subframe {
        let (flatter, sharper) = (widened(prediction, FLATTER), widened(prediction, SHARPER));
        self.rest.copy_within(SUBFRAME.., 0);
        self.rest[DELAY_MAX..].copy_from_slice(&residual(&flatter, speech));
        let mut out = self.voiced(delay);
        let slope = slope(&flatter, &sharper);
        for sample in &mut out {
            let before = std::mem::replace(&mut self.before_slope, *sample);
            *sample -= slope * before;
        }
        let mut out = self.synthesis.run(&sharper, &out);
        self.adapt(energy(&speech[ORDER..]), &mut out);
        out
    }

    /// What the flatter spectrum leaves, with more of what was a period before.
    fn voiced(&self, delay: usize) -> Subframe {
        let mut now = [0.0; SUBFRAME];
        now.copy_from_slice(&self.rest[DELAY_MAX..]);
        let before = |delay: usize| &self.rest[DELAY_MAX - delay..][..SUBFRAME];
        let mut best = (0.0, 0);
        for delay in around(delay, 3, 7) {
            let likeness = product(&now, before(delay));
            if likeness > best.0 {
                best = (likeness, delay);
            }
        }
        let (likeness, delay) = best;
        if delay == 0 {
            return now;
        }
        let power = energy(before(delay));
        // What is not predicted by 3 dB at least is not voiced.
        if likeness * likeness < 0.5 * power * energy(&now) {
            return now;
        }
        let share = PITCH * (likeness / power).min(1.0);
        let whole = 1.0 / (1.0 + share);
        let before = before(delay);
        std::array::from_fn(|at| whole * (now[at] + share * before[at]))
    }

    /// The result becomes as loud as what it was made of.
    fn adapt(&mut self, wanted: f32, out: &mut Subframe) {
        let power = energy(out);
        let aim = if power > 0.0 { (1.0 - SLOWLY) * (wanted / power).sqrt() } else { 0.0 };
        for sample in out {
            self.gain = SLOWLY * self.gain + aim;
            *sample *= self.gain;
        }
    }
}

fn slope(flatter: &Prediction, sharper: &Prediction) -> f32 {
    let mut impulse = [0.0; SUBFRAME];
    impulse[0] = 1.0;
    impulse[1..=ORDER].copy_from_slice(flatter);
    let response = Synthesis::default().run(sharper, &impulse);
    let next = product(&response[..RESPONSE - 1], &response[1..RESPONSE]);
    if next > 0.0 { SLOPE * next / energy(&response[..RESPONSE]) } else { 0.0 }
}
