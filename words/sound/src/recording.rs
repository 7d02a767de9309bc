//! Sound out of a file, as it is played to callers: WAV in, samples at the two rates that codecs have.

use std::fmt;

use crate::resample::{Downsampler, Upsampler};

/// Longer ones are not kept in memory: ten minutes are 29 MB.
const SECONDS_MAX: usize = 600;
/// What is shorter than a packet is no sound.
const SAMPLES_MIN: usize = 160;

const PCM: u16 = 1;
/// The format stands further on, in the first two bytes of a longer name.
const EXTENSIBLE: u16 = 0xfffe;

/// Sound of one channel.
#[derive(Clone, PartialEq, Eq)]
pub struct Recording {
    narrow: Box<[i16]>,
    wide: Box<[i16]>,
}

/// Why bytes are no sound that can be played.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotPlayable {
    NotWav,
    /// It is something else than samples of 16 bits.
    Encoded,
    Channels(u16),
    Rate(u32),
    Short,
    Long,
}

impl Recording {
    /// Samples a second of the two.
    pub const RATES: [u32; 2] = [8_000, 16_000];

    /// Reads a WAV file: samples of 16 bits, one channel or two, at 8, 16 or 48 kHz.
    pub fn from_wav(file: &[u8]) -> Result<Recording, NotPlayable> {
        let (shape, bytes) = parts(file)?;
        let Shape { channels, rate } = shape;
        let frames = bytes.as_chunks::<2>().0.len() / usize::from(channels);
        if frames > SECONDS_MAX * rate as usize {
            return Err(NotPlayable::Long);
        }
        let all: Vec<i16> = bytes.as_chunks::<2>().0.iter().map(|pair| i16::from_le_bytes(*pair)).collect();
        let mono = match channels {
            1 => all,
            _ => all.as_chunks::<2>().0.iter().map(|[left, right]| left.midpoint(*right)).collect(),
        };
        let (narrow, wide) = match rate {
            8_000 => {
                let mut wide = vec![0; 2 * mono.len()];
                Upsampler::new(2).resample(&mono, &mut wide);
                (mono, wide)
            }
            16_000 => (lowered(&mono, 2), mono),
            _ => {
                let wide = lowered(&mono, 3);
                (lowered(&wide, 2), wide)
            }
        };
        if narrow.len() < SAMPLES_MIN {
            return Err(NotPlayable::Short);
        }
        Ok(Recording { narrow: narrow.into(), wide: wide.into() })
    }

    /// All of it, at one of the [`Recording::RATES`].
    pub fn samples(&self, rate: u32) -> &[i16] {
        if rate == Recording::RATES[0] { &self.narrow } else { &self.wide }
    }

    /// How long it is.
    pub fn ms(&self) -> u32 {
        (self.narrow.len() / (Recording::RATES[0] as usize / 1000)) as u32
    }
}

fn lowered(samples: &[i16], factor: usize) -> Vec<i16> {
    let mut lower = vec![0; samples.len().div_ceil(factor)];
    let made = Downsampler::new(factor).resample(samples, &mut lower);
    lower.truncate(made);
    lower
}

struct Shape {
    channels: u16,
    rate: u32,
}

/// What the chunks of a file say, and where its samples lie.
fn parts(file: &[u8]) -> Result<(Shape, &[u8]), NotPlayable> {
    let [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'A', b'V', b'E', rest @ ..] = file else {
        return Err(NotPlayable::NotWav);
    };
    let (mut rest, mut shape) = (rest, None);
    while let Some((head, behind)) = rest.split_first_chunk::<8>() {
        let [name @ .., a, b, c, d] = head;
        let said = u32::from_le_bytes([*a, *b, *c, *d]) as usize;
        // Who wrote it without knowing how long it would become said anything.
        let length = said.min(behind.len());
        match (name, &shape) {
            ([b'f', b'm', b't', b' '], _) => shape = Some(shape_of(&behind[..length])?),
            ([b'd', b'a', b't', b'a'], Some(_)) => {
                let samples = if said == 0 { behind } else { &behind[..length] };
                return shape.map(|shape| (shape, samples)).ok_or(NotPlayable::NotWav);
            }
            _ => {}
        }
        // Chunks begin at even places.
        rest = behind.get(length + length % 2..).unwrap_or_default();
    }
    Err(NotPlayable::NotWav)
}

fn shape_of(chunk: &[u8]) -> Result<Shape, NotPlayable> {
    let word =
        |at: usize| chunk.get(at..at + 2).and_then(|bytes| bytes.try_into().ok()).map(u16::from_le_bytes);
    let rate = chunk.get(4..8).and_then(|bytes| bytes.try_into().ok()).map(u32::from_le_bytes);
    let format =
        word(0).map(|format| if format == EXTENSIBLE { word(24).unwrap_or_default() } else { format });
    let (Some(format), Some(channels), Some(rate), Some(bits)) = (format, word(2), rate, word(14)) else {
        return Err(NotPlayable::NotWav);
    };
    match (format, channels, rate, bits) {
        (PCM, 1 | 2, 8_000 | 16_000 | 48_000, 16) => Ok(Shape { channels, rate }),
        (PCM, 1 | 2, _, 16) => Err(NotPlayable::Rate(rate)),
        (PCM, _, _, 16) => Err(NotPlayable::Channels(channels)),
        _ => Err(NotPlayable::Encoded),
    }
}

impl fmt::Display for NotPlayable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NotPlayable::NotWav => f.write_str("it is no WAV file"),
            NotPlayable::Encoded => f.write_str("it does not hold plain samples of 16 bits"),
            NotPlayable::Channels(count) => write!(f, "it has {count} channels"),
            NotPlayable::Rate(rate) => write!(f, "it has {rate} samples a second"),
            NotPlayable::Short => f.write_str("it is shorter than 20 ms"),
            NotPlayable::Long => write!(f, "it is longer than {} minutes", SECONDS_MAX / 60),
        }
    }
}

impl fmt::Debug for Recording {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Recording({} ms)", self.ms())
    }
}
