//! The four pulses of which least is left of a target: the more likely tracks first, two by two (A.3.8).

use crate::SUBFRAME;
use crate::arithmetic::{Subframe, correlated};
use crate::pulses::{Pulses, TRACKS};

const PLACES: usize = SUBFRAME / TRACKS;
/// Of the first track of each order so many places are tried.
const FIRST_TRIED: usize = 2;
/// The tracks in the orders in which they are tried; the last pulse has two.
const ORDERS: [[usize; 4]; 4] = [[2, 3, 0, 1], [3, 0, 1, 2], [2, 4, 0, 1], [4, 0, 1, 2]];

/// A target, as far as pulses can make it.
struct Search {
    /// What a pulse makes of the target, whichever its sign.
    wanted: Subframe,
    signs: Subframe,
    /// What two pulses make together; the places of every track stand together.
    products: [[f32; SUBFRAME]; SUBFRAME],
}

/// Pulses at some places: what they make of the target, and how loud they are.
#[derive(Clone, Copy)]
struct Found {
    wanted: f32,
    power: f32,
}

impl Found {
    const NOTHING: Found = Found { wanted: 0.0, power: 0.0 };
    /// Anything is better.
    const WORST: Found = Found { wanted: -1.0, power: 1.0 };

    fn is_better(&self, other: &Found) -> bool {
        let [one, two] = [self, other].map(|found| found.wanted * found.wanted.abs());
        one * other.power > two * self.power
    }
}

pub(crate) fn found(target: &Subframe, response: &Subframe) -> Pulses {
    let search = Search::new(target, response);
    let (mut best, mut places) = (Found::WORST, [0; 4]);
    for order in ORDERS {
        let (found, tried) = search.along(order);
        if found.is_better(&best) {
            (best, places) = (found, tried);
        }
    }
    places.sort_unstable_by_key(|place| (place % TRACKS).min(3));
    Pulses { positions: places, signs: places.map(|place| search.signs[place]) }
}

impl Search {
    fn new(target: &Subframe, response: &Subframe) -> Search {
        let mut wanted = correlated(target, response);
        let signs = wanted.map(|wanted| if wanted < 0.0 { -1.0 } else { 1.0 });
        wanted.iter_mut().for_each(|wanted| *wanted = wanted.abs());
        Search { wanted, signs, products: products(response) }
    }

    /// The best pair of the first two tracks, then the best of the others beside it; their places in that
    /// order.
    fn along(&self, order: [usize; 4]) -> (Found, [usize; 4]) {
        let [first, second, third, fourth] = order;
        let (mut best, mut places) = (Found::WORST, [0; 4]);
        for one in self.likeliest(first) {
            let alone = self.with(Found::NOTHING, &[], one);
            for other in on(second) {
                let pair = self.with(alone, &[one], other);
                if pair.is_better(&best) {
                    (best, places) = (pair, [one, other, 0, 0]);
                }
            }
        }
        let [one, other, ..] = places;
        let pair = best;
        best = Found::WORST;
        // What each place of the last track adds beside the pair is the same for all of the third.
        let beside: [Found; PLACES] =
            std::array::from_fn(|at| self.with(Found::NOTHING, &[one, other], fourth + at * TRACKS));
        for place in on(third) {
            let three = self.with(pair, &[one, other], place);
            for (at, beside) in beside.iter().enumerate() {
                let last = fourth + at * TRACKS;
                let power = three.power + beside.power + self.together(place, last);
                let four = Found { wanted: three.wanted + beside.wanted, power };
                if four.is_better(&best) {
                    (best, places) = (four, [one, other, place, last]);
                }
            }
        }
        (best, places)
    }

    /// One pulse more.
    fn with(&self, found: Found, others: &[usize], place: usize) -> Found {
        let own = self.products[place][place];
        let shared: f32 = others.iter().map(|other| self.together(*other, place)).sum();
        Found { wanted: found.wanted + self.wanted[place], power: found.power + own + shared }
    }

    /// How much louder two pulses are together than each of them alone.
    fn together(&self, one: usize, other: usize) -> f32 {
        2.0 * self.signs[one] * self.signs[other] * self.products[one][other]
    }

    /// The places of a track that would make most of the target.
    fn likeliest(&self, track: usize) -> [usize; FIRST_TRIED] {
        let (mut first, mut second) = (track, track + TRACKS);
        if self.wanted[second] > self.wanted[first] {
            (first, second) = (second, first);
        }
        for place in on(track).skip(FIRST_TRIED) {
            if self.wanted[place] > self.wanted[first] {
                (first, second) = (place, first);
            } else if self.wanted[place] > self.wanted[second] {
                second = place;
            }
        }
        [first, second]
    }
}

fn on(track: usize) -> impl Iterator<Item = usize> {
    (track..SUBFRAME).step_by(TRACKS)
}

/// Σ hₙ₋ᵢ hₙ₋ⱼ of every two places: each row is the next one, moved by a place, and one product more.
fn products(response: &Subframe) -> [[f32; SUBFRAME]; SUBFRAME] {
    let mut mirrored = *response;
    mirrored.reverse();
    let mut rows = [[0.0; SUBFRAME]; SUBFRAME];
    let mut below = [0.0; SUBFRAME + 1];
    for (row, factor) in rows.iter_mut().zip(mirrored).rev() {
        for at in 0..SUBFRAME {
            row[at] = below[at + 1] + factor * mirrored[at];
        }
        below[..SUBFRAME].copy_from_slice(row);
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arithmetic::{convolved, energy};

    #[test]
    fn pulses_that_made_a_target_are_found() {
        let response = std::array::from_fn(|at| 0.6f32.powi(at as i32));
        for (positions, signs) in
            [([5, 16, 22, 38], 0b0101), ([0, 11, 27, 39], 0b1110), ([35, 36, 37, 39], 0)]
        {
            let sign = |pulse: usize| if signs >> pulse & 1 == 1 { 1.0 } else { -1.0 };
            let pulses = Pulses { positions, signs: std::array::from_fn(sign) };
            let target = convolved(&pulses.sharpened(SUBFRAME, 0.0), &response);

            let found = found(&target, &response);

            let left = convolved(&found.sharpened(SUBFRAME, 0.0), &response);
            let left: Subframe = std::array::from_fn(|at| target[at] - left[at]);
            assert!(energy(&left) < 0.05 * energy(&target), "{pulses:?} {found:?}");
        }
    }

    #[test]
    fn products_are_those_of_the_response_moved_to_both_places() {
        let response: Subframe = std::array::from_fn(|at| (at as f32 * 0.7).sin());

        let products = products(&response);

        for (one, other) in [(0, 0), (3, 17), (39, 2), (39, 39)] {
            let sum: f32 =
                (one.max(other)..SUBFRAME).map(|at| response[at - one] * response[at - other]).sum();
            assert!((products[one][other] - sum).abs() < 1e-4, "{one} {other}");
        }
    }
}
