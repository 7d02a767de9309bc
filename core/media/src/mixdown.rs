//! Copies of packets to samples: the caller's on the left, the callee's on the right, each where it was said.
//!
//! What did not come is silence. Nothing waits for more than a moment: what comes later is left out.

use std::collections::VecDeque;

use rtp::Fixed;
use sound::resample::{Downsampler, Upsampler};
use sound::{g711, g722, l16, opus};

use crate::side::Side;
use crate::spoken::Codec;
use crate::tape::Taped;

/// Packets come out of order by less than this.
const WAIT_MS: u64 = 300;
/// Whose times differ by more from when its packets come has begun to count anew.
const ASTRAY_MS: u64 = 200;
/// Silence that is longer is not written.
const FAR_MS: u32 = 2_000;
/// 120 ms at 16 kHz: no packet holds more.
const SAMPLES_MAX: usize = 1_920;

/// One recording, from its beginning on.
pub struct Mixdown {
    rate: u32,
    tracks: [Track; 2],
    /// Frames that have left.
    done: u64,
    /// When the last packet crossed.
    latest_ms: u32,
    frames: Vec<i16>,
}

/// How much is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Upto {
    /// What nothing can be added to any more.
    Settled,
    /// All that there is.
    End,
}

struct Track {
    source: Option<Source>,
    /// Behind the frames that have left.
    samples: VecDeque<i16>,
    g722: g722::Decoder,
    opus: opus::Decoder,
    g729: g729::Decoder,
    up: Upsampler,
    down: Downsampler,
}

/// A moment of a sender's, in its clock and in frames.
#[derive(Clone, Copy)]
struct Source {
    ssrc: u32,
    timestamp: u32,
    frame: u64,
}

impl Mixdown {
    /// One in which all that these packets may hold is heard as well as it was said.
    pub fn new(taped: &Taped) -> Mixdown {
        let is_wide = |(_, codec): &(u8, Codec)| codec.rate() != Some(8_000);
        let is_wide = taped.codecs.iter().flat_map(|codecs| codecs.iter()).any(is_wide);
        let rate = if is_wide { 16_000 } else { 8_000 };
        let track = || Track {
            source: None,
            samples: VecDeque::new(),
            g722: g722::Decoder::new(),
            opus: opus::Decoder::new(rate),
            g729: g729::Decoder::new(),
            up: Upsampler::new(2),
            down: Downsampler::new(2),
        };
        Mixdown { rate, tracks: [track(), track()], done: 0, latest_ms: 0, frames: Vec::new() }
    }

    /// Frames a second: two samples each.
    pub fn rate(&self) -> u32 {
        self.rate
    }

    pub fn take(&mut self, taped: &Taped) {
        for (at_ms, side, packet) in taped.packets() {
            self.latest_ms = self.latest_ms.max(at_ms);
            let (Some(header), Ok(parsed)) = (Fixed::of(packet), rtp::Header::parse(packet)) else {
                continue;
            };
            let codecs = &taped.codecs[side as usize];
            let known = codecs.iter().find(|(payload_type, _)| *payload_type == header.payload_type);
            let Some((_, codec)) = known.copied() else { continue };
            self.put(side, codec, (at_ms, &header, parsed.payload));
        }
    }

    fn put(&mut self, side: Side, codec: Codec, (at_ms, header, payload): (u32, &Fixed, &[u8])) {
        let (rate, done) = (self.rate, self.done);
        let came = u64::from(at_ms) * u64::from(rate) / 1_000;
        let track = &mut self.tracks[side as usize];
        let mut samples = [0; SAMPLES_MAX];
        let Some(count) = track.decode(rate, codec, payload, &mut samples) else { return };
        let frame = track.place(header, (came, rate), codec.clock());
        let done = self.begin_at(frame, done);
        let track = &mut self.tracks[side as usize];
        // What has left already is not heard twice.
        let late = usize::try_from(done.saturating_sub(frame)).unwrap_or(usize::MAX).min(count);
        let Ok(at) = usize::try_from((frame + late as u64).saturating_sub(done)) else { return };
        let end = at + (count - late);
        if track.samples.len() < end {
            track.samples.resize(end, 0);
        }
        for (place, sample) in track.samples.range_mut(at..end).zip(&samples[late..count]) {
            *place = *sample;
        }
    }

