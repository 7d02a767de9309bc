//! Spectra as they are sent: what a predictor expects of them, and two stages of codebooks for the rest
//! (3.2.4).

use crate::ORDER;
use crate::bits::Spectrum;
use crate::lsf::Frequencies;
use crate::tables::{FIRST, FIRST_OF_SILENCE, PREDICTORS, SECOND, SECOND_OF_SILENCE, rows};

/// Frames that are remembered.
const PAST: usize = 4;
/// Lines that the second stage names first.
const LOW: usize = ORDER / 2;

/// Lines of a codeword lie so far apart, after the first look and after the second.
const APART: [f32; 2] = [0.0012, 0.0006];
/// Lines of a spectrum lie so far apart, and none lies beyond.
const APART_AT_LEAST: f32 = 0.0391;
const LOWEST: f32 = 0.005;
const HIGHEST: f32 = 3.135;

static VECTORS: [[f32; ORDER]; 128] = rows(FIRST, 13);
static REFINEMENTS: [[f32; ORDER]; 32] = rows(SECOND, 13);
/// By L0; and what a description of silence means by its first bit (B.4.2.2).
static SPEECH: [Predictor; 2] = [Predictor::of_speech(0), Predictor::of_speech(1)];
static SILENCE: [Predictor; 2] =
    [Predictor::of_speech(0), Predictor::of_speech(0).between(&Predictor::of_speech(1))];

#[derive(Clone, Copy)]
struct Predictor {
    shares: [[f32; ORDER]; PAST],
    /// What is left for the frame itself.
    rest: [f32; ORDER],
}

/// The codewords of the last frames, the newest first.
#[derive(Clone, Debug)]
pub(crate) struct Past([Frequencies; PAST]);

impl Predictor {
    const fn of_speech(choice: usize) -> Predictor {
        Predictor::of(rows(PREDICTORS[choice], 15))
    }

    const fn of(shares: [[f32; ORDER]; PAST]) -> Predictor {
        let (mut rest, mut line) = ([1.0; ORDER], 0);
        while line < ORDER {
            let mut frame = 0;
            while frame < PAST {
                rest[line] -= shares[frame][line];
                frame += 1;
            }
            line += 1;
        }
        Predictor { shares, rest }
    }

    /// Three parts of the one and two of the other.
    const fn between(&self, other: &Predictor) -> Predictor {
        let (mut shares, mut at) = (self.shares, 0);
        while at < PAST * ORDER {
            let (frame, line) = (at / ORDER, at % ORDER);
            shares[frame][line] = 0.6 * self.shares[frame][line] + 0.4 * other.shares[frame][line];
            at += 1;
        }
        Predictor::of(shares)
    }
}

impl Past {
    pub fn new() -> Past {
        let even = std::array::from_fn(|line| (line + 1) as f32 * std::f32::consts::PI / (ORDER + 1) as f32);
        Past([even; PAST])
    }

    /// The spectrum that a frame names.
    pub fn decode(&mut self, said: &Spectrum) -> Frequencies {
        let first = &VECTORS[usize::from(said.first)];
        let codeword =
            codeword(first, &REFINEMENTS[usize::from(said.low)], &REFINEMENTS[usize::from(said.high)]);
        self.add(&SPEECH[usize::from(said.predictor)], settled(codeword))
    }

    /// The spectrum that a description of silence names, in its first ten bits.
    pub fn decode_silence(&mut self, [predictor, first, second]: [u8; 3]) -> Frequencies {
        let first = &VECTORS[usize::from(FIRST_OF_SILENCE[usize::from(first)])];
        let [low, high] = SECOND_OF_SILENCE.map(|places| usize::from(places[usize::from(second)]));
        let codeword = codeword(first, &REFINEMENTS[low], &REFINEMENTS[high]);
        self.add(&SILENCE[usize::from(predictor)], settled(codeword))
    }

    /// A frame was lost, and the spectrum stays as it is: its codeword is what would have let it (4.4.1).
    pub fn repeat(&mut self, predictor: u8, frequencies: &Frequencies) {
        let predictor = &SPEECH[usize::from(predictor)];
        let codeword = self.rest(predictor, frequencies);
        self.remember(codeword);
    }

    /// The codes of a spectrum.
    pub fn encode(&self, frequencies: &Frequencies) -> Spectrum {
        let weights = weights(frequencies);
        let [(error, one), (error_of_other, other)] =
            [0, 1].map(|predictor| self.encode_by(predictor, frequencies, &weights));
        if error_of_other < error { other } else { one }
    }

