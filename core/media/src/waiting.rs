//! Packets of one source that wait until they are heard, in the order of their numbers.
//!
//! Whoever hears them takes one after the other as it needs sound: what has not come by then is lost, and
//! what comes after that is late. Nothing is allocated for a packet.

use std::time::{Duration, Instant};

use rtp::Fixed;

use crate::encoder::PAYLOAD_MAX;
use crate::numbers::BEHIND_MAX;
use crate::spoken::Codec;

/// A third of a second, in packets of the usual length.
const PLACES: usize = 16;

/// What a packet holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Holds {
    Sound(Codec),
    /// A key press, or noise: its sender says nothing meanwhile.
    Nothing,
}

/// What comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    Packet(Holds, usize),
    /// It did not come, and others did that follow it: the place of the very next, if that is there.
    Lost(Option<(Codec, usize)>),
    /// Nothing has come.
    Empty,
}

/// What became of a packet that came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Put {
    Kept,
    /// Another source, or one that began anew: nothing of the one before is left.
    First,
    /// It came before, or too late.
    Left,
}

pub(crate) struct Waiting {
    places: [Place; PLACES],
    payloads: Box<[u8]>,
    source: Option<u32>,
    /// The number that is heard next.
    next: u16,
    /// How many numbers from there on have been reached.
    reached: u16,
    /// The number that would make a new start of a jump (RFC 3550, A.1).
    doubted: Option<u16>,
}

#[derive(Clone, Copy, Default)]
struct Place {
    holds: Option<Holds>,
    came: Option<Instant>,
    length: u16,
}

impl Waiting {
    pub fn new() -> Waiting {
        Waiting {
            places: [Place::default(); PLACES],
            payloads: vec![0; PLACES * PAYLOAD_MAX].into(),
            source: None,
            next: 0,
            reached: 0,
            doubted: None,
        }
    }

    pub fn put(&mut self, now: Instant, header: &Fixed, holds: Holds, payload: &[u8]) -> Put {
        let ahead = header.sequence.wrapping_sub(self.next);
        let is_behind = ahead.wrapping_neg() <= BEHIND_MAX && ahead != 0;
        let (put, ahead) = if self.source != Some(header.ssrc) {
            (self.begin(header), 0)
        } else if usize::from(ahead) < PLACES {
            (Put::Kept, ahead)
        } else if is_behind {
            return Put::Left;
        } else if self.doubted == Some(header.sequence) {
            (self.begin(header), 0)
        } else {
            self.doubted = Some(header.sequence.wrapping_add(1));
            return Put::Left;
        };
        self.doubted = None;
        let at = usize::from(header.sequence) % PLACES;
        let place = &mut self.places[at];
        if place.holds.is_some() || payload.len() > PAYLOAD_MAX {
            return Put::Left;
        }
        *place = Place { holds: Some(holds), came: Some(now), length: payload.len() as u16 };
        self.payloads[at * PAYLOAD_MAX..][..payload.len()].copy_from_slice(payload);
        self.reached = self.reached.max(ahead + 1);
        put
    }

    fn begin(&mut self, header: &Fixed) -> Put {
        self.clear();
        (self.source, self.next) = (Some(header.ssrc), header.sequence);
        Put::First
    }

    /// Lets go of all that waits.
    pub fn clear(&mut self) {
        self.places = [Place::default(); PLACES];
        self.next = self.next.wrapping_add(self.reached);
        self.reached = 0;
    }

    /// Takes what is to be heard next: its payload stays where it is until the next one is taken.
    pub fn take(&mut self) -> Next {
        if self.reached == 0 {
            return Next::Empty;
        }
        let at = usize::from(self.next) % PLACES;
        (self.next, self.reached) = (self.next.wrapping_add(1), self.reached - 1);
        match self.places[at].holds.take() {
            Some(holds) => Next::Packet(holds, at),
            None => {
                let after = usize::from(self.next) % PLACES;
                let follows = self.places[after].holds.filter(|_| self.reached > 0);
                Next::Lost(match follows {
                    Some(Holds::Sound(codec)) => Some((codec, after)),
                    Some(Holds::Nothing) | None => None,
                })
            }
        }
    }

    pub fn payload(&self, at: usize) -> &[u8] {
        &self.payloads[at * PAYLOAD_MAX..][..usize::from(self.places[at].length)]
    }

    /// How long a packet has waited.
    pub fn waited(&self, at: usize, now: Instant) -> Duration {
        self.places[at].came.map_or(Duration::ZERO, |came| now.saturating_duration_since(came))
    }

    /// How many are to be taken, those that are lost included.
    pub fn count(&self) -> usize {
        usize::from(self.reached)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::disallowed_methods)]
mod tests {
    use super::*;

    const SOUND: Holds = Holds::Sound(Codec::Pcmu);

    fn header(sequence: u16) -> Fixed {
        Fixed { marker: false, payload_type: 0, sequence, timestamp: 0, ssrc: 7 }
    }

    fn heard(waiting: &mut Waiting) -> Vec<Option<u8>> {
        std::iter::from_fn(|| match waiting.take() {
            Next::Packet(_, at) => Some(Some(waiting.payload(at)[0])),
            Next::Lost(_) => Some(None),
            Next::Empty => None,
        })
        .collect()
    }

    #[test]
    fn packets_are_heard_in_their_order_and_gaps_where_they_are() {
        let (now, mut waiting) = (Instant::now(), Waiting::new());
        for (sequence, byte) in [(65_534, 1), (65_535, 2), (2, 5), (1, 4)] {
            waiting.put(now, &header(sequence), SOUND, &[byte]);
        }

        assert_eq!(waiting.count(), 5);
        assert_eq!(heard(&mut waiting), [Some(1), Some(2), None, Some(4), Some(5)]);
        assert_eq!(waiting.put(now, &header(0), SOUND, &[3]), Put::Left, "it is too late");
        assert_eq!(waiting.put(now, &header(3), SOUND, &[6]), Put::Kept);
        assert_eq!(waiting.put(now, &header(3), SOUND, &[7]), Put::Left, "a copy");
        assert_eq!(heard(&mut waiting), [Some(6)]);
    }

    #[test]
    fn a_jump_is_believed_at_its_second_packet_and_another_source_at_once() {
        let (now, mut waiting) = (Instant::now(), Waiting::new());
        waiting.put(now, &header(10), SOUND, &[1]);

        assert_eq!(waiting.put(now, &header(30_000), SOUND, &[8]), Put::Left);
        assert_eq!(waiting.put(now, &header(30_001), SOUND, &[9]), Put::First);
        assert_eq!(heard(&mut waiting), [Some(9)]);
        let other = Fixed { ssrc: 8, ..header(5) };
        assert_eq!(waiting.put(now, &other, SOUND, &[2]), Put::First);
        assert_eq!(heard(&mut waiting), [Some(2)]);
    }
}
