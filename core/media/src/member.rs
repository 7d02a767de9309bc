//! One member of a meeting: what it says, and what it hears, in packets of a source of our own.

use std::time::Instant;

use rtp::{Fixed, TelephoneEvent};
use sound::Law;
use sound::resample::Downsampler;

use crate::encoder::Encoder;
use crate::mix::{Heard, Level, Limiter, PARTS, fade};
use crate::order::Side;
use crate::packet::Packet;
use crate::pressing::Press;
use crate::seat::{MeetingKey, Muted, Seat};
use crate::spoken::{Codec, Events, Keys};
use crate::voice::{FRAME, RATE, Voice};

const NARROW: usize = FRAME / 2;
/// Turns in a second.
const TURNS: u32 = (RATE / FRAME) as u32;

pub(crate) struct Member {
    /// Where it is in the relay.
    pub of: (u32, Side),
    seat: Seat,
    voice: Voice,
    pub level: Level,
    /// What it says in this turn.
    frame: Box<[i16; FRAME]>,
    says: Says,
    pub heard: Heard,
    /// Which of the parts that are added up in this turn is its own.
    pub part: Option<u8>,
    /// The time of the key press that was told last.
    pressed: Option<u32>,
    out: Out,
}

/// Whether there is something in a member's frame.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Says {
    Something,
    Nothing,
}

/// What goes out to a member.
struct Out {
    encoder: Encoder,
    down: Downsampler,
    limiter: Limiter,
    sequence: u16,
    /// The turn after the last that had a packet.
    next: Option<u64>,
}

/// What somebody is to hear.
pub(crate) enum Listener<'a> {
    Speaks { sum: &'a [i32; FRAME], own: &'a [i16; FRAME] },
    Listens { wide: &'a [i16; FRAME], narrow: &'a [i16; NARROW], laws: &'a mut [Option<[u8; NARROW]>; 2] },
}

impl Member {
    pub fn new(of: (u32, Side), seat: Seat) -> Member {
        Member {
            of,
            voice: Voice::new(&seat.spoken.codecs),
            level: Level::default(),
            frame: Box::new([0; FRAME]),
            says: Says::Nothing,
            heard: Heard::NotYet,
            part: None,
            pressed: None,
            out: Out::new(&seat),
            seat,
        }
    }

    pub fn meeting(&self) -> MeetingKey {
        self.seat.meeting
    }

    pub fn change(&mut self, seat: Seat) {
        if *self.voice.codecs() != *seat.spoken.codecs {
            self.voice = Voice::new(&seat.spoken.codecs);
        }
        if (seat.hears, seat.ssrc) != (self.seat.hears, self.seat.ssrc) {
            let sequence = self.out.sequence;
            self.out = Out { sequence, ..Out::new(&seat) };
        }
        self.seat = seat;
    }

    /// Takes a packet of its peer's; a press that it ends.
    pub fn take(&mut self, now: Instant, header: &Fixed, packet: &Packet<'_>) -> Option<Press> {
        let parsed = rtp::Header::parse(packet.bytes()).ok()?;
        self.voice.take(now, header, parsed.payload);
        match self.seat.spoken.keys {
            Keys::Events(events) if events.payload_type == header.payload_type => {
                self.note_press(header, events, parsed.payload)
            }
            _ => None,
        }
    }

    fn note_press(&mut self, header: &Fixed, events: Events, payload: &[u8]) -> Option<Press> {
        let said = TelephoneEvent::parse(payload).filter(|said| said.end)?;
        if self.pressed.replace(header.timestamp) == Some(header.timestamp) {
            return None;
        }
        let ms = u64::from(said.duration) * 1_000 / u64::from(events.clock.max(1));
        Press::new(said.event, ms.min(u16::MAX.into()) as u16)
    }

