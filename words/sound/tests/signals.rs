//! What faxes and modems say of themselves is heard, and nothing else is taken for it.
#![allow(clippy::unwrap_used)]

use std::f64::consts::{PI, TAU};

use sound::keys::{KEYS, KeyTone};
use sound::opus::{self, Band, Redundancy};
use sound::signals::{Signal, SignalEar};
use sound::{Sounding, Tones, g711, g722};

/// The peak of a sine of 0 dBm0.
const PEAK: f64 = 22_760.0;
const BOTH_RATES: [u32; 2] = [8_000, 16_000];

/// Every level that a far end has to understand, and as far beside its pitch as each may be.
#[test]
fn j4_signals_are_heard_at_every_level_and_rate() {
    for rate in BOTH_RATES {
        for level in [-6.0, -13.0, -30.0, -43.0] {
            for off in [-38.0, 0.0, 38.0] {
                assert_eq!(
                    heard(rate, &calling(rate, level, off)),
                    [Signal::Calling],
                    "{rate} {level} {off}"
                );
            }
            for off in [-15.0, 0.0, 15.0] {
                let plain = answer(rate, level, (off, 0.0, Turns::Never));
                assert_eq!(heard(rate, &plain), [Signal::Answer], "{rate} {level} {off}");
                // ANSam: a fifth louder and softer, fifteen times a second.
                let modulated = answer(rate, level, (off, 0.2, Turns::Never));
                assert_eq!(heard(rate, &modulated), [Signal::Answer], "{rate} {level} {off}");
            }
            for off in [-6.0, 0.0, 6.0] {
                assert_eq!(heard(rate, &preamble(rate, level, off)), [Signal::Preamble], "{level} {off}");
            }
        }
    }
}

/// Echo cancellers are shut off by it, and only modems and fast faxes say it.
#[test]
fn j4_a_phase_that_is_reversed_every_450_ms_is_told_from_one_that_is_not() {
    for rate in BOTH_RATES {
        for off in [-15.0, -4.0, 0.0, 15.0] {
            for depth in [0.0, 0.2] {
                let tone = answer(rate, -13.0, (off, depth, Turns::Every450Ms));
                assert_eq!(heard(rate, &tone), [Signal::Answer, Signal::Reversed], "{rate} {off} {depth}");
            }
        }
    }
}

#[test]
fn j4_signals_are_heard_behind_every_codec() {
    for (name, made) in
        [("PCMU", pcmu as fn(u32, &[i16]) -> Vec<i16>), ("PCMA", pcma), ("narrow G.722", narrow)]
    {
        for (signal, sound) in all(8_000) {
            assert!(heard(8_000, &made(8_000, &sound)).contains(&signal), "{signal:?} as {name}");
        }
    }
    for (name, made) in [("G.722", wide as fn(u32, &[i16]) -> Vec<i16>), ("Opus", by_opus)] {
        for (signal, sound) in all(16_000) {
            assert!(heard(16_000, &made(16_000, &sound)).contains(&signal), "{signal:?} as {name}");
        }
    }
    for (signal, sound) in all(8_000) {
        assert!(heard(8_000, &by_opus(8_000, &sound)).contains(&signal), "{signal:?} as narrow Opus");
    }
}

/// Packets of 20 ms that never came, each lost by itself: of 0.1 % all calls are heard, of 1 % each says its
/// signal often enough, as a calling tone comes again and a preamble comes before each message.
#[test]
fn j4_signals_are_heard_though_packets_are_lost() {
    for (per_mille, tries) in [(1, 1), (10, 2)] {
        for (signal, sound) in all(8_000) {
            let again: Vec<i16> = (0..tries).flat_map(|_| sound.clone()).collect();
            let told = (0..200).filter(|seed| {
                let mut lot = Lot(*seed + 1);
                let packets =
                    again.chunks(160).map(|packet| (lot.next() % 1_000 >= per_mille).then_some(packet));
                heard_in(8_000, packets).contains(&signal)
            });
            let told = told.count();
            assert!(told >= 198, "{signal:?}: {told} of 200 at {per_mille} in a thousand");
        }
    }
}

