//! What a far end says of its noise when it falls silent (Annex B), in the words of RFC 3389.

use crate::filter::Prediction;
use crate::{ORDER, SILENCE_BYTES};

/// A level, and as many coefficients as the spectrum has.
pub const DESCRIPTION_BYTES: usize = 1 + ORDER;
/// How noise sounds: the payload of comfort noise (RFC 3389, 3).
pub type Description = [u8; DESCRIPTION_BYTES];

/// As loud as samples get.
const LOUDEST: f32 = 32_767.0;

/// The fifteen bits of a description (table B.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Silence {
    /// The predictor, and both stages of the codebook.
    pub spectrum: [u8; 3],
    pub loudness: u8,
}

impl Silence {
    pub fn parse(bytes: [u8; SILENCE_BYTES]) -> Silence {
        let bits = u16::from_be_bytes(bytes);
        let part = |shift: u16, count: u16| (bits >> shift & ((1 << count) - 1)) as u8;
        Silence { spectrum: [part(15, 1), part(10, 5), part(6, 4)], loudness: part(1, 5) }
    }

    /// The effective value of the excitation (B.4.2.1).
    pub fn excitation(self) -> f32 {
        let db = match i16::from(self.loudness) {
            0 => -12,
            coarse @ 1..=6 => 4 * coarse - 8,
            fine => 2 * fine + 4,
        };
        10f32.powf(f32::from(db) / 20.0)
    }
}

/// Noise of that excitation and that spectrum.
pub(crate) fn described(excitation: f32, prediction: &Prediction) -> Description {
    let reflections = reflections(prediction);
    let narrowed: f32 = reflections.iter().map(|reflection| 1.0 - reflection * reflection).product();
    let loudness = excitation / narrowed.max(f32::MIN_POSITIVE).sqrt() / LOUDEST;
    let mut description = [0; DESCRIPTION_BYTES];
    description[0] = (-20.0 * loudness.log10()).round().clamp(0.0, 127.0) as u8;
    for (code, reflection) in description[1..].iter_mut().zip(reflections) {
        *code = (reflection * 32_768.0 / 258.0 + 127.0).round().clamp(0.0, 254.0) as u8;
    }
    description
}

/// From the last coefficient of each order down to the first.
fn reflections(prediction: &Prediction) -> [f32; ORDER] {
    let mut coefficients = *prediction;
    let mut reflections = [0.0; ORDER];
    for order in (0..ORDER).rev() {
        let reflection = coefficients[order].clamp(-0.999, 0.999);
        reflections[order] = reflection;
        let whole = coefficients;
        for at in 0..order {
            coefficients[at] =
                (whole[at] - reflection * whole[order - 1 - at]) / (1.0 - reflection * reflection);
        }
    }
    reflections
}

/// Chance, as the Recommendation draws it.
#[derive(Clone, Debug)]
pub(crate) struct Chance(u16);

impl Chance {
    pub const fn of(seed: u16) -> Chance {
        Chance(seed)
    }

    pub fn draw(&mut self) -> u16 {
        self.0 = self.0.wrapping_mul(31_821).wrapping_add(13_849);
        self.0
    }

    /// Of no colour, with an effective value of 1.
    pub fn noise(&mut self) -> f32 {
        f32::from(self.draw() as i16) / 32_768.0 * 3f32.sqrt()
    }
}
