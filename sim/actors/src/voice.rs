//! The voice of a far end that speaks one codec and no other: a tone of its own, which whatever codec it is
//! made into still carries; and its ear for such tones.

use std::collections::BTreeMap;
use std::f64::consts::TAU;

use rtp::Fixed;
use sound::opus::{self, Band, Redundancy};
use sound::{Sine, g711, g722, l16};

/// What it speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Codec {
    Pcmu,
    Pcma,
    G722,
    Opus,
    /// Of 16,000 samples a second.
    L16,
    G729,
}

/// What it makes of a packet, in ms.
const PACKET_MS: u32 = 20;
/// Packets that it waits for before it listens: what is overtaken on its way arrives among them.
const WAITS: usize = 18;
/// And so many of them are listened to at a time.
const WINDOW: usize = 10;
/// Its codecs with more than 8,000 samples a second hear no more here.
const RATE_WIDE: usize = 16_000;
const PEAK: i16 = 8_000;
/// What is around it is 48 dB less loud than its voice.
const QUIET: u32 = 8;
/// The payload type of comfort noise (RFC 3551, 6), and how loud that is said to be.
const NOISE: u8 = 13;
const NOISE_DB: u8 = 50;
/// The first byte of a packet of Opus, 20 ms of speech at 16 kHz, without any frame.
const FRAMELESS: u8 = 9 << 3;
/// Of what is listened to.
const RATE: f64 = 8_000.0;
/// All tones that far ends have.
const PITCHES: std::ops::Range<u16> = 300..2_760;
const PITCH_STEP: usize = 60;
/// What a fax answers with: whoever had it would be taken for one.
const ANSWER_TONE: u16 = 2_100;
/// In place of that.
const INSTEAD: u16 = 2_700;

/// The tone of a far end's leg: no two that are there at a time have the same.
pub(crate) fn pitch(first: u16, leg: u16) -> u16 {
    const LEGS: u16 = 8;
    let pitch = PITCHES.start + PITCH_STEP as u16 * (LEGS * first + leg % LEGS);
    if pitch == ANSWER_TONE { INSTEAD } else { pitch }
}

impl Codec {
    fn payload_type(self) -> u8 {
        match self {
            Codec::Pcmu => 0,
            Codec::Pcma => 8,
            Codec::G722 => 9,
            Codec::Opus => 107,
            Codec::L16 => 105,
            Codec::G729 => 18,
        }
    }

    /// As descriptions write it.
    fn name(self) -> &'static str {
        match self {
            Codec::Pcmu => "PCMU/8000",
            Codec::Pcma => "PCMA/8000",
            Codec::G722 => "G722/8000",
            Codec::Opus => "opus/48000/2",
            Codec::L16 => "L16/16000",
            Codec::G729 => "G729/8000",
        }
    }

    pub(crate) fn is_named(self, name: &str) -> bool {
        self.name().split('/').next().is_some_and(|own| own.eq_ignore_ascii_case(name))
    }

    fn clock(self) -> u32 {
        match self {
            Codec::Opus => 48_000,
            Codec::L16 => 16_000,
            Codec::Pcmu | Codec::Pcma | Codec::G722 | Codec::G729 => 8_000,
        }
    }

    fn rate(self) -> usize {
        match self {
            Codec::Pcmu | Codec::Pcma | Codec::G729 => 8_000,
            Codec::G722 | Codec::Opus | Codec::L16 => RATE_WIDE,
        }
    }

    fn samples(self) -> usize {
        self.rate() * PACKET_MS as usize / 1000
    }
}

/// One leg's voice and ear.
pub(crate) struct Voice {
    codec: Codec,
    tone: Sine,
    encoder: Encoder,
    timestamp: u32,
    ssrc: Option<u32>,
    came: BTreeMap<u32, Vec<u8>>,
    decoder: Decoder,
    /// The number of its codec, as the two have agreed on it.
    pub(crate) payload_type: u8,
    pub(crate) hertz: u16,
    /// How loud is what it listened to last, in decibels below the loudest.
    pub(crate) hears_db: Option<i16>,
}

enum Encoder {
    Law(fn(i16) -> u8),
    G722(g722::Encoder),
    Opus(Box<opus::Encoder>),
    L16,
    G729(Box<g729::Encoder>),
}

enum Decoder {
    Law(fn(u8) -> i16),
    G722(Box<g722::Decoder>),
    Opus(Box<opus::Decoder>),
    L16,
    G729(Box<g729::Decoder>),
}

impl Voice {
    pub(crate) fn new(codec: Codec, hertz: u16) -> Voice {
        let encoder = match codec {
            Codec::Pcmu => Encoder::Law(g711::encode_mu),
            Codec::Pcma => Encoder::Law(g711::encode_a),
            Codec::G722 => Encoder::G722(g722::Encoder::new()),
            Codec::Opus => Encoder::Opus(Box::new(opus::Encoder::new(Band::Wide, Redundancy::None))),
            Codec::L16 => Encoder::L16,
            Codec::G729 => Encoder::G729(Box::default()),
        };
        let tone = Sine::new(codec.rate() as u32, hertz, PEAK);
        let (came, decoder) = (BTreeMap::new(), Decoder::of(codec));
        Voice {
            codec,
            tone,
            encoder,
            timestamp: u32::from(hertz) << 16,
            ssrc: None,
            came,
            decoder,
            payload_type: codec.payload_type(),
            hertz,
            hears_db: None,
        }
    }

    pub(crate) fn codec(&self) -> Codec {
        self.codec
    }

    /// Its codec in a description.
    pub(crate) fn line(&self) -> String {
        format!("a=rtpmap:{} {}\r\n", self.payload_type, self.codec.name())
    }