#[test]
fn j4_keys_ringing_and_busy_tones_are_no_signals() {
    for rate in BOTH_RATES {
        for key in 0..KEYS {
            for ms in [60, 500, 3_000] {
                let mut sound = vec![0; (rate * 4) as usize];
                KeyTone::new(key, rate).unwrap().fill(&mut sound[..(rate * ms / 1_000) as usize]);
                assert_eq!(heard(rate, &sound), [], "key {key} for {ms} ms");
            }
        }
    }
    for country in Tones::countries() {
        let Tones { ringback, busy, congestion, unobtainable } = Tones::of(country);
        for tone in [ringback, busy, congestion, unobtainable] {
            let mut sound = vec![0; 80_000];
            Sounding::new(std::sync::Arc::new(tone), 8_000).fill(&mut sound);
            assert_eq!(heard(8_000, &sound), [], "{country}");
        }
    }
}

/// One pitch alone, for half a second and then nothing, and for long: all that are not beside a signal's.
#[test]
fn j4_other_pitches_are_no_signals() {
    for hertz in (200..3_400).step_by(13) {
        let beside = |wanted: i32| (hertz - wanted).abs() <= 90;
        let pitch = |seconds: f64| sine(8_000, seconds, -13.0, f64::from(hertz));
        let mut beep = pitch(0.5);
        beep.extend([0; 16_000]);
        if !beside(1_100) {
            assert_eq!(heard(8_000, &beep), [], "a beep of {hertz} Hz");
        }
        if !beside(2_100) {
            assert_eq!(heard(8_000, &pitch(5.0)), [], "{hertz} Hz for long");
        }
    }
    // Of the right pitch, and of the wrong length.
    for ms in [200, 300, 700, 1_000, 3_000] {
        let mut beep = sine(8_000, f64::from(ms) / 1e3, -13.0, 1_100.0);
        beep.extend([0; 16_000]);
        assert_eq!(heard(8_000, &beep), [], "1,100 Hz for {ms} ms");
    }
    assert_eq!(heard(8_000, &sine(8_000, 0.5, -13.0, 2_100.0)), []);
    // V.21 that carries something, as a text telephone does, is no preamble.
    let mut lot = Lot(7);
    let bits: Vec<bool> = (0..3_000).map(|_| lot.next().is_multiple_of(2)).collect();
    assert_eq!(heard(8_000, &keyed(8_000, -13.0, 0.0, &bits)), []);
}

/// Voices that glide and vibrate, with all that sounds above them, and words and pauses between; tunes of
/// strings and of flutes; hiss. Minutes of each at either rate.
#[test]
fn j4_speech_and_music_and_hiss_are_no_signals() {
    for seed in 0..6 {
        assert_eq!(heard(8_000, &talk(8_000, seed)), [], "voice {seed}");
        assert_eq!(heard(16_000, &talk(16_000, seed)), [], "wide voice {seed}");
        assert_eq!(heard(8_000, &tune(8_000, seed)), [], "tune {seed}");
        assert_eq!(heard(16_000, &tune(16_000, seed)), [], "wide tune {seed}");
        let mut lot = Lot(seed + 1);
        let hiss: Vec<i16> = (0..480_000).map(|_| (lot.signed() * 9_000.0) as i16).collect();
        assert_eq!(heard(8_000, &hiss), [], "hiss {seed}");
    }
}

#[test]
fn j4_events_name_signals() {
    let named: Vec<(u8, Signal)> =
        (0..=255).filter_map(|event| Some((event, Signal::of_event(event)?))).collect();

    // RFC 4734, tables 4 to 6.
    let wanted = [
        (32, Signal::Answer),
        (33, Signal::Reversed),
        (34, Signal::Answer),
        (35, Signal::Reversed),
        (36, Signal::Calling),
        (54, Signal::Preamble),
    ];
    assert_eq!(named, wanted);
}

fn heard(rate: u32, sound: &[i16]) -> Vec<Signal> {
    heard_in(rate, sound.chunks((rate / 50) as usize).map(Some))
}

