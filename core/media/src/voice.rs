//! What one member of a meeting says, made of its packets in time: 20 ms whenever they are asked for.
//!
//! Packets wait a little, so that what is late is there when its turn comes; what never comes is made up.
//! The clock of who speaks is not ours: where more and more waits, or less and less, each 20 ms are made of a
//! sample more or less than they have, which nobody hears.

use std::time::{Duration, Instant};

use sound::conceal::Concealer;
use sound::resample::Upsampler;
use sound::{g711, g722, l16, opus};

use rtp::Fixed;

use crate::spoken::Codec;
use crate::waiting::{Holds, Next, Put, Waiting};

/// What is mixed is of this rate, and made in frames of 20 ms.
pub(crate) const RATE: usize = 16_000;
pub(crate) const FRAME: usize = RATE / 50;
/// An Opus packet of 120 ms, and what was decoded before it.
const READY_MAX: usize = 120 * RATE / 1000 + 2 * FRAME;
/// A packet of the longest kind.
const PACKET_MAX: usize = 120 * RATE / 1000;

/// So many turns pass from the first packet to the first sound.
const PRIMING: u8 = 1;
/// Nothing is made up for longer.
const MADE_UP_MAX: usize = 60 * RATE / 1000;
/// So long the packet waits that waits least of a window, when all is well. Frames are made longer until a
/// packet comes a whole turn before it is needed, or shorter until it comes a turn later.
const WAITS_MIN: Duration = Duration::from_millis(5);
const WAITS_MAX: Duration = Duration::from_millis(45);
/// Above, packets are left out at once.
const WAITING_MAX: usize = 200 * RATE / 1000;
/// Turns in a window: 1.28 s.
const WINDOW: u8 = 64;

/// Samples before and behind a moment that are needed to know what lies between two.
const BEFORE: usize = 1;
const BEHIND: usize = 2;

pub(crate) struct Voice {
    codecs: Box<[(u8, Codec)]>,
    waiting: Waiting,
    state: State,
    g722: g722::Decoder,
    opus: Option<Box<opus::Decoder>>,
    g729: Option<Box<g729::Decoder>>,
    /// Of 8 kHz, and of 16.
    concealers: Box<[Concealer; 2]>,
    up: Box<Upsampler>,
    /// What came last, and how many samples that were of the rate of the mix.
    last: (Codec, usize),
    decoded: Box<[i16; PACKET_MAX]>,
    /// Of the rate of the mix; first the last sample that was heard.
    ready: Box<[i16; READY_MAX]>,
    count: usize,
    /// What was made up because nothing had come: less is to be made up of what turns out to be lost.
    owed: usize,
    /// Since something came.
    made_up: usize,
    window: Window,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Nothing is heard: the last packet said so, or nothing comes any more.
    Silent,
    /// So many turns are waited before what came is heard.
    Priming(u8),
    Speaking,
}

/// How long packets waited at the least, and what is done about it.
struct Window {
    turns: u8,
    least: Option<Duration>,
    /// Samples that frames are to be made longer by, or shorter.
    longer: i32,
}

impl Voice {
    pub fn new(codecs: &[(u8, Codec)]) -> Voice {
        let speaks = |wanted| codecs.iter().any(|(_, codec)| *codec == wanted);
        Voice {
            codecs: codecs.into(),
            waiting: Waiting::new(),
            state: State::Silent,
            g722: g722::Decoder::new(),
            opus: speaks(Codec::Opus).then(|| Box::new(opus::Decoder::new(RATE as u32))),
            g729: speaks(Codec::G729).then(Box::default),
            concealers: Box::new([Concealer::new(8_000), Concealer::new(RATE as u32)]),
            up: Box::new(Upsampler::new(2)),
            last: (codecs.first().map_or(Codec::Pcmu, |(_, codec)| *codec), FRAME),
            decoded: Box::new([0; PACKET_MAX]),
            ready: Box::new([0; READY_MAX]),
            count: BEFORE,
            owed: 0,
            made_up: 0,
            window: Window::new(),
        }
    }

    /// The codecs that are understood, by their payload types.
    pub fn codecs(&self) -> &[(u8, Codec)] {
        &self.codecs
    }

