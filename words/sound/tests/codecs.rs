//! What goes through a codec comes out as it was, as far as the codec says.
#![allow(clippy::unwrap_used, clippy::disallowed_methods)]

use std::fs;
use std::path::Path;

use proptest::prelude::*;
use serde_json::Value;
use sound::conceal::Concealer;
use sound::noise::{self, Noise};
use sound::opus::{self, Band, Redundancy};
use sound::resample::{Downsampler, Upsampler};
use sound::{Law, Sine, g711, g722, l16};

/// RFC 3551, 4.5.11: two's complement, the high byte first; half a sample is none.
#[test]
fn h4_l16_is_the_samples_with_the_high_byte_first() {
    let (samples, bytes) = ([0, 1, -1, 0x1234, i16::MIN], [0, 0, 0, 1, 0xff, 0xff, 0x12, 0x34, 0x80, 0]);
    let (mut payload, mut heard) = ([7; 10], [7; 5]);

    assert_eq!((l16::encode(&samples, &mut payload), payload), (10, bytes));
    assert_eq!((l16::decode(&bytes, &mut heard), heard), (5, samples));
    assert_eq!((l16::decode(&bytes[..9], &mut heard), l16::encode(&samples, &mut payload[..3])), (4, 2));
}

#[test]
fn h4_both_laws_agree_with_the_tables() {
    let document = vectors("g711/g711.json");
    for (name, law) in [("ulaw", Law::Mu), ("alaw", Law::A)] {
        for row in rows(&document, name) {
            let sample = i16::try_from(row[0].as_i64().unwrap()).unwrap();
            assert_eq!(row[1], law.encode(sample), "{name} of {sample}");
        }
    }
    for (name, law) in [("ulaw_decode", Law::Mu), ("alaw_decode", Law::A)] {
        for (code, wanted) in rows(&document, name).iter().enumerate() {
            assert_eq!(*wanted, law.decode(code as u8), "{name} of {code}");
        }
    }
}

#[test]
fn decoding_and_encoding_again_changes_no_code() {
    for code in 0..=255u8 {
        assert_eq!(g711::encode_a(g711::decode_a(code)), code);
        // Minus zero is the one code that µ-law has twice.
        let wanted = if code == 0x7f { 0xff } else { code };
        assert_eq!(g711::encode_mu(g711::decode_mu(code)), wanted);
    }
}

#[test]
fn h4_one_law_becomes_the_other_by_one_look_and_again_without_further_loss() {
    let all: Vec<u8> = (0..=255).collect();
    let made = |codes: &[u8], to: Law| {
        let mut out = [0; 256];
        assert_eq!(g711::translate(codes, to, &mut out), 256);
        out
    };
    let [mu, a] = [Law::Mu, Law::A].map(|to| made(&all, to));
    for code in 0..=255u8 {
        assert_eq!(mu[usize::from(code)], g711::encode_mu(g711::decode_a(code)));
        assert_eq!(a[usize::from(code)], g711::encode_a(g711::decode_mu(code)));
    }

    let once = made(&a, Law::Mu);
    assert_eq!(made(&made(&once, Law::A), Law::Mu), once, "there and back twice is as once");
    assert_eq!(g711::translate(&all, Law::A, &mut [0; 9]), 9);
}

#[test]
fn h4_g722_carries_what_a_telephone_line_does_not() {
    for hertz in [400, 1_000, 3_000] {
        assert!(through_g722(hertz) > 22.0, "{hertz} Hz: {} dB", through_g722(hertz));
    }
    for hertz in [5_000, 6_000] {
        assert!(through_g722(hertz) > 8.0, "{hertz} Hz: {} dB", through_g722(hertz));
    }
}

#[test]
fn h4_g722_says_what_another_implementation_of_it_says() {
    // The sum over what `libg722` (in the public domain) makes of the same sound, and of its own bytes.
    let sound = speech_like(16_000, 32_000);
    let mut bytes = vec![0; 16_000];
    assert_eq!(g722::Encoder::new().encode(&sound, &mut bytes), 16_000);
    let mut back = vec![0; 32_000];
    assert_eq!(g722::Decoder::new().decode(&bytes, &mut back), 32_000);
    let back: Vec<u8> = back.iter().flat_map(|sample| sample.to_le_bytes()).collect();

    assert_eq!((sum(&bytes), sum(&back)), (ENCODED, DECODED));
}