    /// The next packet's timestamp and payload.
    pub(crate) fn speak(&mut self) -> (u32, Vec<u8>) {
        self.sing(0)
    }

    /// The same where it does not speak, and one hears what is around it.
    pub(crate) fn hum(&mut self) -> (u32, Vec<u8>) {
        self.sing(QUIET)
    }

    /// It says that it says nothing from now on.
    pub(crate) fn falls_silent(&mut self) -> (u32, Vec<u8>) {
        self.rests();
        let payload = if self.codec == Codec::Opus { FRAMELESS } else { NOISE_DB };
        (self.timestamp, vec![payload])
    }

    /// The number of such a packet.
    pub(crate) fn silence(&self) -> u8 {
        if self.codec == Codec::Opus { self.payload_type } else { NOISE }
    }

    /// Time goes by, and nothing is sent.
    pub(crate) fn rests(&mut self) {
        self.timestamp = self.timestamp.wrapping_add(self.codec.clock() * PACKET_MS / 1000);
    }

    fn sing(&mut self, halvings: u32) -> (u32, Vec<u8>) {
        self.rests();
        let mut samples = vec![0; self.codec.samples()];
        self.tone.fill(&mut samples);
        samples.iter_mut().for_each(|sample| *sample >>= halvings);
        let mut payload = vec![0; 640];
        let length = match &mut self.encoder {
            Encoder::Law(encode) => {
                payload.iter_mut().zip(&samples).for_each(|(code, sample)| *code = encode(*sample));
                samples.len()
            }
            Encoder::G722(encoder) => encoder.encode(&samples, &mut payload),
            Encoder::Opus(encoder) => encoder.encode(&samples, &mut payload).expect("there is room"),
            Encoder::L16 => l16::encode(&samples, &mut payload),
            Encoder::G729(encoder) => encoder.encode(&samples, &mut payload),
        };
        payload.truncate(length);
        (self.timestamp, payload)
    }

    /// Takes a packet; after some of them says which tone they carry: zero, where none stands out.
    pub(crate) fn hear(&mut self, header: &Fixed, payload: &[u8]) -> Option<u16> {
        if header.payload_type != self.payload_type {
            return Some(0);
        }
        if self.ssrc.replace(header.ssrc) != Some(header.ssrc) {
            self.came.clear();
        }
        self.came.insert(header.timestamp, payload.to_vec());
        if self.came.len() < WAITS {
            return None;
        }
        let mut samples = Vec::new();
        for _ in 0..WINDOW {
            let (_, payload) = self.came.pop_first()?;
            self.decoder.decode(&payload, self.codec.samples(), &mut samples);
        }
        self.hears_db = Some(decibels(&samples));
        // Half a rate does for tones below a quarter of it.
        let samples: Vec<i16> = samples.into_iter().step_by(self.codec.rate() / 8_000).collect();
        Some(strongest(&samples, PITCHES.step_by(PITCH_STEP)).unwrap_or(0))
    }
}

impl Decoder {
    fn of(codec: Codec) -> Decoder {
        match codec {
            Codec::Pcmu => Decoder::Law(g711::decode_mu),
            Codec::Pcma => Decoder::Law(g711::decode_a),
            Codec::G722 => Decoder::G722(Box::new(g722::Decoder::new())),
            Codec::Opus => Decoder::Opus(Box::new(opus::Decoder::new(RATE_WIDE as u32))),
            Codec::L16 => Decoder::L16,
            Codec::G729 => Decoder::G729(Box::default()),
        }
    }

    fn decode(&mut self, payload: &[u8], usual: usize, samples: &mut Vec<i16>) {
        let from = samples.len();
        samples.resize(from + 6 * usual, 0);
        let room = &mut samples[from..];
        let count = match self {
            Decoder::Law(decode) => {
                room.iter_mut().zip(payload).for_each(|(sample, code)| *sample = decode(*code));
                payload.len().min(room.len())
            }
            Decoder::G722(decoder) => decoder.decode(payload, room),
            Decoder::Opus(decoder) => decoder.decode(payload, room).unwrap_or(0),
            Decoder::L16 => l16::decode(payload, room),
            Decoder::G729(decoder) => decoder.decode(payload, room),
        };
        samples.truncate(from + count);
    }
}

impl std::fmt::Debug for Voice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Voice({:?})", self.codec)
    }
}

/// How loud that is, below the loudest that there is.
fn decibels(samples: &[i16]) -> i16 {
    let energy: f64 = samples.iter().map(|sample| (f64::from(*sample) / f64::from(i16::MAX)).powi(2)).sum();
    let mean = (energy / samples.len().max(1) as f64).max(1e-9);
    (10.0 * mean.log10()).round() as i16
}

/// The strongest of some tones, if it stands out.
pub(crate) fn strongest(samples: &[i16], tones: impl Iterator<Item = u16>) -> Option<u16> {
    let energy: f64 = samples.iter().map(|sample| f64::from(*sample).powi(2)).sum();
    let (hertz, power) = tones
        .map(|hertz| (hertz, goertzel(samples, f64::from(hertz))))
        .max_by(|one, other| one.1.total_cmp(&other.1))?;
    // A pure tone has half the window's energy times its length in its bin; noise spreads it.
    (power > energy * samples.len() as f64 / 8.0).then_some(hertz)
}

fn goertzel(samples: &[i16], hertz: f64) -> f64 {
    let coefficient = 2.0 * (TAU * hertz / RATE).cos();
    let (mut last, mut before) = (0.0, 0.0);
    for sample in samples {
        (last, before) = (f64::from(*sample) + coefficient * last - before, last);
    }
    last * last + before * before - coefficient * last * before
}
