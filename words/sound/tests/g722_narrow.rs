//! G.722 at 8 kHz beside the whole codec between two rates: as loud, as pure, and as quiet where nothing was
//! said.
#![allow(clippy::unwrap_used, clippy::disallowed_methods)]

use sound::Sine;
use sound::g722::{self, narrow};
use sound::keys::{Heard, KEYS, KeyEar, KeyTone};
use sound::resample::{Downsampler, Upsampler};

const PEAK: i16 = 8_000;
/// A second.
const NARROW: usize = 8_000;
const WIDE: usize = 16_000;
/// What lies so far below a tone nobody hears beside it, in decibels.
const UNHEARD: f64 = -40.0;

#[test]
fn h4_what_a_telephone_says_is_as_loud_and_as_pure_in_g722_at_each_pitch() {
    for hertz in (300..=3_400).step_by(100) {
        let said = tone(NARROW, hertz);
        let direct = decoded(&narrowly_encoded(&said));
        let around = decoded(&encoded(&upsampled(&said)));

        let [level, before] = [&direct, &around].map(|heard| decibels(heard, WIDE, hertz));
        assert!(level.abs() < 0.5 && before.abs() < 0.5, "{hertz} Hz: {level:.2} and {before:.2} dB");
        let [mirror, before] = [&direct, &around].map(|heard| decibels(heard, WIDE, 8_000 - hertz));
        assert!(mirror < UNHEARD.max(before + 2.0), "mirror of {hertz} Hz: {mirror:.1} and {before:.1} dB");
        let [pure, before] = [&direct, &around].map(|heard| purity(heard, WIDE, hertz));
        assert!(pure > before - 1.0, "{hertz} Hz: {pure:.1} and {before:.1} dB");
    }
}

#[test]
fn h4_what_g722_says_is_as_loud_and_as_pure_for_a_telephone_at_each_pitch() {
    for hertz in (300..=3_400).step_by(100) {
        let said = encoded(&tone(WIDE, hertz));
        let direct = narrowly_decoded(&said);
        let around = downsampled(&decoded(&said));

        let [level, before] = [&direct, &around].map(|heard| decibels(heard, NARROW, hertz));
        assert!(level.abs() < 0.5 && before.abs() < 0.5, "{hertz} Hz: {level:.2} and {before:.2} dB");
        let [pure, before] = [&direct, &around].map(|heard| purity(heard, NARROW, hertz));
        assert!(pure > before - 1.0, "{hertz} Hz: {pure:.1} and {before:.1} dB");
    }
}

/// What a telephone cannot hold does not come back as something else.
#[test]
fn h4_what_lies_above_4_khz_in_g722_is_not_heard_below() {
    for hertz in (4_400..=7_600).step_by(200) {
        let said = encoded(&tone(WIDE, hertz));
        let [direct, around] = [narrowly_decoded(&said), downsampled(&decoded(&said))]
            .map(|heard| 20.0 * (loudness(&heard[200..]) * 2f64.sqrt() / f64::from(PEAK)).log10());
        assert!(direct < UNHEARD.max(around + 1.0), "{hertz} Hz: {direct:.1} and {around:.1} dB");
    }
}

#[test]
fn h4_keys_are_heard_through_g722_at_8_khz() {
    for key in 0..KEYS {
        let mut said = vec![0; 1_600];
        KeyTone::new(key, 8_000).unwrap().fill(&mut said[400..1_200]);
        let mut keys = Vec::new();
        let note = |heard: Heard| {
            if let Heard::Down { key, .. } = heard {
                keys.push(key);
            }
        };
        KeyEar::new(8_000).hear(&narrowly_decoded(&narrowly_encoded(&said)), note);
        assert_eq!(keys, [key]);
    }
}

