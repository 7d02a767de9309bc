//! Speech to the prediction that leaves least of it (3.2.1, 3.2.2).

use crate::ORDER;
use crate::arithmetic::{cosines, product};
use crate::filter::Prediction;

/// 30 ms: 15 before the frame, the frame, and 5 of the next.
pub(crate) const WINDOW: usize = 240;
/// Where the window is highest.
const RISE: usize = 200;
const FALL: usize = WINDOW - RISE;
static SHAPE: [f32; WINDOW] = shape();
/// What each product of the window with itself counts: a spectrum is widened by 60 Hz, and stands on a floor
/// 40 dB below.
static WIDER: [f32; ORDER + 1] = wider();

/// Nothing where there is nothing to predict, or what predicts it would not be stable.
pub(crate) fn predicted(speech: &[f32; WINDOW]) -> Option<Prediction> {
    let mut windowed = [0.0; WINDOW];
    for at in 0..WINDOW {
        windowed[at] = speech[at] * SHAPE[at];
    }
    let mut products: [f32; ORDER + 1] =
        std::array::from_fn(|lag| product(&windowed[lag..], &windowed[..WINDOW - lag]) * WIDER[lag]);
    products[0] = products[0].max(1.0);
    solved(&products)
}

/// Levinson's and Durbin's recursion.
fn solved(products: &[f32; ORDER + 1]) -> Option<Prediction> {
    let mut prediction = [0.0; ORDER];
    let mut error = products[0];
    for order in 0..ORDER {
        let known = prediction[..order].iter().zip(products[1..=order].iter().rev());
        let sum: f32 = known.map(|(coefficient, product)| coefficient * product).sum();
        let reflection = -(products[order + 1] + sum) / error;
        let before = prediction;
        for at in 0..order {
            prediction[at] = before[at] + reflection * before[order - 1 - at];
        }
        prediction[order] = reflection;
        error *= 1.0 - reflection * reflection;
        if error <= 0.0 {
            return None;
        }
    }
    Some(prediction)
}

const fn shape() -> [f32; WINDOW] {
    use std::f64::consts::PI;
    let rise: [f32; RISE] = cosines(2.0 * PI / 399.0);
    let fall: [f32; FALL] = cosines(2.0 * PI / 159.0);
    let (mut shape, mut at) = ([0.0; WINDOW], 0);
    while at < WINDOW {
        shape[at] = if at < RISE { 0.54 - 0.46 * rise[at] } else { fall[at - RISE] };
        at += 1;
    }
    shape
}

const fn wider() -> [f32; ORDER + 1] {
    use std::f64::consts::PI;
    let (mut factors, mut lag) = ([1.000_1; ORDER + 1], 1);
    while lag <= ORDER {
        let angle = 2.0 * PI * 60.0 * lag as f64 / 8_000.0;
        factors[lag] = exponential(-0.5 * angle * angle) as f32;
        lag += 1;
    }
    factors
}

/// Of a small number.
const fn exponential(power: f64) -> f64 {
    let (mut sum, mut term, mut count) = (1.0, 1.0, 1);
    while count < 16 {
        term *= power / count as f64;
        sum += term;
        count += 1;
    }
    sum
}