    fn encode_by(&self, choice: u8, frequencies: &Frequencies, weights: &[f32; ORDER]) -> (f32, Spectrum) {
        let predictor = &SPEECH[usize::from(choice)];
        let target = self.rest(predictor, frequencies);
        let weights: [f32; ORDER] =
            std::array::from_fn(|line| weights[line] * predictor.rest[line] * predictor.rest[line]);
        let first = nearest(&VECTORS, |vector| distance(&target, vector, &[1.0; ORDER]));
        let rest: Frequencies = std::array::from_fn(|line| target[line] - VECTORS[first][line]);
        let [low, high] = [0..LOW, LOW..ORDER].map(|lines| {
            nearest(&REFINEMENTS, |refinement| {
                distance(&rest[lines.clone()], &refinement[lines.clone()], &weights[lines.clone()])
            })
        });
        let found = apart(codeword(&VECTORS[first], &REFINEMENTS[low], &REFINEMENTS[high]), APART[0]);
        let [first, low, high] = [first, low, high].map(|place| place as u8);
        (distance(&target, &found, &weights), Spectrum { predictor: choice, first, low, high })
    }

    /// The codeword that would make this spectrum.
    fn rest(&self, predictor: &Predictor, frequencies: &Frequencies) -> Frequencies {
        let expected = self.expected(predictor);
        std::array::from_fn(|line| (frequencies[line] - expected[line]) / predictor.rest[line])
    }

    fn expected(&self, predictor: &Predictor) -> Frequencies {
        let mut sum = [0.0; ORDER];
        for (shares, past) in predictor.shares.iter().zip(&self.0) {
            for line in 0..ORDER {
                sum[line] += shares[line] * past[line];
            }
        }
        sum
    }

    fn add(&mut self, predictor: &Predictor, codeword: Frequencies) -> Frequencies {
        let expected = self.expected(predictor);
        self.remember(codeword);
        stable(std::array::from_fn(|line| expected[line] + predictor.rest[line] * codeword[line]))
    }

    fn remember(&mut self, codeword: Frequencies) {
        self.0.rotate_right(1);
        self.0[0] = codeword;
    }
}

fn codeword(first: &[f32; ORDER], low: &[f32; ORDER], high: &[f32; ORDER]) -> Frequencies {
    std::array::from_fn(|line| first[line] + if line < LOW { low[line] } else { high[line] })
}

fn settled(codeword: Frequencies) -> Frequencies {
    APART.into_iter().fold(codeword, apart)
}

/// Neighbours that are too near each other move apart, as far the one as the other.
fn apart(mut codeword: Frequencies, gap: f32) -> Frequencies {
    for line in 1..ORDER {
        let missing = 0.5 * (codeword[line - 1] - codeword[line] + gap);
        if missing > 0.0 {
            codeword[line - 1] -= missing;
            codeword[line] += missing;
        }
    }
    codeword
}

/// Whatever was said, a filter of these lines does not run away.
fn stable(mut frequencies: Frequencies) -> Frequencies {
    for line in 1..ORDER {
        if frequencies[line] < frequencies[line - 1] {
            frequencies.swap(line, line - 1);
        }
    }
    frequencies[0] = frequencies[0].max(LOWEST);
    for line in 1..ORDER {
        frequencies[line] = frequencies[line].max(frequencies[line - 1] + APART_AT_LEAST);
    }
    frequencies[ORDER - 1] = frequencies[ORDER - 1].min(HIGHEST);
    frequencies
}

/// How much an error of each line is heard: the nearer its neighbours, the more.
fn weights(frequencies: &Frequencies) -> [f32; ORDER] {
    use std::f32::consts::PI;
    let mut weights = std::array::from_fn(|line| {
        let below = if line == 0 { 0.04 * PI } else { frequencies[line - 1] };
        let above = frequencies.get(line + 1).copied().unwrap_or(0.92 * PI);
        let space = above - below - 1.0;
        if space > 0.0 { 1.0 } else { 10.0 * space * space + 1.0 }
    });
    weights[4] *= 1.2;
    weights[5] *= 1.2;
    weights
}

fn distance(one: &[f32], other: &[f32], weights: &[f32]) -> f32 {
    let errors = one.iter().zip(other).zip(weights);
    errors.map(|((one, other), weight)| weight * (one - other) * (one - other)).sum()
}

fn nearest(codebook: &[[f32; ORDER]], distance: impl Fn(&[f32; ORDER]) -> f32) -> usize {
    let (mut best, mut least) = (0, f32::INFINITY);
    for (place, vector) in codebook.iter().enumerate() {
        let distance = distance(vector);
        if distance < least {
            (best, least) = (place, distance);
        }
    }
    best
}
