//! Sound out of files, and what is refused.
#![allow(clippy::unwrap_used)]

use sound::{NotPlayable, Recording, Sine};

#[test]
fn h10_a_wav_of_each_rate_and_one_or_two_channels_is_the_same_sound() {
    for rate in [8_000u32, 16_000, 48_000] {
        for channels in [1u16, 2] {
            let mut sine = Sine::new(rate, 440, 8_000);
            let mono: Vec<i16> = (0..rate).map(|_| sine.next_sample()).collect();
            let all: Vec<i16> = mono.iter().flat_map(|one| vec![*one; channels.into()]).collect();

            let recording = Recording::from_wav(&wav(1, channels, rate, 16, &all)).unwrap();

            assert_eq!(recording.ms(), 1_000);
            for rate in Recording::RATES {
                let samples = recording.samples(rate);
                assert_eq!(samples.len(), rate as usize);
                let share = share_of(&samples[1_000..rate as usize - 1_000], rate, 440.0);
                assert!(share > 0.99, "{rate}: {share}");
            }
        }
    }
}

#[test]
fn h10_what_cannot_be_played_says_why() {
    let second = vec![0i16; 8_000];
    for (file, why) in [
        (b"ID3 something else".to_vec(), NotPlayable::NotWav),
        (wav(1, 1, 8_000, 16, &second)[..30].to_vec(), NotPlayable::NotWav),
        (wav(7, 1, 8_000, 8, &second), NotPlayable::Encoded),
        (wav(1, 1, 8_000, 24, &second), NotPlayable::Encoded),
        (wav(1, 6, 48_000, 16, &second), NotPlayable::Channels(6)),
        (wav(1, 0, 48_000, 16, &second), NotPlayable::Channels(0)),
        (wav(1, 2, 44_100, 16, &second), NotPlayable::Rate(44_100)),
        (wav(1, 1, 8_000, 16, &second[..100]), NotPlayable::Short),
        (wav(1, 1, 8_000, 16, &vec![0; 8_000 * 601]), NotPlayable::Long),
    ] {
        assert_eq!(Recording::from_wav(&file), Err(why), "{why}");
    }
}

#[test]
fn a_file_that_is_cut_short_plays_what_there_is_and_no_bytes_harm() {
    let whole = wav(1, 1, 8_000, 16, &vec![1_000; 8_000]);
    for length in 0..400 {
        let _ = Recording::from_wav(&whole[..length]);
    }
    let half = Recording::from_wav(&whole[..HEAD + 8_000]).unwrap();
    assert_eq!(half.ms(), 500);
    for at in 0..HEAD {
        for byte in [0, 1, 0x7f, 0xff] {
            let mut file = whole.clone();
            file[at] = byte;
            let _ = Recording::from_wav(&file);
        }
    }
}

/// What stands before the samples.
const HEAD: usize = 56;

fn wav(format: u16, channels: u16, rate: u32, bits: u16, samples: &[i16]) -> Vec<u8> {
    let mut file = b"RIFF\0\0\0\0WAVELIST\x03\0\0\0abc\0fmt \x10\0\0\0".to_vec();
    file.extend([format, channels].map(u16::to_le_bytes).concat());
    file.extend(rate.to_le_bytes());
    file.extend([0, 0, 0, 0, 0, 0]);
    file.extend(bits.to_le_bytes());
    file.extend(b"data");
    file.extend((samples.len() as u32 * 2).to_le_bytes());
    file.extend(samples.iter().flat_map(|sample| sample.to_le_bytes()));
    file
}

fn share_of(samples: &[i16], rate: u32, hertz: f64) -> f64 {
    let turn = std::f64::consts::TAU * hertz / f64::from(rate);
    let (mut sine, mut cosine, mut power) = (0.0, 0.0, 0.0);
    for (at, sample) in samples.iter().enumerate() {
        let ((s, c), sample) = ((turn * at as f64).sin_cos(), f64::from(*sample));
        (sine, cosine, power) = (sine + s * sample, cosine + c * sample, power + sample * sample);
    }
    2.0 * (sine * sine + cosine * cosine) / samples.len() as f64 / power
}
