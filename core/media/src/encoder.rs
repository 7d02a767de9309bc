//! Samples to the bytes of whichever codec a side is sent.

use sound::opus::{self, Band, Redundancy};
use sound::{g722, l16};

use crate::spoken::Codec;

/// As many bytes of sound as a packet may carry and still cross every network.
pub(crate) const PAYLOAD_MAX: usize = 1_400;

pub(crate) enum Encoder {
    Law(sound::Law),
    G722(Box<g722::Encoder>),
    G722Narrow(Box<g722::narrow::Encoder>),
    Opus(Box<opus::Encoder>),
    L16,
    G729(Box<g729::Encoder>),
}

impl Encoder {
    pub fn new(codec: Codec, rate: u32) -> Encoder {
        let band = if rate == Band::Narrow.rate() { Band::Narrow } else { Band::Wide };
        match codec {
            Codec::Pcmu => Encoder::Law(sound::Law::Mu),
            Codec::Pcma => Encoder::Law(sound::Law::A),
            Codec::G722 if band == Band::Narrow => Encoder::G722Narrow(Box::default()),
            Codec::G722 => Encoder::G722(Box::default()),
            Codec::L16 | Codec::L16Narrow => Encoder::L16,
            Codec::G729 => Encoder::G729(Box::new(g729::Encoder::new())),
            Codec::Opus => Encoder::Opus(Box::new(opus::Encoder::new(band, Redundancy::InBand))),
        }
    }

    /// How many of so many samples make a packet: Opus takes 10, 20, 40 and 60 ms, G.729 every 10.
    pub fn takes(&self, waiting: usize, rate: u32) -> usize {
        match self {
            Encoder::Law(_) | Encoder::G722Narrow(_) => waiting.min(PAYLOAD_MAX),
            Encoder::G722(_) => waiting.min(2 * PAYLOAD_MAX) & !1,
            Encoder::L16 => waiting.min(PAYLOAD_MAX / 2),
            Encoder::G729(_) => (waiting / g729::FRAME).min(PAYLOAD_MAX / g729::FRAME_BYTES) * g729::FRAME,
            Encoder::Opus(_) => {
                let ten_ms = (rate / 100) as usize;
                let sizes = [6, 4, 2, 1].map(|tens| tens * ten_ms);
                sizes.into_iter().find(|size| *size <= waiting).unwrap_or(0)
            }
        }
    }

    /// Whether what did not fit into a packet leaves in one of its own, and not with what comes next: each
    /// packet that comes may bring more of it.
    pub fn leaves_rest(&self) -> bool {
        matches!(self, Encoder::L16)
    }

    pub fn encode(&mut self, samples: &[i16], payload: &mut [u8]) -> Option<usize> {
        match self {
            Encoder::Law(law) => {
                payload.iter_mut().zip(samples).for_each(|(code, sample)| *code = law.encode(*sample));
                Some(samples.len())
            }
            Encoder::G722(g722) => Some(g722.encode(samples, payload)),
            Encoder::G722Narrow(g722) => Some(g722.encode(samples, payload)),
            Encoder::Opus(opus) => opus.encode(samples, payload),
            Encoder::L16 => Some(l16::encode(samples, payload)),
            Encoder::G729(g729) => Some(g729.encode(samples, payload)).filter(|length| *length > 0),
        }
    }
}
