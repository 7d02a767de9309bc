//! What one member of a meeting says, made of its packets in time: 20 ms whenever they are asked for.
//!
//! Packets wait a little, so that what is late is there when its turn comes; what never comes is made up.
//! The clock of who speaks is not ours: where more and more waits, or less and less, each 20 ms are made of a
//! sample more or less than they have, which nobody hears.

use sound::conceal::Concealer;
use sound::resample::Upsampler;
use sound::{g711, g722, opus};

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
/// So much waits beyond what is heard, when all is well: after the worst moment of a window.
const SPARE: usize = 15 * RATE / 1000;
const SPARE_MIN: usize = 5 * RATE / 1000;
const SPARE_MAX: usize = 35 * RATE / 1000;
/// Above, packets are left out at once.
const SPARE_FAR: usize = 200 * RATE / 1000;
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

/// How much waited at its least, and what is done about it.
struct Window {
    turns: u8,
    least: usize,
    /// Samples that frames are to be made longer by, or shorter.
    longer: i32,
}

impl Voice {
    pub fn new(codecs: &[(u8, Codec)]) -> Voice {
        let speaks_opus = codecs.iter().any(|(_, codec)| *codec == Codec::Opus);
        Voice {
            codecs: codecs.into(),
            waiting: Waiting::new(),
            state: State::Silent,
            g722: g722::Decoder::new(),
            opus: speaks_opus.then(|| Box::new(opus::Decoder::new(RATE as u32))),
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
    pub fn take(&mut self, header: &Fixed, payload: &[u8]) -> Put {
        let known = self.codecs.iter().find(|(payload_type, _)| *payload_type == header.payload_type);
        let holds = known.map_or(Holds::Nothing, |(_, codec)| Holds::Sound(*codec));
        let put = self.waiting.put(header, holds, payload);
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

    /// The next 20 ms of what is said; whether there is anything.
    pub fn hear(&mut self, frame: &mut [i16; FRAME]) -> bool {
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
        while self.count < BEFORE + uses + BEHIND {
            if !self.add() {
                break;
            }
        }
        if self.count <= BEFORE && self.state == State::Silent {
            return false;
        }
        self.window.longer -= longer;
        self.count_spare(uses);
        self.stretch(uses, frame);
        true
    }

    /// Decodes one packet more, or makes up for it; whether there is something.
    fn add(&mut self) -> bool {
        match self.waiting.take() {
            Next::Packet(Holds::Sound(codec), at) => {
                (self.owed, self.made_up) = (0, 0);
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
            Codec::Opus => self.opus.as_mut().and_then(|opus| opus.decode(payload, samples)).unwrap_or(0),
        };
        if codec != Codec::Opus {
            self.concealers[usize::from(codec == Codec::G722)].hear(&mut self.decoded[..fresh]);
        }
        let made = self.append(codec, fresh);
        self.last = (codec, made.max(FRAME / 2));
    }

    /// Makes up as much as a packet holds; of Opus, the one that follows may say it once more.
    fn conceal(&mut self, follows: Option<(Codec, usize)>) -> usize {
        let (codec, length) = self.last;
        let count = if is_narrow(codec) { length / 2 } else { length };
        let samples = &mut self.decoded[..count];
        match (codec, &mut self.opus) {
            (Codec::Opus, Some(opus)) => {
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
        let wanted = BEFORE + uses + BEHIND;
        if self.count < wanted {
            self.ready[self.count..wanted].fill(0);
            self.count = wanted;
        }
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

    /// Notes how much is left when a frame is taken away, and learns of it once in a while.
    fn count_spare(&mut self, uses: usize) {
        let waits = self.count.saturating_sub(BEFORE + uses) + self.waiting.count() * self.last.1;
        let spare = waits.saturating_sub(self.owed);
        self.window.note(spare);
        if waits > SPARE_FAR + uses {
            while self.waiting.count() * self.last.1 > 2 * FRAME {
                self.waiting.take();
            }
            self.window = Window::new();
        }
    }
}

impl Window {
    fn new() -> Window {
        Window { turns: 0, least: usize::MAX, longer: 0 }
    }

    fn note(&mut self, spare: usize) {
        (self.turns, self.least) = (self.turns + 1, self.least.min(spare));
        if self.turns < WINDOW {
            return;
        }
        let off = SPARE as i32 - self.least as i32;
        let most = i32::from(WINDOW);
        let is_well = (SPARE_MIN..=SPARE_MAX).contains(&self.least);
        *self = Window { longer: if is_well { 0 } else { off.clamp(-most, most) }, ..Window::new() };
    }
}

fn is_narrow(codec: Codec) -> bool {
    matches!(codec, Codec::Pcmu | Codec::Pcma)
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
