//! Comfort noise: what is heard where somebody says nothing (RFC 3389).

/// Coefficients beyond these shape nothing that is heard.
const ORDER_MAX: usize = 12;
const LOUDEST: f32 = 32_767.0;
/// A description that says nothing else: 60 dB below what is loudest, of no colour.
const LEVEL_USUAL: u8 = 60;

/// Noise of a loudness and a colour.
#[derive(Clone, Debug)]
pub struct Noise {
    /// How loud what is shaped must be, so that the outcome is as loud as was said.
    drive: f32,
    reflections: [f32; ORDER_MAX],
    order: usize,
    state: [f32; ORDER_MAX + 1],
    seed: u32,
}

impl Default for Noise {
    fn default() -> Self {
        Noise::new(&[LEVEL_USUAL])
    }
}

impl Noise {
    /// What the payload of a comfort noise packet describes.
    pub fn new(payload: &[u8]) -> Noise {
        let mut noise = Noise {
            drive: 0.0,
            reflections: [0.0; ORDER_MAX],
            order: 0,
            state: [0.0; ORDER_MAX + 1],
            seed: 0x2545_f491,
        };
        noise.describe(payload);
        noise
    }

    /// Goes on as another payload describes it.
    pub fn describe(&mut self, payload: &[u8]) {
        let (level, coefficients) = payload.split_first().unwrap_or((&LEVEL_USUAL, &[]));
        let loudness = LOUDEST * 10f32.powf(-f32::from(level & 0x7f) / 20.0);
        self.order = coefficients.len().min(ORDER_MAX);
        let mut gain = 1.0;
        for (reflection, code) in self.reflections.iter_mut().zip(coefficients) {
            // RFC 3389, 3.2: 258 × (N − 127) of 32,768.
            *reflection = 258.0 * (f32::from(*code) - 127.0) / 32_768.0;
            gain *= 1.0 - *reflection * *reflection;
        }
        self.drive = loudness * gain.max(0.0).sqrt();
    }

    pub fn fill(&mut self, samples: &mut [i16]) {
        for sample in samples {
            let mut forward = self.next_random() * self.drive;
            for at in (0..self.order).rev() {
                forward -= self.reflections[at] * self.state[at];
                self.state[at + 1] = self.state[at] + self.reflections[at] * forward;
            }
            self.state[0] = forward;
            *sample = forward as i16;
        }
    }

    /// Of no colour, with an effective value of 1.
    fn next_random(&mut self) -> f32 {
        self.seed = self.seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let even = (self.seed >> 8) as f32 / (1u32 << 24) as f32 * 2.0 - 1.0;
        even * 3f32.sqrt()
    }
}

/// The payload that describes how loud some samples are, and nothing of their colour.
pub fn described(samples: &[i16]) -> [u8; 1] {
    let power: f32 = samples.iter().map(|sample| f32::from(*sample).powi(2)).sum();
    let loudness = (power / samples.len().max(1) as f32).sqrt() / LOUDEST;
    let below = if loudness > 0.0 { -20.0 * loudness.log10() } else { 127.0 };
    [below.round().clamp(0.0, 127.0) as u8]
}

/// What is left of a look when it has gone through a resonance at each of these pitches (Goertzel): the last
/// value and the one before. They are taken together, as each waits for its last value.
pub(crate) fn resonances<const COUNT: usize>(samples: &[i16], pitches: &[f32; COUNT]) -> [[f32; COUNT]; 2] {
    let (mut last, mut before) = ([0.0f32; COUNT], [0.0f32; COUNT]);
    for sample in samples {
        let sample = f32::from(*sample);
        let next = std::array::from_fn(|at| (sample - before[at]) + pitches[at] * last[at]);
        (last, before) = (next, last);
    }
    [last, before]
}

/// How much of a look each of these pitches is, times half its length.
pub(crate) fn powers_by<const COUNT: usize>(samples: &[i16], pitches: &[f32; COUNT]) -> [f32; COUNT] {
    let [last, before] = resonances(samples, pitches);
    std::array::from_fn(|at| strength(last[at], before[at], pitches[at]))
}

/// The same of what is left of one pitch.
pub(crate) fn strength(last: f32, before: f32, pitch: f32) -> f32 {
    last * last + before * before - pitch * last * before
}

/// In whole numbers, of which many are added at once.
pub(crate) fn power_of(samples: &[i16]) -> f32 {
    samples.iter().map(|sample| i64::from(i32::from(*sample).pow(2))).sum::<i64>() as f32
}