fn heard_in<'s>(rate: u32, packets: impl Iterator<Item = Option<&'s [i16]>>) -> Vec<Signal> {
    let (mut ear, mut heard) = (SignalEar::new(rate), Vec::new());
    for packet in packets {
        match packet {
            Some(packet) => ear.hear(packet, |signal| heard.push(signal)),
            None => ear.miss((rate / 50) as usize),
        }
    }
    heard
}

fn all(rate: u32) -> [(Signal, Vec<i16>); 4] {
    [
        (Signal::Calling, calling(rate, -13.0, 0.0)),
        (Signal::Answer, answer(rate, -13.0, (0.0, 0.0, Turns::Never))),
        (Signal::Reversed, answer(rate, -13.0, (0.0, 0.0, Turns::Every450Ms))),
        (Signal::Preamble, preamble(rate, -13.0, 0.0)),
    ]
}

#[derive(Clone, Copy, PartialEq)]
enum Turns {
    Never,
    Every450Ms,
}

fn peak(level: f64) -> f64 {
    PEAK * 10f64.powf(level / 20.0)
}

fn made(rate: u32, seconds: f64, value: impl FnMut(f64) -> f64) -> Vec<i16> {
    let count = (f64::from(rate) * seconds) as u32;
    (0..count)
        .map(|at| f64::from(at) / f64::from(rate))
        .map(value)
        .map(|value| value.round() as i16)
        .collect()
}

fn sine(rate: u32, seconds: f64, level: f64, hertz: f64) -> Vec<i16> {
    made(rate, seconds, |time| peak(level) * (TAU * hertz * time).sin())
}

/// Half a second of tone and three of silence, twice.
fn calling(rate: u32, level: f64, off: f64) -> Vec<i16> {
    let mut once = sine(rate, 0.5, level, 1_100.0 + off);
    once.resize((f64::from(rate) * 3.5) as usize, 0);
    [once.clone(), once].concat()
}

fn answer(rate: u32, level: f64, (off, depth, turns): (f64, f64, Turns)) -> Vec<i16> {
    let mut sound = vec![0; rate as usize / 5];
    sound.extend(made(rate, 3.0, |time| {
        let turned = if turns == Turns::Every450Ms { (time / 0.45).floor() * PI } else { 0.0 };
        let loudness = 1.0 + depth * (TAU * 15.0 * time).sin();
        peak(level) * loudness * (TAU * (2_100.0 + off) * time + turned).sin()
    }));
    sound
}

/// 37 flags, and a message behind them.
fn preamble(rate: u32, level: f64, off: f64) -> Vec<i16> {
    let flags = (0..37).flat_map(|_| [false, true, true, true, true, true, true, false]);
    let mut lot = Lot(3);
    let message = (0..200).map(|_| lot.next().is_multiple_of(3));
    let mut sound = vec![0; rate as usize / 13];
    sound.extend(keyed(rate, level, off, &flags.chain(message).collect::<Vec<_>>()));
    sound
}

/// 300 bit/s: 1,650 Hz for a one, 1,850 for a zero (V.21, the upper channel).
fn keyed(rate: u32, level: f64, off: f64, bits: &[bool]) -> Vec<i16> {
    let mut turns = 0.0;
    made(rate, bits.len() as f64 / 300.0, |time| {
        let is_one = bits.get((time * 300.0) as usize).copied().unwrap_or_default();
        turns += (if is_one { 1_650.0 } else { 1_850.0 } + off) / f64::from(rate);
        peak(level) * (TAU * turns).sin()
    })
}

