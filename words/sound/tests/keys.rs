//! Keys are heard as they were pressed.
#![allow(clippy::unwrap_used)]

use sound::keys::{KEYS, KeyEar, KeyTone};
use sound::{Law, Sine};

#[test]
fn every_key_is_heard_once_at_either_rate() {
    for rate in [8_000, 16_000] {
        let mut ear = KeyEar::new(rate);
        for key in 0..KEYS {
            let mut sound = vec![0; rate as usize / 10];
            KeyTone::new(key, rate).unwrap().fill(&mut sound[..rate as usize * 6 / 100]);

            assert_eq!(heard(&mut ear, &sound), [key]);
        }
        assert!(KeyTone::new(KEYS, rate).is_none());
    }
}

#[test]
fn a_tone_of_40_ms_is_a_key_and_one_of_20_is_none() {
    for key in 0..KEYS {
        for (ms, wanted) in [(40, 1), (20, 0)] {
            let mut ear = KeyEar::new(8_000);
            // It begins anywhere within a look.
            for begin in (0..102).step_by(17) {
                let mut sound = vec![0; 1_600];
                KeyTone::new(key, 8_000).unwrap().fill(&mut sound[begin..begin + ms * 8]);
                assert_eq!(heard(&mut ear, &sound).len(), wanted, "key {key}, {ms} ms from {begin}");
            }
        }
    }
}

#[test]
fn one_pitch_alone_and_hiss_are_no_keys() {
    for hertz in (300..3_400).step_by(7) {
        let mut sound = vec![0; 4_000];
        Sine::new(8_000, hertz, 12_000).fill(&mut sound);
        assert_eq!(heard(&mut KeyEar::new(8_000), &sound), [], "{hertz} Hz");
    }
    let mut seed = 7u32;
    let hiss: Vec<i16> = std::iter::repeat_with(|| {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (seed >> 16) as i16 / 4
    })
    .take(400_000)
    .collect();
    assert_eq!(heard(&mut KeyEar::new(8_000), &hiss), []);
}

#[test]
fn keys_are_heard_through_either_law() {
    for law in [Law::Mu, Law::A] {
        let mut ear = KeyEar::new(8_000);
        for key in 0..KEYS {
            let mut sound = vec![0; 800];
            KeyTone::new(key, 8_000).unwrap().fill(&mut sound[..480]);
            let sound: Vec<i16> = sound.iter().map(|sample| law.decode(law.encode(*sample))).collect();

            assert_eq!(heard(&mut ear, &sound), [key]);
        }
    }
}

fn heard(ear: &mut KeyEar, sound: &[i16]) -> Vec<u8> {
    let mut keys = Vec::new();
    sound.chunks(160).for_each(|packet| ear.hear(packet, |key| keys.push(key)));
    keys
}
