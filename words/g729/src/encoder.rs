//! Sound to frames (Annex A, clause A.3).

use crate::analysis::{WINDOW, predicted};
use crate::arithmetic::{Subframe, convolved, correlated, energy, product};
use crate::bits::{self, Frame, parity};
use crate::decoder::{SHARPNESS_MAX, SHARPNESS_MIN};
use crate::delay::{Delay, Excitation, around};
use crate::filter::{HighPass, Prediction, Synthesis, residual, widened};
use crate::gain::{Expectation, Wanted};
use crate::lsf::{COSINES_AT_FIRST, Cosines, cosines_of, frequencies_of, interpolated, lines_of};
use crate::lsf_codes::Past;
use crate::open_loop::Weighted;
use crate::pulse_search;
use crate::pulses::sharpen;
use crate::taming::Errors;
use crate::{FRAME, FRAME_BYTES, ORDER, SUBFRAME};

/// Where the frame begins that is encoded; 5 ms of the next are known by then.
const BEGIN: usize = 120;
/// How far the weighting follows the formants.
const WEIGHT: f32 = 0.75;
/// How much of the treble counts for the pitch.
const DULL: f32 = 0.7;
/// A pitch is louder than what it repeats at most by this; by less, where it is held back.
const PITCH_MAX: f32 = 1.2;
const PITCH_TAMED: f32 = 0.95;
const PITCH_UNTAMED_BELOW: f32 = f32::INFINITY;
const PITCH_TAMED_BELOW: f32 = 0.999_9;

/// Samples to frames; what is heard is 5 ms later.
#[derive(Clone, Debug)]
pub struct Encoder {
    high_pass: HighPass,
    speech: Box<[f32; WINDOW]>,
    /// Of the last frame, as it was found.
    lines: Cosines,
    /// Of the last frame, as it was sent.
    cosines: Cosines,
    past: Past,
    excitation: Box<Excitation>,
    weighted: Box<Weighted>,
    weighting: Synthesis,
    /// The end of what was left of the last target.
    left: [f32; ORDER],
    sharpness: f32,
    expectation: Expectation,
    errors: Errors,
}

/// What a subframe is to sound like: as it is weighted, and what the weighting makes of a pulse.
struct Aim {
    target: Subframe,
    response: Subframe,
}

impl Encoder {
    pub fn new() -> Encoder {
        Encoder {
            high_pass: HighPass::of_encoder(),
            speech: Box::new([0.0; WINDOW]),
            lines: COSINES_AT_FIRST,
            cosines: COSINES_AT_FIRST,
            past: Past::new(),
            excitation: Box::new(Excitation::new()),
            weighted: Box::new(Weighted::new()),
            weighting: Synthesis::default(),
            left: [0.0; ORDER],
            sharpness: SHARPNESS_MIN,
            expectation: Expectation::new(),
            errors: Errors::new(),
        }
    }

    /// Encodes whole frames, as many as there are and as there is room for; how many bytes they are.
    pub fn encode(&mut self, samples: &[i16], payload: &mut [u8]) -> usize {
        let (frames, _) = samples.as_chunks::<FRAME>();
        let (rooms, _) = payload.as_chunks_mut::<FRAME_BYTES>();
        for (frame, room) in frames.iter().zip(rooms) {
            *room = self.encode_frame(frame).bytes();
        }
        frames.len().min(payload.len() / FRAME_BYTES) * FRAME_BYTES
    }

    fn encode_frame(&mut self, samples: &[i16; FRAME]) -> Frame {
        self.hear(samples);
        self.lines = predicted(&self.speech).as_ref().and_then(lines_of).unwrap_or(self.lines);
        let spectrum = self.past.encode(&frequencies_of(&self.lines));
        let cosines = cosines_of(&self.past.decode(&spectrum));
        let predictions = interpolated(&self.cosines, &cosines);
        self.cosines = cosines;
        let rough = self.rough_delay(&predictions);
        let mut frame = Frame { spectrum, ..Frame::default() };
        let mut first = 0;
        for (at, prediction) in predictions.iter().enumerate() {
            let delays = if at == 0 { around(rough, 3, 7) } else { around(first, 5, 10) };
            let (delay, mut said) = self.encode_subframe(at, prediction, delays);
            said.delay = if at == 0 { delay.code_first() } else { delay.code_second(first) };
            first = delay.whole;
            frame.subframes[at] = said;
        }
        frame.parity = parity(frame.subframes[0].delay);
        self.excitation.pass();
        self.weighted.pass();
        frame
    }

    fn hear(&mut self, samples: &[i16; FRAME]) {
        self.speech.copy_within(FRAME.., 0);
        let room = self.speech[WINDOW - FRAME..].iter_mut();
        room.zip(samples).for_each(|(room, sample)| *room = self.high_pass.pass(f32::from(*sample)));
    }

    /// What the prediction leaves of the frame stands where its excitation will; its pitch is looked for in
    /// weighted speech.
    fn rough_delay(&mut self, predictions: &[Prediction; 2]) -> usize {
        for (at, prediction) in predictions.iter().enumerate() {
            let begin = BEGIN + at * SUBFRAME - ORDER;
            let speech = self.speech[begin..].first_chunk().expect("the window ends behind the frame");
            let rest = residual(prediction, speech);
            self.excitation.set(at, &rest);
            let mut dull = widened(prediction, WEIGHT);
            let mut before = 1.0;
            for coefficient in &mut dull {
                let own = *coefficient;
                *coefficient -= DULL * before;
                before = own;
            }
            let weighted = self.weighting.run(&dull, &rest);
            self.weighted.frame()[at * SUBFRAME..][..SUBFRAME].copy_from_slice(&weighted);
        }
        self.weighted.delay()
    }