#[test]
fn h4_silence_at_8_khz_is_silence_at_16() {
    let silence = decoded(&narrowly_encoded(&[0; NARROW]));
    let whole = decoded(&encoded(&[0; WIDE]));
    assert_eq!(silence, whole);
    assert!(silence.iter().all(|sample| sample.unsigned_abs() <= 4));
}

fn tone(samples: usize, hertz: u16) -> Vec<i16> {
    let mut tone = vec![0; samples];
    Sine::new(samples as u32, hertz, PEAK).fill(&mut tone);
    tone
}

fn encoded(samples: &[i16]) -> Vec<u8> {
    let mut bytes = vec![0; samples.len() / 2];
    assert_eq!(g722::Encoder::new().encode(samples, &mut bytes), samples.len() / 2);
    bytes
}

fn decoded(bytes: &[u8]) -> Vec<i16> {
    let mut samples = vec![0; 2 * bytes.len()];
    assert_eq!(g722::Decoder::new().decode(bytes, &mut samples), 2 * bytes.len());
    samples
}

fn narrowly_encoded(samples: &[i16]) -> Vec<u8> {
    let mut bytes = vec![0; samples.len()];
    assert_eq!(narrow::Encoder::new().encode(samples, &mut bytes), samples.len());
    bytes
}

fn narrowly_decoded(bytes: &[u8]) -> Vec<i16> {
    let mut samples = vec![0; bytes.len()];
    assert_eq!(narrow::Decoder::new().decode(bytes, &mut samples), bytes.len());
    samples
}

fn upsampled(samples: &[i16]) -> Vec<i16> {
    let mut out = vec![0; 2 * samples.len()];
    assert_eq!(Upsampler::new(2).resample(samples, &mut out), 2 * samples.len());
    out
}

fn downsampled(samples: &[i16]) -> Vec<i16> {
    let mut out = vec![0; samples.len() / 2];
    assert_eq!(Downsampler::new(2).resample(samples, &mut out), samples.len() / 2);
    out
}

/// A quarter of the sound is left out: filters and steps have begun by then.
fn settled(samples: &[i16]) -> &[i16] {
    &samples[samples.len() / 4..]
}

/// How loud a pitch is beside the loudest that was said.
fn decibels(samples: &[i16], rate: usize, hertz: u16) -> f64 {
    let [sine, cosine] = fitted(settled(samples), rate, hertz);
    20.0 * (sine.hypot(cosine) / f64::from(PEAK)).log10()
}

/// By how many decibels a pitch stands above all else.
fn purity(samples: &[i16], rate: usize, hertz: u16) -> f64 {
    let samples = settled(samples);
    let ([sine, cosine], turn) = (fitted(samples, rate, hertz), turn(rate, hertz));
    let (mut pitch, mut rest) = (0.0, 0.0);
    for (at, sample) in samples.iter().enumerate() {
        let (s, c) = (turn * at as f64).sin_cos();
        let is = sine * s + cosine * c;
        (pitch, rest) = (pitch + is * is, rest + (f64::from(*sample) - is).powi(2));
    }
    10.0 * (pitch / rest).log10()
}

/// The sine and the cosine of a pitch; whole turns of it are looked at.
fn fitted(samples: &[i16], rate: usize, hertz: u16) -> [f64; 2] {
    let (mut sine, mut cosine) = (0.0, 0.0);
    for (at, sample) in samples.iter().enumerate() {
        let (s, c) = (turn(rate, hertz) * at as f64).sin_cos();
        (sine, cosine) = (sine + s * f64::from(*sample), cosine + c * f64::from(*sample));
    }
    [sine, cosine].map(|sum| 2.0 * sum / samples.len() as f64)
}

fn turn(rate: usize, hertz: u16) -> f64 {
    std::f64::consts::TAU * f64::from(hertz) / rate as f64
}

fn loudness(samples: &[i16]) -> f64 {
    let power: f64 = samples.iter().map(|sample| f64::from(*sample).powi(2)).sum();
    (power / samples.len() as f64).sqrt()
}