#[test]
fn rates_become_each_other_and_the_sound_stays() {
    for (low, factor) in [(8_000, 2), (16_000, 3), (8_000, 6)] {
        for hertz in [300, 1_000, 2_500, 3_300] {
            let hertz = if low == 16_000 { 2 * hertz } else { hertz };
            let high = low * factor as u32;
            let mut down = Downsampler::new(factor);
            let mut up = Upsampler::new(factor);
            let (mut fast, mut slow) = (vec![0; high as usize / 2], vec![0; low as usize / 2]);

            Sine::new(high, hertz, 16_000).fill(&mut fast);
            assert_eq!(down.resample(&fast, &mut slow), slow.len());
            let lower = purity(&slow, low, hertz);
            assert_eq!(up.resample(&slow, &mut fast), fast.len());
            let upper = purity(&fast, high, hertz);

            assert!(lower > 55.0 && upper > 50.0, "{low}×{factor}, {hertz} Hz: {lower} and {upper} dB");
        }
    }
}

#[test]
fn what_a_lower_rate_cannot_hold_does_not_come_back_as_something_else() {
    for (low, factor, hertz) in [(8_000, 2, 5_000), (8_000, 6, 6_500), (16_000, 3, 10_000)] {
        let mut fast = vec![0; low * factor / 2];
        Sine::new((low * factor) as u32, hertz, 16_000).fill(&mut fast);
        let mut slow = vec![0; low / 2];
        Downsampler::new(factor).resample(&fast, &mut slow);

        let left = 20.0 * (loudness(&slow[200..]) / 11_313.0).log10();
        assert!(left < -55.0, "{hertz} Hz at {low} Hz: {left} dB");
    }
}

#[test]
fn h4_opus_carries_speech_in_either_band() {
    for (band, hertz) in [(Band::Narrow, 1_000), (Band::Wide, 1_000), (Band::Wide, 6_000)] {
        let rate = band.rate();
        let mut encoder = opus::Encoder::new(band, Redundancy::None);
        let mut decoder = opus::Decoder::new(rate);
        let (mut sine, mut heard) = (Sine::new(rate, hertz, 8_000), Vec::new());
        let (mut frame, mut packet) = (vec![0; rate as usize / 50], [0; 1_500]);
        for _ in 0..50 {
            sine.fill(&mut frame);
            let length = encoder.encode(&frame, &mut packet).unwrap();
            assert!(length <= 160, "{length} bytes");
            let samples = decoder.decode(&packet[..length], &mut frame).unwrap();
            assert_eq!(samples, frame.len());
            heard.extend_from_slice(&frame);
        }

        let pure = purity(&heard[heard.len() / 2..], rate, hertz);
        assert!(pure > 12.0, "{band:?}, {hertz} Hz: {pure} dB");
    }
}

#[test]
fn h7_an_opus_packet_that_was_lost_is_said_again_by_the_next() {
    let mut encoder = opus::Encoder::new(Band::Wide, Redundancy::InBand);
    let mut decoder = opus::Decoder::new(16_000);
    let sound = speech_like(16_000, 320 * 40);
    let mut packets = Vec::new();
    for frame in sound.chunks(320) {
        let mut packet = [0; 1_500];
        let length = encoder.encode(frame, &mut packet).unwrap();
        packets.push(packet[..length].to_vec());
    }
    let mut frame = [0; 320];
    for packet in &packets[..20] {
        decoder.decode(packet, &mut frame).unwrap();
    }

    assert_eq!(decoder.recover(&packets[21], &mut frame), Some(320));
    let recovered = loudness(&frame);
    assert_eq!(decoder.decode(&packets[21], &mut frame), Some(320));

    let meant = loudness(&sound[320 * 20..320 * 21]);
    assert!(recovered > meant / 3.0 && recovered < meant * 3.0, "{recovered} for {meant}");
}

#[test]
fn h7_what_was_lost_is_made_up_of_what_was_heard_and_fades() {
    for rate in [8_000u32, 16_000] {
        let mut concealer = Concealer::new(rate);
        let mut sine = Sine::new(rate, 200, 10_000);
        let mut frame = vec![0; rate as usize / 50];
        for _ in 0..5 {
            sine.fill(&mut frame);
            concealer.hear(&mut frame);
        }
        let last = frame[frame.len() - 1];

        let mut lost = vec![0; frame.len()];
        concealer.conceal(&mut lost);
        let first = loudness(&lost);
        assert!((i32::from(lost[0]) - i32::from(last)).abs() < 2_000, "no click: {last}, then {}", lost[0]);
        assert!(purity(&lost[..lost.len() / 2], rate, 200) > 25.0);
        for _ in 0..3 {
            concealer.conceal(&mut lost);
        }

        assert!(first > 5_000.0 && loudness(&lost) < 1.0, "{first}, then {}", loudness(&lost));
    }
}