    /// Takes a packet; whether it was of any use.
    pub fn take(&mut self, now: Instant, header: &Fixed, payload: &[u8]) -> Put {
        let known = self.codecs.iter().find(|(payload_type, _)| *payload_type == header.payload_type);
        let holds = match known {
            // No frame, but what noise there is meanwhile.
            Some((_, Codec::G729)) if payload.len() < g729::FRAME_BYTES => Holds::Nothing,
            Some((_, codec)) => Holds::Sound(*codec),
            None => Holds::Nothing,
        };
        let put = self.waiting.put(now, header, holds, payload);
        match put {
            Put::Left => return put,
            Put::First => (self.owed, self.window) = (0, Window::new()),
            Put::Kept => {}
        }
        if self.state == State::Silent && holds != Holds::Nothing {
            self.state = State::Priming(PRIMING);
        }
        put
    }

    /// The 20 ms from now on of what is said; whether there is anything.
    pub fn hear(&mut self, now: Instant, frame: &mut [i16; FRAME]) -> bool {
        match &mut self.state {
            State::Silent => {
                self.waiting.clear();
                return false;
            }
            State::Priming(0) => self.state = State::Speaking,
            State::Priming(turns) => {
                *turns -= 1;
                return false;
            }
            State::Speaking => {}
        }
        let longer = self.window.longer.signum();
        let uses = FRAME.saturating_add_signed(-longer as isize);
        while self.count < needed(uses) {
            if !self.add(now) {
                break;
            }
        }
        if self.count <= BEFORE && self.state == State::Silent {
            return false;
        }
        self.window.turn(longer);
        self.leave_out(uses);
        self.stretch(uses, frame);
        true
    }

    /// Decodes one packet more, or makes up for it; whether there is something.
    fn add(&mut self, now: Instant) -> bool {
        match self.waiting.take() {
            Next::Packet(Holds::Sound(codec), at) => {
                (self.owed, self.made_up) = (0, 0);
                self.window.note(self.waiting.waited(at, now));
                self.decode(codec, at);
                true
            }
            Next::Packet(Holds::Nothing, _) => {
                if self.waiting.count() == 0 {
                    self.state = State::Silent;
                }
                self.waiting.count() > 0
            }
            Next::Lost(_) if self.owed >= self.last.1 => {
                self.owed -= self.last.1;
                true
            }
            Next::Lost(follows) => {
                self.conceal(follows);
                true
            }
            Next::Empty if self.state == State::Silent => false,
            Next::Empty if self.made_up >= MADE_UP_MAX => {
                self.state = State::Silent;
                false
            }
            Next::Empty => {
                self.window.note(Duration::ZERO);
                let made = self.conceal(None);
                (self.owed, self.made_up) = (self.owed + made, self.made_up + made);
                true
            }
        }
    }

    fn decode(&mut self, codec: Codec, at: usize) {
        let payload = self.waiting.payload(at);
        let samples = &mut self.decoded[..];
        let fresh = match codec {
            Codec::Pcmu => expand(payload, samples, g711::decode_mu),
            Codec::Pcma => expand(payload, samples, g711::decode_a),
            Codec::G722 => self.g722.decode(payload, samples),
            Codec::L16 | Codec::L16Narrow => l16::decode(payload, samples),
            Codec::Opus => self.opus.as_mut().and_then(|opus| opus.decode(payload, samples)).unwrap_or(0),
            Codec::G729 => self.g729.as_mut().map_or(0, |g729| g729.decode(payload, samples)),
        };
        if !matches!(codec, Codec::Opus | Codec::G729) {
            self.concealers[usize::from(!is_narrow(codec))].hear(&mut self.decoded[..fresh]);
        }
        let made = self.append(codec, fresh);
        self.last = (codec, made.max(FRAME / 2));
    }

    /// Makes up as much as a packet holds; of Opus, the one that follows may say it once more.
    fn conceal(&mut self, follows: Option<(Codec, usize)>) -> usize {
        let (codec, length) = self.last;
        let count = if is_narrow(codec) { length / 2 } else { length };
        let samples = &mut self.decoded[..count];
        match (codec, &mut self.opus, &mut self.g729) {
            (Codec::G729, _, Some(g729)) => g729.conceal(samples),
            (Codec::Opus, Some(opus), _) => {
                let said_again = match follows {
                    Some((Codec::Opus, at)) => opus.recover(self.waiting.payload(at), samples),
                    _ => None,
                };
                if said_again.or_else(|| opus.conceal(samples)).is_none() {
                    samples.fill(0);
                }
            }
            _ => self.concealers[usize::from(!is_narrow(codec))].conceal(samples),
        }
        self.append(codec, count)
    }

