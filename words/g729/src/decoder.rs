//! Frames to sound (clause 4), with the postfilter of Annex A.

use crate::arithmetic::Subframe;
use crate::bits::Frame;
use crate::delay::{Delay, Excitation};
use crate::filter::{HighPass, Prediction, Synthesis};
use crate::gain::{Expectation, Gains};
use crate::lsf::{COSINES_AT_FIRST, Cosines, cosines_of, interpolated, prediction_of};
use crate::lsf_codes::Past;
use crate::noise::{Chance, Description, Silence, described};
use crate::postfilter::Postfilter;
use crate::pulses::Pulses;
use crate::{DELAY_MAX, FRAME, FRAME_BYTES, ORDER, SUBFRAME};

/// Of the pitch, what the code repeats of itself.
pub(crate) const SHARPNESS_MIN: f32 = 0.2;
pub(crate) const SHARPNESS_MAX: f32 = 0.794_5;
/// How the gains fade while frames are lost (4.4.2).
const PITCH_LOST: f32 = 0.9;
const CODE_LOST: f32 = 0.98;
/// Nothing is louder: what a frame says may add up without end.
const LOUDEST: f32 = 32_767.0;

/// Frames to samples.
#[derive(Clone, Debug)]
pub struct Decoder {
    past: Past,
    /// L0 of the last frame.
    predictor: u8,
    cosines: Cosines,
    frequencies: [f32; ORDER],
    excitation: Box<Excitation>,
    expectation: Expectation,
    gains: Gains,
    delay: usize,
    synthesis: Synthesis,
    /// The end of what was synthesised.
    speech: [f32; ORDER],
    postfilter: Box<Postfilter>,
    high_pass: HighPass,
    chance: Chance,
    /// Of the silence that was described last.
    loudness: f32,
}

impl Decoder {
    pub fn new() -> Decoder {
        Decoder {
            past: Past::new(),
            predictor: 0,
            cosines: COSINES_AT_FIRST,
            frequencies: COSINES_AT_FIRST.map(f32::acos),
            excitation: Box::new(Excitation::new()),
            expectation: Expectation::new(),
            gains: Gains { pitch: 0.0, code: 0.0 },
            delay: 60,
            synthesis: Synthesis::default(),
            speech: [0.0; ORDER],
            postfilter: Box::new(Postfilter::new()),
            high_pass: HighPass::of_decoder(),
            chance: Chance::of(21_845),
            loudness: 0.0,
        }
    }

    /// Decodes the frames of a payload; how many samples they make. Behind them may stand what is heard of
    /// a far end that falls silent: it makes none. What is neither is left.
    pub fn decode(&mut self, payload: &[u8], samples: &mut [i16]) -> usize {
        let (frames, rest) = payload.as_chunks::<FRAME_BYTES>();
        let (rooms, _) = samples.as_chunks_mut::<FRAME>();
        let made = frames.len().min(rooms.len()) * FRAME;
        for (bytes, room) in frames.iter().zip(rooms) {
            self.decode_frame(bytes, room);
        }
        if let Ok(bytes) = rest.try_into() {
            self.fall_silent(Silence::parse(bytes));
        }
        made
    }

    /// Makes up what did not come (4.4), a frame after the other.
    pub fn conceal(&mut self, samples: &mut [i16]) {
        for room in samples.chunks_mut(FRAME) {
            let mut frame = [0; FRAME];
            self.conceal_frame(&mut frame);
            room.copy_from_slice(&frame[..room.len()]);
        }
    }

    /// How the noise sounds that its far end has described last.
    pub fn noise(&self) -> Description {
        // What leaves is twice as loud as what is reckoned with.
        described(2.0 * self.loudness, &prediction_of(&self.cosines))
    }