    /// Its voice goes on by a turn.
    pub fn hear(&mut self, now: Instant) {
        let is_heard = self.voice.hear(now, &mut self.frame) && self.seat.voice == Muted::No;
        self.says = if is_heard { Says::Something } else { Says::Nothing };
        match self.says {
            Says::Something => self.level.hear(&self.frame),
            Says::Nothing => self.level.hear_nothing(),
        }
    }

    /// Adds what it says to the parts, if it is heard, or was until now; whether it did.
    pub fn speaks(&mut self, now: Heard, parts: &mut [[i16; FRAME]; PARTS], count: &mut usize) -> bool {
        let before = std::mem::replace(&mut self.heard, now);
        self.part = None;
        let is_heard = [before, now].contains(&Heard::Already);
        let Some(part) = parts.get_mut(*count).filter(|_| is_heard) else { return false };
        match self.says {
            Says::Something => part.copy_from_slice(&self.frame[..]),
            Says::Nothing => part.fill(0),
        }
        fade(part, [before, now].map(|heard| if heard == Heard::Already { 1.0 } else { 0.0 }));
        self.part = Some(*count as u8);
        *count += 1;
        true
    }

    /// Writes what it hears in a turn.
    pub fn write(&mut self, turn: u64, listener: Listener<'_>, packet: &mut Packet<'_>) -> bool {
        let (payload_type, codec) = self.seat.hears;
        let Some(length) = self.out.encode(codec, listener, packet.room_behind_header()) else {
            return false;
        };
        let clock = u64::from(codec.clock() / TURNS);
        let header = Fixed {
            marker: self.out.next.replace(turn + 1) != Some(turn),
            payload_type,
            sequence: self.out.sequence,
            timestamp: self.seat.ssrc.rotate_left(16).wrapping_add((turn * clock) as u32),
            ssrc: self.seat.ssrc,
        };
        self.out.sequence = self.out.sequence.wrapping_add(1);
        packet.head(&header, length);
        true
    }
}

impl Out {
    fn new(seat: &Seat) -> Out {
        let (_, codec) = seat.hears;
        Out {
            encoder: Encoder::new(codec, codec.rate().unwrap_or(RATE as u32)),
            down: Downsampler::new(2),
            limiter: Limiter::new(),
            // Low numbers are far from the end of their range, as SRTP has it (RFC 3711, 3.3.1).
            sequence: (seat.ssrc & 0x7fff) as u16,
            next: None,
        }
    }

    fn encode(&mut self, codec: Codec, listener: Listener<'_>, payload: &mut [u8]) -> Option<usize> {
        let law = match codec {
            Codec::Pcmu => Some(Law::Mu),
            Codec::Pcma => Some(Law::A),
            Codec::G722 | Codec::Opus | Codec::L16 | Codec::L16Narrow | Codec::G729 => None,
        };
        let is_narrow = codec.rate() == Some(8_000);
        match (listener, law) {
            (Listener::Speaks { sum, own }, _) => {
                let (mut rest, mut wide, mut narrow) = ([0; FRAME], [0; FRAME], [0; NARROW]);
                for ((rest, sum), own) in rest.iter_mut().zip(sum).zip(own) {
                    *rest = sum - i32::from(*own);
                }
                self.limiter.limit(&rest, &mut wide);
                if !is_narrow {
                    return self.encoder.encode(&wide, payload);
                }
                self.down.resample(&wide, &mut narrow);
                self.encoder.encode(&narrow, payload)
            }
            (Listener::Listens { narrow, .. }, None) if is_narrow => self.encoder.encode(narrow, payload),
            (Listener::Listens { wide, .. }, None) => self.encoder.encode(wide, payload),
            (Listener::Listens { narrow, laws, .. }, Some(law)) => {
                let codes = laws[usize::from(law == Law::A)].get_or_insert_with(|| {
                    let mut codes = [0; NARROW];
                    codes.iter_mut().zip(narrow).for_each(|(code, sample)| *code = law.encode(*sample));
                    codes
                });
                payload.get_mut(..NARROW)?.copy_from_slice(&codes[..]);
                Some(NARROW)
            }
        }
    }
}
