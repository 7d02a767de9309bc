//! Sound of ours for one side: a tone or a recording, in packets of a source of its own.
//!
//! What comes from the other side goes before it: while that is heard, this is silent, and goes on where it
//! was. So a phone that plays its own music to somebody on hold is left alone. Nothing is looked at in
//! packets for that; that some went out is counted anyway.

use std::sync::Arc;

use rtp::Fixed;
use sound::{Recording, Sounding, Tone};

use crate::encoder::Encoder;
use crate::packet::Packet;
use crate::spoken::Codec;

/// What is played in a turn, in parts of a second, and samples of it at most.
const TURNS_A_SECOND: u32 = 50;
const SAMPLES_MAX: usize = 320;
/// After the other side was heard, so many turns pass in silence: a second.
const PATIENCE: u16 = 50;

/// What a side is to hear.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Playing {
    pub what: Played,
    pub begins: Begins,
    /// Names it as a source of its own: the same as before goes on, another begins anew.
    pub ssrc: u32,
    pub payload_type: u8,
    pub codec: Codec,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Played {
    Tone(Arc<Tone>),
    /// Again and again.
    Looped(Arc<Recording>),
    Once(Arc<Recording>),
}

/// When it is heard first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begins {
    AtOnce,
    /// When nothing came from the other side for a while.
    AfterSilence,
    /// At once, and nothing of the other side is heard meanwhile: what a law wants everybody to have heard.
    Instead,
}

pub(crate) struct Player {
    playing: Playing,
    rate: u32,
    source: Source,
    encoder: Encoder,
    sequence: u16,
    timestamp: u32,
    /// The turn that its time stands at.
    turn: Option<u64>,
    /// Turns to be silent.
    waits: u16,
    is_first: bool,
    /// Packets that had gone out to the side when it was looked last, ours included.
    gone: u64,
}

enum Source {
    Tone(Box<Sounding>),
    Recording { of: Arc<Recording>, at: usize, is_looped: bool },
}

impl Player {
    /// So many packets have gone out to the side before.
    pub fn new(playing: Playing, gone: u64) -> Player {
        let rate = playing.codec.rate().unwrap_or(Codec::RATE_WIDE);
        let source = match &playing.what {
            Played::Tone(tone) => Source::Tone(Box::new(Sounding::new(Arc::clone(tone), rate))),
            Played::Looped(of) => Source::Recording { of: Arc::clone(of), at: 0, is_looped: true },
            Played::Once(of) => Source::Recording { of: Arc::clone(of), at: 0, is_looped: false },
        };
        Player {
            rate,
            source,
            encoder: Encoder::new(playing.codec, rate),
            // Low numbers are far from the end of their range, as SRTP has it (RFC 3711, 3.3.1).
            sequence: (playing.ssrc & 0x7fff) as u16,
            timestamp: playing.ssrc.rotate_left(16),
            turn: None,
            waits: if playing.begins == Begins::AfterSilence { PATIENCE } else { 0 },
            is_first: true,
            gone,
            playing,
        }
    }

    /// Whether it is what would be made of that.
    pub fn is_playing(&self, playing: &Playing) -> bool {
        self.playing == *playing
    }

    /// Writes what is due in a turn; whether there is anything. So many packets have gone out to the side.
    pub fn play(&mut self, turn: u64, gone: u64, packet: &mut Packet<'_>) -> bool {
        let clock = self.playing.codec.clock();
        let passed = turn.saturating_sub(self.turn.replace(turn).unwrap_or(turn));
        self.timestamp = self.timestamp.wrapping_add((clock / TURNS_A_SECOND).wrapping_mul(passed as u32));
        if std::mem::replace(&mut self.gone, gone) != gone {
            self.waits = PATIENCE;
        } else {
            self.waits = self.waits.saturating_sub(passed.min(u16::MAX.into()) as u16);
        }
        if self.waits > 0 {
            self.is_first = true;
            return false;
        }
        let mut samples = [0; SAMPLES_MAX];
        let samples = &mut samples[..(self.rate / TURNS_A_SECOND) as usize];
        if !self.source.fill(self.rate, samples) {
            return false;
        }
        let Some(length) = self.encoder.encode(samples, packet.room_behind_header()) else { return false };
        let header = Fixed {
            marker: std::mem::take(&mut self.is_first) || passed > 1,
            payload_type: self.playing.payload_type,
            sequence: self.sequence,
            timestamp: self.timestamp,
            ssrc: self.playing.ssrc,
        };
        self.sequence = self.sequence.wrapping_add(1);
        packet.head(&header, length);
        true
    }

    /// What was written went out.
    pub fn left(&mut self, gone: u64) {
        self.gone = gone;
    }
}

impl Source {
    /// Whether there was anything left.
    fn fill(&mut self, rate: u32, samples: &mut [i16]) -> bool {
        let (of, at, is_looped) = match self {
            Source::Tone(sounding) => {
                sounding.fill(samples);
                return true;
            }
            Source::Recording { of, at, is_looped } => (of.samples(rate), at, *is_looped),
        };
        if *at >= of.len() {
            return false;
        }
        let mut rest = samples;
        while !rest.is_empty() {
            let left = &of[*at..];
            let (now, later) = rest.split_at_mut(rest.len().min(left.len()));
            now.copy_from_slice(&left[..now.len()]);
            *at += now.len();
            rest = later;
            if *at == of.len() && is_looped {
                *at = 0;
            } else if *at == of.len() {
                rest.fill(0);
                break;
            }
        }
        true
    }
}

impl std::fmt::Debug for Player {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Player({:?})", self.playing)
    }
}