    /// Where nothing is held, what was silent until now need not be.
    fn begin_at(&mut self, frame: u64, done: u64) -> u64 {
        let margin = u64::from(self.rate) / 10;
        if self.tracks.iter().all(|track| track.samples.is_empty()) {
            self.done = done.max(frame.saturating_sub(margin));
        }
        self.done
    }

    /// Whether these packets come long after those before.
    pub fn is_far_from(&self, taped: &Taped) -> bool {
        taped.packets().next().is_some_and(|(at_ms, ..)| at_ms > self.latest_ms.saturating_add(FAR_MS))
    }

    /// Frames, left and right in turn, and the number of the first. Where nobody said anything there are
    /// none.
    pub fn whole(&mut self, until: Upto) -> Option<(u64, &[i16])> {
        let wait = if until == Upto::End { 0 } else { WAIT_MS };
        let settled = u64::from(self.latest_ms).saturating_sub(wait) * u64::from(self.rate) / 1_000;
        let held = self.tracks.iter().map(|track| track.samples.len()).max().unwrap_or(0);
        let due = usize::try_from(settled.saturating_sub(self.done)).unwrap_or(usize::MAX);
        let count = if until == Upto::End { held } else { due.min(held) };
        let first = self.done;
        self.done = (first + count as u64).max(settled);
        if count == 0 {
            return None;
        }
        self.frames.clear();
        let [left, right] = &mut self.tracks;
        for _ in 0..count {
            self.frames.push(left.samples.pop_front().unwrap_or(0));
            self.frames.push(right.samples.pop_front().unwrap_or(0));
        }
        Some((first, &self.frames))
    }
}

impl Track {
    /// Where a packet belongs: where its sender's times say, as long as these agree with when it came.
    fn place(&mut self, header: &Fixed, (came, rate): (u64, u32), clock: u32) -> u64 {
        let said = self.source.filter(|source| source.ssrc == header.ssrc).and_then(|source| {
            let ticks = i64::from(header.timestamp.wrapping_sub(source.timestamp).cast_signed());
            source.frame.checked_add_signed(ticks * i64::from(rate) / i64::from(clock))
        });
        let astray = ASTRAY_MS * u64::from(rate) / 1_000;
        let frame = said.filter(|said| said.abs_diff(came) <= astray).unwrap_or(came);
        self.source = Some(Source { ssrc: header.ssrc, timestamp: header.timestamp, frame });
        frame
    }

    fn decode(&mut self, rate: u32, codec: Codec, payload: &[u8], samples: &mut [i16]) -> Option<usize> {
        let law = |decode: fn(u8) -> i16, samples: &mut [i16]| {
            samples.iter_mut().zip(payload).for_each(|(sample, code)| *sample = decode(*code));
            payload.len().min(samples.len())
        };
        let (count, is_wide) = match codec {
            Codec::Opus => return self.opus.decode(payload, samples),
            Codec::G722 => (self.g722.decode(&payload[..payload.len().min(SAMPLES_MAX / 2)], samples), true),
            Codec::L16 => (l16::decode(payload, samples), true),
            Codec::L16Narrow => (l16::decode(payload, samples), false),
            Codec::Pcmu => (law(g711::decode_mu, samples), false),
            Codec::Pcma => (law(g711::decode_a, samples), false),
            Codec::G729 => (self.g729.decode(payload, samples), false),
        };
        if is_wide == (rate > 8_000) {
            return Some(count);
        }
        let decoded = samples[..count.min(SAMPLES_MAX / 2)].to_vec();
        Some(match is_wide {
            true => self.down.resample(&decoded, samples),
            false => self.up.resample(&decoded, samples),
        })
    }
}

impl std::fmt::Debug for Mixdown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Mixdown({} Hz, {} frames)", self.rate, self.done)
    }
}
