//! What the coder makes of recorded speech, beside what another coder (bcg729) makes of it: `said.raw` is 4
//! s of two voices, `peer.g729` what that one encodes of it, `peer.raw` what it decodes of that, and
//! `peer-torn.raw` the same where of twenty frames the tenth and the eleventh are lost.

use g729::{Decoder, Encoder, FRAME, FRAME_BYTES};
use proptest::prelude::*;

const SAID: &[u8] = include_bytes!("vectors/said.raw");
const FRAMES: &[u8] = include_bytes!("vectors/peer.g729");
const HEARD: &[u8] = include_bytes!("vectors/peer.raw");
const HEARD_TORN: &[u8] = include_bytes!("vectors/peer-torn.raw");
/// What both coders delay speech by: what they look ahead.
const DELAY: usize = FRAME / 2;

#[test]
fn h4_frames_of_another_coder_sound_as_they_do_there() {
    let heard = decoded(FRAMES);

    let likeness = likeness(&samples(HEARD), &heard);

    assert!(likeness > 30.0, "{likeness:.1} dB");
}

#[test]
fn h4_what_is_encoded_is_as_much_like_speech_as_what_another_coder_encodes() {
    let said = samples(SAID);
    let [theirs, ours] = [FRAMES, &encoded(&said)].map(|frames| likeness(&said, &decoded(frames)[DELAY..]));

    assert!(ours > theirs - 0.2, "{ours:.2} dB, {theirs:.2} by the other");
}

#[test]
fn h4_what_is_lost_is_made_up_as_another_coder_does() {
    let (mut decoder, mut heard) = (Decoder::new(), Vec::new());
    for (number, frame) in FRAMES.chunks(FRAME_BYTES).enumerate() {
        let mut samples = [0; FRAME];
        if [9, 10].contains(&(number % 20)) {
            decoder.conceal(&mut samples);
        } else {
            decoder.decode(frame, &mut samples);
        }
        heard.extend(samples);
    }

    let likeness = likeness(&samples(HEARD_TORN), &heard);

    assert!(likeness > 30.0, "{likeness:.1} dB");
}

/// What another coder makes of descriptions of silence, in decibels below the loudest.
#[test]
fn h4_noise_is_as_loud_as_another_coder_makes_it() {
    let described = [
        ([0, 30], 36.9),
        ([0, 50], 16.9),
        ([148, 232], 28.9),
        ([49, 232], 27.0),
        ([211, 228], 36.0),
        ([126, 108], 21.3),
        ([164, 148], 41.4),
    ];
    for (said, wanted) in described {
        let mut decoder = Decoder::new();
        decoder.decode(&[&FRAMES[..20 * FRAME_BYTES], &said].concat(), &mut [0; 20 * FRAME]);

        let level = f64::from(decoder.noise()[0]);

        assert!((level - wanted).abs() < 1.5, "{said:?}: {level} dB of {wanted}");
    }
}

/// After a while of noise speech is heard as if nothing had been in between.
#[test]
fn h4_speech_goes_on_after_silence() {
    let mut decoder = Decoder::new();
    let mut room = [0; 400 * FRAME];
    decoder.decode(&FRAMES[..100 * FRAME_BYTES], &mut room);
    assert_eq!(decoder.decode(&[0, 8], &mut room), 0);

    let made = decoder.decode(&FRAMES[100 * FRAME_BYTES..], &mut room);

    let likeness = likeness(&samples(HEARD)[110 * FRAME..], &room[10 * FRAME..made]);
    assert!(likeness > 20.0, "{likeness:.1} dB");
}

#[test]
fn h4_what_stays_away_fades() {
    let mut decoder = Decoder::new();
    let mut heard = vec![0; 100 * FRAME];
    decoder.decode(&FRAMES[..100 * FRAME_BYTES], &mut heard);

    let mut made_up = vec![0; 50 * FRAME];
    decoder.conceal(&mut made_up);

    assert!(power(&made_up[49 * FRAME..]) < 0.05 * power(&made_up[..FRAME]));
}

