//! Two channels of speech as a file of Opus (RFC 7845): samples in, pages out, whose bytes belong one behind
//! the other.
//!
//! Each channel is a stream of its own, so nothing of one is heard on the other. Where nothing is said for
//! long there is a byte for each packet in place of it, which says that there is none.

use crate::ogg::{Page, Place, Sheet};
use crate::opus::{Band, Encoder, Redundancy};

/// Opus counts time in samples of 48 kHz, whatever was encoded.
const CLOCK: u64 = 48_000;
/// A packet is 20 ms long.
const PACKETS_A_SECOND: u64 = 50;
const TICKS: u64 = CLOCK / PACKETS_A_SECOND;
/// A second: so much is lost at most with a page.
const PACKETS_A_PAGE: u64 = PACKETS_A_SECOND;
/// What encoder and decoder delay sound by, in samples of 48 kHz (RFC 7845, 4.2).
const SKIPPED: u16 = 312;
/// After so much silence a decoder has nothing left to be heard.
const QUIET_PACKETS: u32 = 10;
const BYTES_MAX: usize = 1_275;
/// The TOC of speech in 20 ms on one channel (RFC 6716, 3.1), until a packet has said its own.
const TOC: u8 = 1 << 3;
/// Of a TOC: how many frames a packet has.
const FRAMES: u8 = 3;
/// Lengths from here on take two bytes (RFC 6716, 3.2.1).
const LONG: usize = 252;

/// One file.
pub struct OpusFile {
    rate: u32,
    serial: u32,
    channels: [Channel; 2],
    /// What is not a whole packet yet: left and right in turn.
    waiting: Vec<i16>,
    sheet: Sheet,
    mark: Mark,
}

/// How far a file has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    pages: u32,
    packets: u64,
}

struct Channel {
    encoder: Encoder,
    toc: u8,
    /// Packets in which there was nothing, one behind the other.
    quiet: u32,
    packet: Vec<u8>,
}

impl OpusFile {
    /// A new file for samples of 8 or 16 kHz; two files have different serials. Its head goes before all
    /// else.
    pub fn begin(rate: u32, serial: u32, title: &str, out: &mut Vec<u8>) -> OpusFile {
        let mut file = OpusFile::at(rate, serial, Mark { pages: 0, packets: 0 });
        for (packet, place) in [(head(rate), Place::First), (tags(title), Place::Between)] {
            file.sheet.add(&packet);
            file.turn(place, 0, out);
        }
        file
    }

    /// Goes on behind a page that was read, which is to be opened again for that.
    pub fn resume(rate: u32, page: &Page, granule: u64) -> OpusFile {
        let mark = Mark { pages: page.number.saturating_add(1), packets: granule / TICKS };
        OpusFile::at(rate, page.serial, mark)
    }

    fn at(rate: u32, serial: u32, mark: Mark) -> OpusFile {
        let band = if rate == Band::Narrow.rate() { Band::Narrow } else { Band::Wide };
        let channel = || Channel {
            encoder: Encoder::new(band, Redundancy::None),
            toc: TOC,
            quiet: 0,
            packet: Vec::with_capacity(BYTES_MAX),
        };
        let channels = [channel(), channel()];
        OpusFile { rate, serial, channels, waiting: Vec::new(), sheet: Sheet::default(), mark }
    }

    /// Takes frames, left and right in turn, of which the first has this number: what lies before it is
    /// silence, and what was there already is left out.
    pub fn put(&mut self, first: u64, frames: &[i16], out: &mut Vec<u8>) {
        let known = self.frames().saturating_sub(first);
        let known = usize::try_from(known).unwrap_or(usize::MAX).saturating_mul(2).min(frames.len());
        let mut silence = first.saturating_sub(self.frames());
        while silence > 0 {
            let count = silence.min(self.frames_a_packet() as u64);
            self.waiting.resize(self.waiting.len() + 2 * count as usize, 0);
            self.encode(out);
            silence -= count;
        }
        for some in frames[known..].chunks(2 * self.frames_a_packet()) {
            self.waiting.extend(some);
            self.encode(out);
        }
        self.leave(Place::Between, out);
    }

    /// Frames until now.
    pub fn frames(&self) -> u64 {
        self.mark.packets * self.frames_a_packet() as u64 + (self.waiting.len() / 2) as u64
    }

    /// Takes no more.
    pub fn end(&mut self, out: &mut Vec<u8>) {
        let ticks = self.frames() * CLOCK / u64::from(self.rate) + u64::from(SKIPPED);
        while self.mark.packets * TICKS < ticks {
            self.waiting.resize(2 * self.frames_a_packet(), 0);
            self.encode(out);
        }
        self.turn(Place::Last, ticks, out);
    }

    /// How far it has come.
    pub fn mark(&self) -> Mark {
        self.mark
    }