    /// Lets what was decoded be heard after what is ready.
    fn append(&mut self, codec: Codec, decoded: usize) -> usize {
        let (samples, room) = (&self.decoded[..decoded], &mut self.ready[self.count..]);
        let made = if is_narrow(codec) {
            self.up.resample(samples, room)
        } else {
            let count = decoded.min(room.len());
            room[..count].copy_from_slice(&samples[..count]);
            count
        };
        self.count += made;
        made
    }

    /// Makes a frame of so many samples; those that it needs no more are gone then.
    fn stretch(&mut self, uses: usize, frame: &mut [i16; FRAME]) {
        let needed = needed(uses);
        if self.count < needed {
            self.ready[self.count..needed].fill(0);
            self.count = needed;
        }
        self.ready[self.count] = self.ready[self.count - 1];
        if uses == FRAME {
            frame.copy_from_slice(&self.ready[BEFORE..BEFORE + FRAME]);
        } else {
            for (at, sample) in frame.iter_mut().enumerate() {
                let place = at * uses;
                let (whole, part) = (place / FRAME, (place % FRAME) as f32 / FRAME as f32);
                *sample = between(&self.ready[whole..], part);
            }
        }
        self.ready.copy_within(uses..self.count, 0);
        self.count -= uses;
    }

    /// Leaves packets out where far too many wait.
    fn leave_out(&mut self, uses: usize) {
        let waits = self.count.saturating_sub(BEFORE + uses) + self.waiting.count() * self.last.1;
        if waits > WAITING_MAX + uses {
            while self.waiting.count() * self.last.1 > 2 * FRAME {
                self.waiting.take();
            }
            self.window = Window::new();
        }
    }
}

impl Window {
    fn new() -> Window {
        Window { turns: 0, least: None, longer: 0 }
    }

    /// A packet has waited for so long.
    fn note(&mut self, waited: Duration) {
        self.least = Some(self.least.map_or(waited, |least| least.min(waited)));
    }

    /// A frame was made, by so much longer than what it is made of.
    fn turn(&mut self, longer: i32) {
        (self.turns, self.longer) = (self.turns + 1, self.longer - longer);
        if self.turns < WINDOW {
            return;
        }
        let longer = match self.least {
            Some(least) if least < WAITS_MIN => i32::from(WINDOW),
            Some(least) if least > WAITS_MAX => -i32::from(WINDOW),
            _ => 0,
        };
        *self = Window { longer, ..Window::new() };
    }
}

/// How many samples make a frame of so many. One that becomes longer ends with the last sample that is there:
/// it never waits for a packet which has a turn of its own still to come.
fn needed(uses: usize) -> usize {
    if uses > FRAME { BEFORE + uses + BEHIND } else { BEFORE + FRAME }
}

fn is_narrow(codec: Codec) -> bool {
    codec.rate() == Some(8_000)
}

fn expand(payload: &[u8], samples: &mut [i16], decode: impl Fn(u8) -> i16) -> usize {
    samples.iter_mut().zip(payload).for_each(|(sample, code)| *sample = decode(*code));
    payload.len().min(samples.len())
}

/// What lies between the second and the third of four samples: a cubic through them.
fn between(samples: &[i16], part: f32) -> i16 {
    let [a, b, c, d] = [0, 1, 2, 3].map(|at| f32::from(samples[at]));
    let (slope, next) = ((c - a) / 2.0, (d - b) / 2.0);
    let (square, cube) = (part * part, part * part * part);
    let sum = b * (2.0 * cube - 3.0 * square + 1.0)
        + slope * (cube - 2.0 * square + part)
        + c * (3.0 * square - 2.0 * cube)
        + next * (cube - square);
    sum.clamp(f32::from(i16::MIN), f32::from(i16::MAX)) as i16
}
