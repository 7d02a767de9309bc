//! Sums over whole subframes, written so that several of their terms are added at once.

use crate::SUBFRAME;

const LANES: usize = 8;

/// A subframe of anything.
pub(crate) type Subframe = [f32; SUBFRAME];

/// Σ aᵢ bᵢ.
pub(crate) fn product(one: &[f32], other: &[f32]) -> f32 {
    let (ones, rest) = one.as_chunks::<LANES>();
    let (others, rest_of_other) = other.as_chunks::<LANES>();
    let mut sums = [0.0; LANES];
    for (one, other) in ones.iter().zip(others) {
        for lane in 0..LANES {
            sums[lane] += one[lane] * other[lane];
        }
    }
    let rest: f32 = rest.iter().zip(rest_of_other).map(|(one, other)| one * other).sum();
    let [a, b, c, d, e, f, g, h] = sums;
    ((a + e) + (c + g)) + ((b + f) + (d + h)) + rest
}

pub(crate) fn energy(signal: &[f32]) -> f32 {
    product(signal, signal)
}

/// A filter's answer to a subframe before which nothing was: Σ xᵢ hₙ₋ᵢ.
pub(crate) fn convolved(signal: &Subframe, response: &Subframe) -> Subframe {
    let mut padded = [0.0; 2 * SUBFRAME];
    padded[SUBFRAME..].copy_from_slice(response);
    let mut out = [0.0; SUBFRAME];
    let (chunks, _) = out.as_chunks_mut::<LANES>();
    for (at, chunk) in chunks.iter_mut().enumerate() {
        let first = at * LANES;
        for (index, sample) in signal[..first + LANES].iter().enumerate() {
            let behind = &padded[SUBFRAME + first - index..][..LANES];
            for lane in 0..LANES {
                chunk[lane] += sample * behind[lane];
            }
        }
    }
    out
}

/// How much of a target each sample could make through a filter: Σ xᵢ hᵢ₋ₙ.
pub(crate) fn correlated(target: &Subframe, response: &Subframe) -> Subframe {
    let mut mirrored = *target;
    mirrored.reverse();
    let mut out = convolved(&mirrored, response);
    out.reverse();
    out
}

/// cos(0), cos(step), cos(2·step) …
pub(crate) const fn cosines<const N: usize>(step: f64) -> [f32; N] {
    // Of a step this small, a few terms are all that an `f64` holds.
    let square = step * step;
    let first = 1.0 - square / 2.0 * (1.0 - square / 12.0 * (1.0 - square / 30.0 * (1.0 - square / 56.0)));
    let (mut values, mut before, mut value, mut at) = ([0.0; N], first, 1.0, 0);
    while at < N {
        values[at] = value as f32;
        (before, value) = (value, 2.0 * first * value - before);
        at += 1;
    }
    values
}
