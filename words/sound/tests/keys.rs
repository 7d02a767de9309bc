//! Keys are heard as they were pressed.
#![allow(clippy::unwrap_used)]

use sound::keys::{Heard, KEYS, KeyEar, KeyTone};
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

#[test]
fn a_press_is_as_long_as_it_was() {
    let mut ear = KeyEar::new(8_000);
    let mut sound = vec![0; 4_000];
    KeyTone::new(5, 8_000).unwrap().fill(&mut sound[1_000..2_000]);
    let mut what = Vec::new();

    ear.hear(&sound, |heard| what.push(heard));

    let [Heard::Down { key: 5, began }, Heard::Up { ended }] = what[..] else { panic!("{what:?}") };
    assert!(began.abs_diff(1_000) <= 60 && ended.abs_diff(2_000) <= 60, "{began} to {ended}");
}

/// Packets of 20 ms, any two of which in a row are lost: a short press is heard once, and two presses of a
/// key stay two.
#[test]
fn presses_outlive_the_loss_of_two_packets() {
    for begin in (0..160).step_by(20) {
        for lost in 0..16 {
            let mut ear = KeyEar::new(8_000);
            let mut sound = vec![0; 3_200];
            for press in [begin + 320, begin + 320 + 1_280] {
                KeyTone::new(7, 8_000).unwrap().fill(&mut sound[press..press + 640]);
            }
            let mut keys = Vec::new();
            let mut note = |heard| {
                if let Heard::Down { key, .. } = heard {
                    keys.push(key);
                }
            };
            for (number, packet) in sound.chunks(160).enumerate() {
                match number {
                    _ if number == lost || number == lost + 1 => ear.miss(160, &mut note),
                    _ => ear.hear(packet, &mut note),
                }
            }
            assert_eq!(keys, [7, 7], "begins at {begin}, {lost} is lost");
        }
    }
}

/// Whoever conceals a loss by nothing at all splits no press.
#[test]
fn a_hole_of_20_ms_is_no_end() {
    for hole in (0..480).step_by(17) {
        let mut ear = KeyEar::new(8_000);
        let mut sound = vec![0; 1_600];
        KeyTone::new(7, 8_000).unwrap().fill(&mut sound[160..160 + 960]);
        sound[400 + hole..560 + hole].fill(0);

        assert_eq!(heard(&mut ear, &sound), [7], "the hole is at {hole}");
    }
}

fn heard(ear: &mut KeyEar, sound: &[i16]) -> Vec<u8> {
    let mut keys = Vec::new();
    for packet in sound.chunks(160) {
        ear.hear(packet, |heard| {
            if let Heard::Down { key, .. } = heard {
                keys.push(key);
            }
        });
    }
    keys
}
