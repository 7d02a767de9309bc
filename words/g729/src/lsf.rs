//! The spectrum in its three forms: frequencies of lines, their cosines, and the prediction that they stand
//! for.

use crate::ORDER;
use crate::arithmetic::cosines;
use crate::filter::Prediction;

/// Frequencies of the ten lines, in radians, the lowest first.
pub(crate) type Frequencies = [f32; ORDER];
/// Their cosines.
pub(crate) type Cosines = [f32; ORDER];

/// What is taken for the frame before the first.
pub(crate) const COSINES_AT_FIRST: Cosines = [
    0.915_527_34,
    0.793_457_03,
    0.640_869_14,
    0.457_763_67,
    0.244_140_63,
    0.0,
    -0.244_140_63,
    -0.457_763_67,
    -0.640_869_14,
    -0.793_457_03,
];

const HALF: usize = ORDER / 2;
/// Half of a symmetric polynomial.
type Half = [f32; HALF + 1];

/// Lines are looked for between so many points.
const POINTS: usize = 60;
static GRID: [f32; POINTS + 1] = cosines(std::f64::consts::PI / POINTS as f64);
/// So often what lies between two is halved; the rest is on a straight line.
const HALVINGS: usize = 3;

pub(crate) fn cosines_of(frequencies: &Frequencies) -> Cosines {
    frequencies.map(f32::cos)
}

pub(crate) fn frequencies_of(cosines: &Cosines) -> Frequencies {
    cosines.map(f32::acos)
}

/// The spectra of both subframes (3.2.5).
pub(crate) fn interpolated(before: &Cosines, now: &Cosines) -> [Prediction; 2] {
    let middle = std::array::from_fn(|at| 0.5 * (before[at] + now[at]));
    [prediction_of(&middle), prediction_of(now)]
}

/// A(z) of its lines (3.2.6).
pub(crate) fn prediction_of(cosines: &Cosines) -> Prediction {
    let (mut sum, mut difference) = (expanded(cosines, 0), expanded(cosines, 1));
    for at in (1..=HALF).rev() {
        sum[at] += sum[at - 1];
        difference[at] -= difference[at - 1];
    }
    let mut prediction = [0.0; ORDER];
    for at in 0..HALF {
        let (even, odd) = (sum[at + 1], difference[at + 1]);
        prediction[at] = 0.5 * (even + odd);
        prediction[ORDER - 1 - at] = 0.5 * (even - odd);
    }
    prediction
}

/// Π (1 − 2qᵢ z⁻¹ + z⁻²) over every second line.
fn expanded(cosines: &Cosines, first: usize) -> Half {
    let mut polynomial = [0.0; HALF + 1];
    polynomial[0] = 1.0;
    polynomial[1] = -2.0 * cosines[first];
    for count in 2..=HALF {
        let twice = -2.0 * cosines[first + 2 * (count - 1)];
        polynomial[count] = twice * polynomial[count - 1] + 2.0 * polynomial[count - 2];
        for at in (2..count).rev() {
            polynomial[at] += twice * polynomial[at - 1] + polynomial[at - 2];
        }
        polynomial[1] += twice;
    }
    polynomial
}

/// The lines of A(z), if all ten are found (3.2.3).
pub(crate) fn lines_of(prediction: &Prediction) -> Option<Cosines> {
    let halves = halved(prediction);
    let (mut lines, mut found) = ([0.0; ORDER], 0);
    let (mut high, mut value_high) = (GRID[0], value(&halves[0], GRID[0]));
    let mut point = 1;
    // Those of the one polynomial and of the other take turns.
    while point <= POINTS && found < ORDER {
        let low = GRID[point];
        let value_low = value(&halves[found % 2], low);
        if value_low * value_high > 0.0 {
            (high, value_high, point) = (low, value_low, point + 1);
            continue;
        }
        let line = crossing(&halves[found % 2], [low, high], [value_low, value_high]);
        lines[found] = line;
        found += 1;
        (high, value_high) = (line, value(&halves[found % 2], line));
    }
    (found == ORDER).then_some(lines)
}

/// F₁ and F₂ without the roots that every A(z) has, in the terms of Chebyshev's polynomials.
fn halved(prediction: &Prediction) -> [Half; 2] {
    let mut halves = [[0.0; HALF + 1]; 2];
    (halves[0][0], halves[1][0]) = (1.0, 1.0);
    for at in 0..HALF {
        let (one, other) = (prediction[at], prediction[ORDER - 1 - at]);
        halves[0][at + 1] = one + other - halves[0][at];
        halves[1][at + 1] = one - other + halves[1][at];
    }
    halves
}

fn value(half: &Half, cosine: f32) -> f32 {
    let (mut before, mut last) = (1.0, 2.0 * cosine + half[1]);
    for term in &half[2..HALF] {
        (before, last) = (last, 2.0 * cosine * last - before + term);
    }
    cosine * last - before + 0.5 * half[HALF]
}

fn crossing(half: &Half, [mut low, mut high]: [f32; 2], [mut value_low, mut value_high]: [f32; 2]) -> f32 {
    for _ in 0..HALVINGS {
        let middle = 0.5 * (low + high);
        let value_middle = value(half, middle);
        if value_low * value_middle <= 0.0 {
            (high, value_high) = (middle, value_middle);
        } else {
            (low, value_low) = (middle, value_middle);
        }
    }
    let rise = value_high - value_low;
    if rise == 0.0 { low } else { low - value_low * (high - low) / rise }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spectrum_has_the_lines_that_it_was_made_of() {
        let frequencies: Frequencies = [0.21, 0.35, 0.62, 0.95, 1.31, 1.5, 1.83, 2.2, 2.61, 2.9];

        let lines = lines_of(&prediction_of(&cosines_of(&frequencies))).expect("there are ten lines");

        for (line, frequency) in frequencies_of(&lines).iter().zip(frequencies) {
            assert!((line - frequency).abs() < 1e-3, "{line} {frequency}");
        }
    }
}