    /// What came since then is not in the file.
    pub fn back_to(&mut self, mark: Mark) {
        self.mark = mark;
        self.waiting.clear();
        self.sheet = Sheet::default();
    }

    fn frames_a_packet(&self) -> usize {
        self.rate as usize / PACKETS_A_SECOND as usize
    }

    fn encode(&mut self, out: &mut Vec<u8>) {
        let count = 2 * self.frames_a_packet();
        if self.waiting.len() < count {
            return;
        }
        let (frames, _) = self.waiting[..count].as_chunks::<2>();
        for (side, channel) in self.channels.iter_mut().enumerate() {
            let samples: Vec<i16> = frames.iter().map(|frame| frame[side]).collect();
            channel.encode(&samples);
        }
        self.waiting.drain(..count);
        let [left, right] = &self.channels;
        let mut both = left.delimited();
        both.extend(&right.packet);
        if !self.sheet.has_room(&both) {
            self.leave(Place::Between, out);
        }
        self.sheet.add(&both);
        self.mark.packets += 1;
        if self.sheet.packets() == PACKETS_A_PAGE {
            self.leave(Place::Between, out);
        }
    }

    fn leave(&mut self, place: Place, out: &mut Vec<u8>) {
        if self.sheet.packets() > 0 {
            self.turn(place, self.mark.packets * TICKS, out);
        }
    }

    fn turn(&mut self, place: Place, granule: u64, out: &mut Vec<u8>) {
        self.sheet.leave((self.serial, self.mark.pages), granule, place, out);
        self.mark.pages += 1;
    }
}

impl Channel {
    fn encode(&mut self, samples: &[i16]) {
        let is_quiet = samples.iter().all(|sample| *sample == 0);
        self.quiet = if is_quiet { self.quiet.saturating_add(1) } else { 0 };
        let mut room = [0; BYTES_MAX];
        let made = (self.quiet <= QUIET_PACKETS).then(|| self.encoder.encode(samples, &mut room)).flatten();
        self.packet.clear();
        match made {
            // 20 ms are one frame: nothing else can be told how long it is as plainly as below.
            Some(length) if room[0] & FRAMES == 0 => self.packet.extend(&room[..length]),
            _ => self.packet.push(self.toc),
        }
        self.toc = self.packet[0];
    }

    /// The packet as it stands before another one (RFC 6716, B).
    fn delimited(&self) -> Vec<u8> {
        let frame = &self.packet[1..];
        let mut packet = vec![self.packet[0]];
        match frame.len() {
            short @ ..LONG => packet.push(short as u8),
            long => packet.extend([(LONG + long % 4) as u8, ((long - LONG - long % 4) / 4) as u8]),
        }
        packet.extend(frame);
        packet
    }
}

/// When a page ends that has so many packets, and stood behind one that ended then.
pub fn granule_behind(before: u64, packets: u64) -> u64 {
    before + packets * TICKS
}

/// The frames of a rate that are played until then.
pub fn frames_at(granule: u64, rate: u32) -> u64 {
    granule.saturating_sub(SKIPPED.into()) * u64::from(rate) / CLOCK
}

/// The rate of what was encoded, as the first packet says it.
pub fn rate_of(head: &[u8]) -> Option<u32> {
    let [b'O', b'p', b'u', b's', b'H', b'e', b'a', b'd', _, _, _, _, a, b, c, d, ..] = head else {
        return None;
    };
    Some(u32::from_le_bytes([*a, *b, *c, *d]))
}

/// Two streams, each of one channel: left and right (RFC 7845, 5.1).
fn head(rate: u32) -> Vec<u8> {
    const VERSION: u8 = 1;
    const CHANNELS: u8 = 2;
    const VORBIS_ORDER: u8 = 1;
    let mut head = b"OpusHead".to_vec();
    head.extend([VERSION, CHANNELS]);
    head.extend(SKIPPED.to_le_bytes());
    head.extend(rate.to_le_bytes());
    head.extend([0, 0, VORBIS_ORDER]);
    let (streams, of_two_channels) = (2, 0);
    head.extend([streams, of_two_channels, 0, 1]);
    head
}

fn tags(title: &str) -> Vec<u8> {
    let comments = [format!("TITLE={title}"), "DESCRIPTION=left: the caller; right: the callee".to_owned()];
    let counted = |text: &str| [&(text.len() as u32).to_le_bytes(), text.as_bytes()].concat();
    let mut tags = b"OpusTags".to_vec();
    tags.extend(counted("Tandem"));
    tags.extend((comments.len() as u32).to_le_bytes());
    comments.iter().for_each(|text| tags.extend(counted(text)));
    tags
}

impl std::fmt::Debug for OpusFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "OpusFile({} Hz, {:?})", self.rate, self.mark)
    }
}