    /// All of a subframe but how its delay is written.
    fn encode_subframe(
        &mut self,
        at: usize,
        prediction: &Prediction,
        delays: std::ops::Range<usize>,
    ) -> (Delay, bits::Subframe) {
        let aim = self.aim(at, prediction);
        let delay = self.delay(at, &aim, delays);
        let pitch = *self.excitation.subframe(at);
        let pitch_heard = convolved(&pitch, &aim.response);
        let is_tame = !self.errors.are_too_large(delay);
        let (pitch_max, pitch_below) =
            if is_tame { (PITCH_MAX, PITCH_UNTAMED_BELOW) } else { (PITCH_TAMED, PITCH_TAMED_BELOW) };
        let pitch_power = energy(&pitch_heard);
        let target_pitch = product(&aim.target, &pitch_heard);
        let share = if pitch_power > 0.0 { (target_pitch / pitch_power).clamp(0.0, pitch_max) } else { 0.0 };
        let rest: Subframe = std::array::from_fn(|index| aim.target[index] - share * pitch_heard[index]);
        let mut response = aim.response;
        sharpen(&mut response, delay.whole, self.sharpness);
        let pulses = pulse_search::found(&rest, &response);
        let code = pulses.sharpened(delay.whole, self.sharpness);
        let code_heard = convolved(&code, &aim.response);
        let wanted = Wanted {
            pitch: pitch_power,
            code: energy(&code_heard),
            both: product(&pitch_heard, &code_heard),
            target_pitch,
            target_code: product(&aim.target, &code_heard),
        };
        let (gains_said, gains) = self.expectation.encode(&wanted, pitch_below, &code);
        let excited = std::array::from_fn(|index| gains.pitch * pitch[index] + gains.code * code[index]);
        self.excitation.set(at, &excited);
        for (left, index) in self.left.iter_mut().zip(SUBFRAME - ORDER..) {
            *left = aim.target[index] - gains.pitch * pitch_heard[index] - gains.code * code_heard[index];
        }
        self.sharpness = gains.pitch.clamp(SHARPNESS_MIN, SHARPNESS_MAX);
        self.errors.pass(gains.pitch, delay.whole);
        let (positions, signs) = pulses.code();
        (delay, bits::Subframe { delay: 0, positions, signs, gains: gains_said })
    }

    fn aim(&self, at: usize, prediction: &Prediction) -> Aim {
        let weighting = widened(prediction, WEIGHT);
        let target = Synthesis::after(self.left).run(&weighting, self.excitation.subframe(at));
        let mut impulse = [0.0; SUBFRAME];
        impulse[0] = 1.0;
        let response = Synthesis::default().run(&weighting, &impulse);
        Aim { target, response }
    }

    /// The delay of which most is heard of the target; the excitation repeats itself at it then (A.3.7).
    fn delay(&mut self, at: usize, aim: &Aim, delays: std::ops::Range<usize>) -> Delay {
        let wanted = correlated(&aim.target, &aim.response);
        let (mut whole, mut most) = (delays.start, f32::NEG_INFINITY);
        for tried in delays {
            let likeness = product(&wanted, self.excitation.before(at, tried));
            if likeness > most {
                (whole, most) = (tried, likeness);
            }
        }
        let mut best = (Delay::of(whole), self.excitation.repeat(at, Delay::of(whole)));
        if at > 0 || best.0.is_in_thirds() {
            let mut most = product(&wanted, &best.1);
            for thirds in [-1, 1] {
                let delay = Delay { whole, thirds };
                let repeated = self.excitation.repeat(at, delay);
                let likeness = product(&wanted, &repeated);
                if likeness > most {
                    (best, most) = ((delay, repeated), likeness);
                }
            }
        }
        self.excitation.set(at, &best.1);
        best.0
    }
}

impl Default for Encoder {
    fn default() -> Encoder {
        Encoder::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bits::Spectrum;

    const SAID: &[u8] = include_bytes!("../tests/vectors/said.raw");
    const FRAMES: &[u8] = include_bytes!("../tests/vectors/peer.g729");

    /// Where another coder (bcg729) has said the same so far, both see nearly the same spectra.
    #[test]
    fn h4_a_spectrum_is_written_as_another_coder_writes_it() {
        let (mut encoder, mut alike) = (Encoder::new(), [0; 4]);
        let (frames, _) = FRAMES.as_chunks::<FRAME_BYTES>();
        let (said, _) = SAID.as_chunks::<2>();
        for (frame, said) in frames.iter().zip(said.chunks(FRAME)) {
            encoder.hear(&std::array::from_fn(|at| i16::from_le_bytes(said[at])));
            let lines = predicted(&encoder.speech).as_ref().and_then(lines_of).expect("there are lines");
            let ours = encoder.past.encode(&frequencies_of(&lines));
            let theirs = Frame::parse(frame).spectrum;
            encoder.past.decode(&theirs);
            let codes = |said: Spectrum| [said.predictor, said.first, said.low, said.high];
            let pairs = codes(ours).into_iter().zip(codes(theirs));
            alike.iter_mut().zip(pairs).for_each(|(alike, (one, other))| *alike += usize::from(one == other));
        }

        // The other coder reckons in whole numbers: where two codes are as good, it may take the other one.
        let wanted = [350, 330, 280, 300];
        assert!(alike.iter().zip(wanted).all(|(alike, wanted)| *alike >= wanted), "{alike:?}");
    }
}
