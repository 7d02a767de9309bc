//! Keys that an actor presses, by events (RFC 4733) or by tones, and those that it hears.

use std::collections::{BTreeSet, VecDeque};

use rtp::{Digit, TelephoneEvent};
use sound::g711;
use sound::keys::{Heard, KeyEar, KeyTone};

/// The payload type of events in all that an actor says of itself.
pub(crate) const EVENT: u8 = 101;
/// Packets of 20 ms of a press, and of the pause behind it.
const PRESS: u32 = 5;
const PAUSE: u32 = 6;
const PACKET: u32 = 160;

/// How a key was heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PressedBy {
    Event,
    Tone,
}

#[derive(Debug)]
pub(crate) struct Typing {
    waiting: VecDeque<u8>,
    now: Option<Now>,
    ear: KeyEar,
    heard: BTreeSet<(u32, u8)>,
}

#[derive(Debug)]
struct Now {
    key: u8,
    begins: u32,
    packets: u32,
    tone: KeyTone,
}

/// A packet in place of one of sound.
pub(crate) struct Typed {
    pub event: Option<u32>,
    pub is_first: bool,
    pub payload: Vec<u8>,
}

impl Typing {
    pub fn new() -> Typing {
        Typing { waiting: VecDeque::new(), now: None, ear: KeyEar::new(8_000), heard: BTreeSet::new() }
    }

    pub fn press(&mut self, keys: &str) {
        self.waiting.extend(keys.chars().filter_map(Digit::of).map(Digit::event));
    }

    /// What is sent of a press at that time, if one is under way.
    pub fn next(&mut self, timestamp: u32, by: PressedBy) -> Option<Typed> {
        if self.now.is_none() {
            let key = self.waiting.pop_front()?;
            let tone = KeyTone::new(key, 8_000)?;
            self.now = Some(Now { key, begins: timestamp, packets: 0, tone });
        }
        let now = self.now.as_mut()?;
        now.packets += 1;
        let Now { key, begins, packets, .. } = *now;
        if packets > PRESS + PAUSE {
            self.now = None;
            return None;
        }
        match by {
            PressedBy::Event if packets <= PRESS + 2 => {
                let duration = (packets.min(PRESS) * PACKET) as u16;
                let event = TelephoneEvent { event: key, end: packets >= PRESS, volume: 10, duration };
                let payload = event.bytes().to_vec();
                Some(Typed { event: Some(begins), is_first: packets == 1, payload })
            }
            PressedBy::Tone if packets <= PRESS => {
                let mut samples = [0; PACKET as usize];
                now.tone.fill(&mut samples);
                let payload = samples.iter().map(|sample| g711::encode_mu(*sample)).collect();
                Some(Typed { event: None, is_first: false, payload })
            }
            _ => None,
        }
    }

    /// The key of an event, when it is said for the first time.
    pub fn hear_event(&mut self, timestamp: u32, payload: &[u8]) -> Option<char> {
        let event = TelephoneEvent::parse(payload)?;
        let key = event.digit()?.key();
        self.heard.insert((timestamp, event.event)).then_some(key)
    }

    /// The key that goes down in a packet of PCMU.
    pub fn hear_tone(&mut self, payload: &[u8]) -> Option<char> {
        let samples: Vec<i16> = payload.iter().map(|code| g711::decode_mu(*code)).collect();
        let mut pressed = None;
        self.ear.hear(&samples, |heard| {
            if let Heard::Down { key, .. } = heard {
                pressed = Some(key);
            }
        });
        let event = TelephoneEvent { event: pressed?, end: false, volume: 0, duration: 0 };
        event.digit().map(Digit::key)
    }
}