#[test]
fn h3_noise_is_as_loud_as_was_said() {
    for (payload, level) in [(&[30u8][..], 30.0), (&[50], 50.0), (&[40, 200, 100, 140], 40.0)] {
        let mut samples = vec![0; 16_000];

        Noise::new(payload).fill(&mut samples);

        let heard = -20.0 * (loudness(&samples) / 32_767.0).log10();
        assert!((heard - level).abs() < 1.5, "{payload:?}: {heard} dB below the loudest");
        assert!((i16::from(noise::described(&samples)[0]) - level as i16).abs() <= 2);
    }
}

proptest! {
    #[test]
    fn h4_no_bytes_break_a_decoder(
        packets in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 1..8),
    ) {
        let mut opus = opus::Decoder::new(16_000);
        let mut samples = vec![0; 16 * opus::PACKET_MS_MAX as usize];
        for packet in &packets {
            if let Some(made) = opus.decode(packet, &mut samples) {
                prop_assert!(made <= samples.len());
            }
            let made = g722::Decoder::new().decode(packet, &mut samples);
            prop_assert_eq!(made, 2 * packet.len());
            Noise::new(packet).fill(&mut samples);
        }
    }
}

const ENCODED: u64 = 0x66f0_b77e_fb0d_60ee;
const DECODED: u64 = 0xadf8_17c8_17c8_55da;

fn through_g722(hertz: u16) -> f64 {
    let (mut encoder, mut decoder) = (g722::Encoder::new(), g722::Decoder::new());
    let mut samples = vec![0; 16_000];
    Sine::new(16_000, hertz, 8_000).fill(&mut samples);
    let mut bytes = vec![0; 8_000];
    encoder.encode(&samples, &mut bytes);
    decoder.decode(&bytes, &mut samples);
    purity(&samples[2_000..], 16_000, hertz)
}

/// Three voices that come and go: nothing that a codec could mistake for a tone.
fn speech_like(rate: u32, length: usize) -> Vec<i16> {
    let mut voices =
        [(120, 9_000), (710, 5_000), (2_300, 2_000)].map(|(hertz, peak)| Sine::new(rate, hertz, peak));
    let mut seed = 1u32;
    let sample = |at: usize| {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let noise = i32::from((seed >> 16) as i16) / 64;
        let swell = (at / 1_600 % 4) as i32 + 1;
        let all: i32 = voices.iter_mut().map(|voice| i32::from(voice.next_sample())).sum();
        (all * swell / 5 + noise) as i16
    };
    (0..length).map(sample).collect()
}

fn loudness(samples: &[i16]) -> f64 {
    let power: f64 = samples.iter().map(|sample| f64::from(*sample).powi(2)).sum();
    (power / samples.len() as f64).sqrt()
}

/// By how many dB a pitch stands above all else, after the filters have begun.
fn purity(samples: &[i16], rate: u32, hertz: u16) -> f64 {
    let samples = &samples[samples.len() / 4..];
    let turn = std::f64::consts::TAU * f64::from(hertz) / f64::from(rate);
    // What is left after the best sine and cosine were taken off.
    let (mut ss, mut sc, mut cc, mut xs, mut xc) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for (at, sample) in samples.iter().enumerate() {
        let (sine, cosine) = (turn * at as f64).sin_cos();
        let x = f64::from(*sample);
        (ss, sc, cc) = (ss + sine * sine, sc + sine * cosine, cc + cosine * cosine);
        (xs, xc) = (xs + x * sine, xc + x * cosine);
    }
    let determinant = ss * cc - sc * sc;
    let (a, b) = ((xs * cc - xc * sc) / determinant, (xc * ss - xs * sc) / determinant);
    let (mut tone, mut rest) = (0.0, 1e-9);
    for (at, sample) in samples.iter().enumerate() {
        let (sine, cosine) = (turn * at as f64).sin_cos();
        let fitted = a * sine + b * cosine;
        tone += fitted * fitted;
        rest += (f64::from(*sample) - fitted).powi(2);
    }
    10.0 * (tone / rest).log10()
}

/// FNV-1a.
fn sum(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |sum, byte| (sum ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3))
}

fn rows<'d>(document: &'d Value, name: &str) -> &'d Vec<Value> {
    document[name].as_array().unwrap_or_else(|| panic!("no list {name} in the vectors"))
}

fn vectors(file: &str) -> Value {
    let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/vectors")).join(file);
    let text =
        fs::read(&path).unwrap_or_else(|error| panic!("the shared vectors are needed: {path:?}: {error}"));
    serde_json::from_slice(&text).unwrap()
}