    /// When its far end speaks again, it goes on from noise, and so does this.
    fn fall_silent(&mut self, said: Silence) {
        self.loudness = said.excitation();
        self.frequencies = self.past.decode_silence(said.spectrum);
        self.cosines = cosines_of(&self.frequencies);
        self.gains = Gains { pitch: SHARPNESS_MIN, code: 0.0 };
        let prediction = prediction_of(&self.cosines);
        // As much as the longest pitch can come back to.
        for _ in 0..DELAY_MAX.div_ceil(FRAME) {
            for subframe in 0..2 {
                let noise = std::array::from_fn(|_| self.loudness * self.chance.noise());
                self.excitation.set(subframe, &noise);
                self.speech = last(&self.synthesis.run(&prediction, &noise));
            }
            self.excitation.pass();
        }
    }

    fn decode_frame(&mut self, bytes: &[u8; FRAME_BYTES], out: &mut [i16; FRAME]) {
        let frame = Frame::parse(bytes);
        self.frequencies = self.past.decode(&frame.spectrum);
        self.predictor = frame.spectrum.predictor;
        let cosines = cosines_of(&self.frequencies);
        let predictions = interpolated(&self.cosines, &cosines);
        self.cosines = cosines;
        for (at, said) in frame.subframes.iter().enumerate() {
            let delay = match at {
                0 if frame.is_whole() => Delay::parse_first(said.delay),
                0 => Delay::of(self.delay),
                _ => Delay::parse_second(said.delay, self.delay),
            };
            self.delay = delay.whole;
            let pitch = self.excitation.repeat(at, delay);
            let sharpness = self.gains.pitch.clamp(SHARPNESS_MIN, SHARPNESS_MAX);
            let code = Pulses::parse(said.positions, said.signs).sharpened(delay.whole, sharpness);
            self.gains = self.expectation.decode(said.gains, &code);
            self.speak(at, &predictions[at], (&pitch, &code), out);
        }
        self.excitation.pass();
    }

    fn conceal_frame(&mut self, out: &mut [i16; FRAME]) {
        self.past.repeat(self.predictor, &self.frequencies);
        let prediction = prediction_of(&self.cosines);
        for at in 0..2 {
            let pitch = self.excitation.repeat(at, Delay::of(self.delay));
            let sharpness = self.gains.pitch.clamp(SHARPNESS_MIN, SHARPNESS_MAX);
            let (positions, signs) = (self.chance.draw() & 0x1fff, self.chance.draw() as u8 & 0xf);
            let code = Pulses::parse(positions, signs).sharpened(self.delay, sharpness);
            self.gains.pitch = (PITCH_LOST * self.gains.pitch).min(PITCH_LOST);
            self.gains.code *= CODE_LOST;
            self.expectation.lose();
            self.speak(at, &prediction, (&pitch, &code), out);
            self.delay = (self.delay + 1).min(DELAY_MAX);
        }
        self.excitation.pass();
    }

    /// A subframe of its excitation.
    fn speak(
        &mut self,
        at: usize,
        prediction: &Prediction,
        (pitch, code): (&Subframe, &Subframe),
        out: &mut [i16; FRAME],
    ) {
        let Gains { pitch: pitch_gain, code: code_gain } = self.gains;
        let excited: Subframe = std::array::from_fn(|index| {
            (pitch_gain * pitch[index] + code_gain * code[index]).clamp(-LOUDEST, LOUDEST)
        });
        self.excitation.set(at, &excited);
        let synthesised = self.synthesis.run_within(LOUDEST, prediction, &excited);
        let mut speech = [0.0; ORDER + SUBFRAME];
        speech[..ORDER].copy_from_slice(&self.speech);
        speech[ORDER..].copy_from_slice(&synthesised);
        self.speech = last(&synthesised);
        let filtered = self.postfilter.run(prediction, self.delay, &speech);
        for (sample, filtered) in out[at * SUBFRAME..].iter_mut().zip(filtered) {
            // The conversion keeps what is too loud within its bounds.
            *sample = (2.0 * self.high_pass.pass(filtered)).round_ties_even() as i16;
        }
    }
}

impl Default for Decoder {
    fn default() -> Decoder {
        Decoder::new()
    }
}

fn last(samples: &Subframe) -> [f32; ORDER] {
    *samples.last_chunk().expect("a subframe is longer")
}