/// A minute of a voice.
fn talk(rate: u32, seed: u64) -> Vec<i16> {
    let mut lot = Lot(seed + 1);
    let (mut sound, mut turns) = (Vec::new(), 0.0);
    while sound.len() < rate as usize * 60 {
        let length = 0.08 + lot.unit() * 0.5;
        if lot.next().is_multiple_of(4) {
            sound.extend(vec![0; (f64::from(rate) * length) as usize]);
            continue;
        }
        let (pitch, glide) = (90.0 + lot.unit() * 300.0, lot.signed() * 60.0);
        let formants =
            [300.0 + lot.unit() * 600.0, 900.0 + lot.unit() * 1_500.0, 2_300.0 + lot.unit() * 900.0];
        let breath = lot.unit() * 0.2;
        sound.extend(made(rate, length, |time| {
            turns += (pitch + glide * time + 4.0 * (TAU * 5.5 * time).sin()) / f64::from(rate);
            let overtones = (1..=20).map(|number| {
                let hertz = pitch * f64::from(number);
                let near = |formant: &f64| 1.0 / (1.0 + ((hertz - formant) / 120.0).powi(2));
                formants.iter().map(near).sum::<f64>() * (TAU * turns * f64::from(number)).sin()
            });
            let swell = (PI * time / length).sin();
            5_000.0 * swell * (overtones.sum::<f64>() + breath * lot.signed())
        }));
    }
    sound
}

/// A minute of a tune: a melody over a bass, each note with a few of its overtones.
fn tune(rate: u32, seed: u64) -> Vec<i16> {
    let mut lot = Lot(seed + 100);
    let mut sound = Vec::new();
    while sound.len() < rate as usize * 60 {
        let length = [0.125, 0.25, 0.5, 1.0, 2.0][(lot.next() % 5) as usize];
        let note =
            |lot: &mut Lot, lowest: f64, count: u64| lowest * 2f64.powf((lot.next() % count) as f64 / 12.0);
        let (melody, bass) = (note(&mut lot, 261.6, 40), note(&mut lot, 36.7, 24));
        let overtones = [1.0, 0.5 * lot.unit(), 0.4 * lot.unit(), 0.3 * lot.unit()];
        sound.extend(made(rate, length, |time| {
            let voice = |hertz: f64| {
                let parts = overtones.iter().zip(1..);
                parts.map(|(part, number)| part * (TAU * hertz * f64::from(number) * time).sin()).sum::<f64>()
            };
            6_000.0 * (-time * 1.5).exp() * (voice(melody) + 0.6 * voice(bass))
        }));
    }
    sound
}

fn pcmu(_: u32, sound: &[i16]) -> Vec<i16> {
    sound.iter().map(|sample| g711::decode_mu(g711::encode_mu(*sample))).collect()
}

fn pcma(_: u32, sound: &[i16]) -> Vec<i16> {
    sound.iter().map(|sample| g711::decode_a(g711::encode_a(*sample))).collect()
}

fn wide(_: u32, sound: &[i16]) -> Vec<i16> {
    let (mut encoder, mut decoder) = (g722::Encoder::new(), g722::Decoder::new());
    let (mut payload, mut heard) = (vec![0; sound.len() / 2], vec![0; sound.len()]);
    let length = encoder.encode(&sound[..sound.len() & !1], &mut payload);
    let count = decoder.decode(&payload[..length], &mut heard);
    heard.truncate(count);
    heard
}

fn narrow(_: u32, sound: &[i16]) -> Vec<i16> {
    let (mut payload, mut heard) = (vec![0; sound.len()], vec![0; sound.len()]);
    g722::narrow::Encoder::new().encode(sound, &mut payload);
    g722::narrow::Decoder::new().decode(&payload, &mut heard);
    heard
}

fn by_opus(rate: u32, sound: &[i16]) -> Vec<i16> {
    let band = if rate == 8_000 { Band::Narrow } else { Band::Wide };
    let mut encoder = opus::Encoder::new(band, Redundancy::None);
    let mut decoder = opus::Decoder::new(rate);
    let mut heard = Vec::new();
    for packet in sound.chunks_exact((rate / 50) as usize) {
        let (mut payload, mut samples) = ([0; 400], [0; 320]);
        let length = encoder.encode(packet, &mut payload).unwrap();
        let count = decoder.decode(&payload[..length], &mut samples).unwrap();
        heard.extend_from_slice(&samples[..count]);
    }
    heard
}

/// Chance that is the same each time.
struct Lot(u64);

impl Lot {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    fn signed(&mut self) -> f64 {
        self.unit() * 2.0 - 1.0
    }
}
