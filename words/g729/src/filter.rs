//! The filters of both directions: of linear prediction, and the high-passes at the ends.

use crate::arithmetic::Subframe;
use crate::{ORDER, SUBFRAME};

/// a₁ to a₁₀ of A(z) = 1 + Σ aᵢ z⁻ⁱ.
pub(crate) type Prediction = [f32; ORDER];

/// A(z/γ).
pub(crate) fn widened(prediction: &Prediction, factor: f32) -> Prediction {
    let mut power = 1.0;
    prediction.map(|coefficient| {
        power *= factor;
        coefficient * power
    })
}

/// What A(z) leaves of a signal, of which the first samples are those before.
pub(crate) fn residual(prediction: &Prediction, signal: &[f32; ORDER + SUBFRAME]) -> Subframe {
    let mut out = [0.0; SUBFRAME];
    out.copy_from_slice(&signal[ORDER..]);
    for (at, coefficient) in prediction.iter().enumerate() {
        let before = &signal[ORDER - 1 - at..][..SUBFRAME];
        out.iter_mut().zip(before).for_each(|(out, before)| *out += coefficient * before);
    }
    out
}

/// 1/A(z), and what it gave last.
#[derive(Clone, Debug, Default)]
pub(crate) struct Synthesis {
    past: [f32; ORDER],
}

impl Synthesis {
    pub fn after(past: [f32; ORDER]) -> Synthesis {
        Synthesis { past }
    }

    pub fn run(&mut self, prediction: &Prediction, input: &Subframe) -> Subframe {
        self.run_through(prediction, input, |sample| sample)
    }

    /// The same, where nothing gets louder than a limit.
    pub fn run_within(&mut self, limit: f32, prediction: &Prediction, input: &Subframe) -> Subframe {
        let before = self.clone();
        let out = self.run(prediction, input);
        if out.iter().all(|sample| sample.abs() <= limit) {
            return out;
        }
        *self = before;
        self.run_through(prediction, input, |sample| sample.clamp(-limit, limit))
    }

    #[inline]
    fn run_through(
        &mut self,
        prediction: &Prediction,
        input: &Subframe,
        bounded: impl Fn(f32) -> f32,
    ) -> Subframe {
        // The newest of what came before is added last: all else is reckoned while it is awaited.
        let mut coefficients = *prediction;
        coefficients.reverse();
        let mut signal = [0.0; ORDER + SUBFRAME];
        signal[..ORDER].copy_from_slice(&self.past);
        for (at, sample) in input.iter().enumerate() {
            let before = signal[at..at + ORDER].iter().zip(&coefficients);
            let sum = before.fold(*sample, |sum, (before, coefficient)| sum - coefficient * before);
            signal[at + ORDER] = bounded(sum);
        }
        self.past.copy_from_slice(&signal[SUBFRAME..]);
        let mut out = [0.0; SUBFRAME];
        out.copy_from_slice(&signal[ORDER..]);
        out
    }
}

/// Of the second order.
#[derive(Clone, Debug)]
pub(crate) struct HighPass {
    zeros: [f32; 3],
    poles: [f32; 2],
    inputs: [f32; 2],
    outputs: [f32; 2],
}

impl HighPass {
    /// What stands before the coder (3.1): from 140 Hz on, at half the loudness.
    pub fn of_encoder() -> HighPass {
        HighPass::new([0.463_637_18, -0.927_247_05, 0.463_637_18], [-1.905_946_5, 0.911_402_4])
    }

    /// What stands behind the decoder (4.2.5): from 100 Hz on.
    pub fn of_decoder() -> HighPass {
        HighPass::new([0.939_805_8, -1.879_583_4, 0.939_805_8], [-1.933_073_5, 0.935_892])
    }

    fn new(zeros: [f32; 3], poles: [f32; 2]) -> HighPass {
        HighPass { zeros, poles, inputs: [0.0; 2], outputs: [0.0; 2] }
    }

    pub fn pass(&mut self, sample: f32) -> f32 {
        let ([last, before], [last_out, before_out]) = (self.inputs, self.outputs);
        let fed = self.zeros[0] * sample + self.zeros[1] * last + self.zeros[2] * before;
        let out = fed - self.poles[0] * last_out - self.poles[1] * before_out;
        (self.inputs, self.outputs) = ([sample, last], [out, last_out]);
        out
    }
}
