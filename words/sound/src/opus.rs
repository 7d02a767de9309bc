//! Opus for speech (RFC 6716, 7587): one channel, at the rate that the other side of a call has use for.

use std::panic::{AssertUnwindSafe, catch_unwind};

use opus_pure::{Application, Bandwidth, OpusDecoder, OpusEncoder, Signal};

/// Opus packets are at most so long in time: 120 ms.
pub const PACKET_MS_MAX: u32 = 120;

/// As long as an Opus packet of one frame gets (RFC 6716, 3.4).
const BYTES_MAX: usize = 1275;
/// So much loss is reckoned with where the far end can use what is said twice.
const LOSS_PERCENT: i32 = 5;

/// How much of what can be heard is worth encoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Band {
    /// Up to 4 kHz: the other side is a telephone line.
    Narrow,
    /// Up to 8 kHz.
    Wide,
}

/// Whether each packet says once more, in short, what the one before it said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Redundancy {
    None,
    InBand,
}

/// Sound to packets.
pub struct Encoder {
    inner: OpusEncoder,
}

/// Packets to sound.
pub struct Decoder {
    inner: OpusDecoder,
    rate: u32,
}

impl Band {
    pub fn rate(self) -> u32 {
        match self {
            Band::Narrow => 8_000,
            Band::Wide => 16_000,
        }
    }

    /// Of 0 to 10: above, speech gains little, and costs half as much again. What a telephone line has lost
    /// already is not missed.
    fn complexity(self) -> i32 {
        match self {
            Band::Narrow => 3,
            Band::Wide => 5,
        }
    }

    fn bits_a_second(self) -> i32 {
        match self {
            Band::Narrow => 14_000,
            Band::Wide => 24_000,
        }
    }
}

impl Encoder {
    pub fn new(band: Band, redundancy: Redundancy) -> Encoder {
        let rate = i32::try_from(band.rate()).expect("rates are small");
        let mut inner = OpusEncoder::new(rate, 1, Application::Voip).expect("Opus has both rates");
        inner.bitrate_bps = band.bits_a_second();
        inner.complexity = band.complexity();
        inner.signal_type = Some(Signal::Voice);
        inner.max_bandwidth = match band {
            Band::Narrow => Bandwidth::Narrowband,
            Band::Wide => Bandwidth::Wideband,
        };
        if redundancy == Redundancy::InBand {
            inner.use_inband_fec = true;
            inner.packet_loss_perc = LOSS_PERCENT;
        }
        Encoder { inner }
    }

    /// Encodes samples of 10, 20, 40 or 60 ms to one packet; its length, or nothing where they are not.
    pub fn encode(&mut self, samples: &[i16], packet: &mut [u8]) -> Option<usize> {
        let room = packet.len().min(BYTES_MAX);
        self.inner.encode_s16(samples, samples.len(), &mut packet[..room]).ok().filter(|length| *length > 0)
    }
}

impl Decoder {
    /// A decoder whose samples are of this rate: 8, 16 or 48 kHz.
    pub fn new(rate: u32) -> Decoder {
        let rate_of_opus = i32::try_from(rate).expect("rates are small");
        Decoder { inner: OpusDecoder::new(rate_of_opus, 1).expect("Opus has that rate"), rate }
    }

    /// Decodes a packet; how many samples it makes, or nothing where it is none.
    pub fn decode(&mut self, packet: &[u8], samples: &mut [i16]) -> Option<usize> {
        if packet.is_empty() {
            return None;
        }
        self.guarded(|inner| inner.decode_s16(packet, samples.len(), samples).ok())
    }

    /// So many samples in place of a packet that was lost.
    pub fn conceal(&mut self, samples: &mut [i16]) -> Option<usize> {
        self.guarded(|inner| inner.decode_s16(&[], samples.len(), samples).ok())
    }

    /// The same, where the packet after it came and may say once more what was in the one that was lost.
    pub fn recover(&mut self, next: &[u8], samples: &mut [i16]) -> Option<usize> {
        self.guarded(|inner| inner.decode_fec_s16(next, samples.len(), samples).ok())
    }

    /// What a packet does to the library stays with this decoder: others speak on the same thread.
    fn guarded(&mut self, decode: impl FnOnce(&mut OpusDecoder) -> Option<usize>) -> Option<usize> {
        let inner = &mut self.inner;
        match catch_unwind(AssertUnwindSafe(|| decode(inner))) {
            Ok(decoded) => decoded.filter(|samples| *samples > 0),
            Err(_) => {
                *self = Decoder::new(self.rate);
                None
            }
        }
    }
}

impl std::fmt::Debug for Encoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "opus::Encoder({} Hz)", self.inner.sample_rate())
    }
}

impl std::fmt::Debug for Decoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "opus::Decoder({} Hz)", self.rate)
    }
}