#[test]
fn nothing_is_made_of_what_is_no_whole_frame() {
    let mut room = [7; 3 * FRAME];
    assert_eq!(Decoder::new().decode(&FRAMES[..FRAME_BYTES - 1], &mut room), 0);
    assert_eq!(Decoder::new().decode(&FRAMES[..2 * FRAME_BYTES + 3], &mut room[..FRAME + 1]), FRAME);
    assert_eq!(Encoder::new().encode(&[0; FRAME - 1], &mut [0; FRAME_BYTES]), 0);
    assert_eq!(Encoder::new().encode(&[0; 3 * FRAME], &mut [0; 2 * FRAME_BYTES + 1]), 2 * FRAME_BYTES);
}

/// As loud as samples get, for seconds, and nothing at all for as long: both come out, and neither of them as
/// something else.
#[test]
fn the_loudest_and_silence_stay_what_they_are() {
    let square: Vec<i16> = (0..8_000).map(|at| if at / 20 % 2 == 0 { i16::MAX } else { i16::MIN }).collect();
    let said = [square, vec![0; 8_000]].concat();

    let heard = decoded(&encoded(&said));

    assert!(power(&heard[4_000..8_000]) > 0.1 * power(&said[4_000..8_000]));
    assert!(heard[12_000..].iter().all(|sample| sample.abs() < 16), "{:?}", heard[12_000..].iter().max());
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever comes, speech can be decoded after it, and what was said before is soon forgotten.
    #[test]
    fn whatever_comes_speech_is_heard_after_it(noise in proptest::collection::vec(any::<u8>(), 0..2_000)) {
        let mut decoder = Decoder::new();
        let mut room = [0; 2_000 / FRAME_BYTES * FRAME];
        decoder.decode(&noise, &mut room);
        decoder.conceal(&mut room[..3 * FRAME]);

        let mut heard = vec![0; FRAMES.len() / FRAME_BYTES * FRAME];
        decoder.decode(FRAMES, &mut heard);

        let half = heard.len() / 2;
        prop_assert!(likeness(&samples(HEARD)[half..], &heard[half..]) > 20.0);
    }

    #[test]
    fn whatever_is_said_is_encoded_whole(said in proptest::collection::vec(any::<i16>(), 0..2_000)) {
        let frames = encoded(&said);
        prop_assert_eq!(frames.len(), said.len() / FRAME * FRAME_BYTES);
        prop_assert_eq!(decoded(&frames).len(), said.len() / FRAME * FRAME);
    }
}

fn encoded(said: &[i16]) -> Vec<u8> {
    let mut frames = vec![0; said.len() / FRAME * FRAME_BYTES];
    assert_eq!(Encoder::new().encode(said, &mut frames), frames.len());
    frames
}

fn decoded(frames: &[u8]) -> Vec<i16> {
    let mut heard = vec![0; frames.len() / FRAME_BYTES * FRAME];
    assert_eq!(Decoder::new().decode(frames, &mut heard), heard.len());
    heard
}

fn samples(bytes: &[u8]) -> Vec<i16> {
    let (pairs, _) = bytes.as_chunks::<2>();
    pairs.iter().map(|pair| i16::from_le_bytes(*pair)).collect()
}

fn power(samples: &[i16]) -> f64 {
    samples.iter().map(|sample| f64::from(*sample).powi(2)).sum()
}

/// How much louder speech is than what something else differs from it by: the mean of all segments of 20 ms
/// in which somebody speaks, in decibels.
fn likeness(wanted: &[i16], heard: &[i16]) -> f64 {
    const SEGMENT: usize = 160;
    let segments = wanted.chunks_exact(SEGMENT).zip(heard.chunks_exact(SEGMENT));
    let spoken = segments.filter(|(wanted, _)| power(wanted) > 1e4 * SEGMENT as f64);
    let all = spoken.map(|(wanted, heard)| {
        let errors =
            wanted.iter().zip(heard).map(|(one, other)| (f64::from(*one) - f64::from(*other)).powi(2));
        (10.0 * (power(wanted) / errors.sum::<f64>().max(1.0)).log10()).clamp(-10.0, 40.0)
    });
    let all: Vec<f64> = all.collect();
    all.iter().sum::<f64>() / all.len() as f64
}
