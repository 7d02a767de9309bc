//! What fax machines and modems say before anything else, heard in sound of 8 or 16 kHz: calling tones and
//! answer tones (ITU-T T.30, V.25, V.8), and the flags before a fax's first message (V.21).

use std::f64::consts::TAU;

use crate::noise::{power_of, resonances, strength};

/// What a machine says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Signal {
    /// CNG: a fax calls.
    Calling,
    /// CED, ANS or ANSam: a fax or a modem has answered.
    Answer,
    /// The same with its phase reversed again and again, which shuts off echo cancellers too.
    Reversed,
    /// Flags in V.21: a fax is about to say what it can.
    Preamble,
}

impl Signal {
    /// The signal that a telephone event reports (RFC 4734, 2.3 to 2.6).
    pub fn of_event(event: u8) -> Option<Signal> {
        match event {
            32 | 34 => Some(Signal::Answer),
            33 | 35 => Some(Signal::Reversed),
            36 => Some(Signal::Calling),
            54 => Some(Signal::Preamble),
            _ => None,
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Signal::Calling => "CNG",
            Signal::Answer => "CED",
            Signal::Reversed => "CED with reversals",
            Signal::Preamble => "V.21 flags",
        }
    }
}

const CALLING: u16 = 1_100;
const ANSWER: u16 = 2_100;
const FLAGS: [u16; 2] = [1_650, 1_850];
const LOOKS_PER_SECOND: u32 = 100;
const LOOK_MAX: usize = 160;
/// A bit of V.21 in sound of 16 kHz.
const BIT_MAX: usize = 54;
/// A millisecond of it.
const LAG_MAX: usize = 16;
/// Nobody has to understand softer tones than −43 dBm: here as amplitude, 2 dB below that.
const AMPLITUDE_MIN: f32 = 130.0;
/// So much of all that is heard is the tone. A calling fax may be off by 38 Hz, which a look sees less of.
const CALLING_SHARE: f32 = 0.5;
const ANSWER_SHARE: f32 = 0.75;
/// A look that holds both of the pitches sees less of each.
const FLAGS_SHARE: f32 = 0.25;
/// A tone goes on over so many looks without it: a reversed phase, a packet that was lost.
const HOLE_MAX: u16 = 4;
/// Music seldom holds one pure tone for so long; answer tones last 2.6 s and more.
const ANSWER_LOOKS: u16 = 70;
/// Half a second, and 15 % more or less, to the nearest look; then a pause, of which so much is enough.
const CALLING_LOOKS: std::ops::RangeInclusive<u16> = 40..=60;
const CALLING_PAUSE: u16 = 30;
/// 450 ms and 25 more or less lie between two reversals.
const REVERSAL_LOOKS: std::ops::RangeInclusive<u16> = 41..=49;
/// Six flags in a row, each of ones and of zeros.
const FLAG_RUNS: u8 = 12;

/// Hears signals; each is told once.
#[derive(Clone, Debug)]
pub struct SignalEar {
    pitches: Pitches,
    look: [i16; LOOK_MAX],
    length: usize,
    filled: usize,
    calling: Calling,
    answer: Tone,
    phase: Phase,
    flags: Flags,
    told: [bool; 4],
}

#[derive(Clone, Copy, Debug)]
struct Pitches {
    /// Of a calling tone, an answer tone, and of both of the flags'.
    all: [f32; 4],
    /// The last two values of an answer tone come to its phase by these.
    turn: [f32; 2],
}

/// Whether a tone is heard in a look.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Look {
    Tone,
    Other,
}

impl Look {
    fn of<T>(heard: Option<T>) -> Look {
        if heard.is_some() { Look::Tone } else { Look::Other }
    }
}

/// How long a tone has been heard, in looks.
#[derive(Clone, Copy, Debug, Default)]
struct Tone {
    length: u16,
    hole: u16,
}

/// A calling tone is known by its length, and by the pause behind it.
#[derive(Clone, Copy, Debug, Default)]
struct Calling {
    tone: Tone,
    power: f32,
    is_over: bool,
    pause: u16,
}

/// Follows the phase of an answer tone from look to look.
#[derive(Clone, Copy, Debug, Default)]
struct Phase {
    last: Option<[f32; 2]>,
    drift: Option<[f32; 2]>,
    since_last: u16,
    since_reversal: Option<u16>,
}

impl SignalEar {
    pub fn new(rate: u32) -> SignalEar {
        let angle = |hertz: u16| TAU * f64::from(hertz) / f64::from(rate);
        let pitch = |hertz: u16| (2.0 * angle(hertz).cos()) as f32;
        let turn = [angle(ANSWER).cos() as f32, angle(ANSWER).sin() as f32];
        SignalEar {
            pitches: Pitches { all: [CALLING, ANSWER, FLAGS[0], FLAGS[1]].map(pitch), turn },
            look: [0; LOOK_MAX],
            length: ((rate / LOOKS_PER_SECOND) as usize).min(LOOK_MAX),
            filled: 0,
            calling: Calling::default(),
            answer: Tone::default(),
            phase: Phase::default(),
            flags: Flags::new(rate),
            told: [false; 4],
        }
    }

    /// Takes sound, and says what is heard in it for the first time.
    pub fn hear(&mut self, samples: &[i16], mut heard: impl FnMut(Signal)) {
        let mut rest = samples;
        while !rest.is_empty() {
            let (now, later) = rest.split_at((self.length - self.filled).min(rest.len()));
            self.look[self.filled..self.filled + now.len()].copy_from_slice(now);
            self.filled += now.len();
            rest = later;
            if self.filled == self.length {
                self.filled = 0;
                self.judge(&mut heard);
            }
        }
    }

    /// So many samples never came: a tone that goes on behind them went on meanwhile.
    pub fn miss(&mut self, samples: usize) {
        let looks = u16::try_from(samples / self.length).unwrap_or(u16::MAX);
        self.filled = 0;
        self.calling.miss(looks);
        self.answer.miss(looks);
        self.phase = Phase { since_reversal: self.phase.after(looks), ..Phase::default() };
        self.flags.begin_anew();
        self.flags.run = 0;
    }

    fn judge(&mut self, heard: &mut impl FnMut(Signal)) {
        let look = &self.look[..self.length];
        let power = power_of(look);
        let size = self.length as f32;
        let is_loud = power >= AMPLITUDE_MIN * AMPLITUDE_MIN * size / 2.0;
        // What is too soft is not looked at.
        let heard_of = if is_loud { self.pitches.heard_in(look) } else { Parts::default() };
        let mut seen = [false; 4];
        let calling = Look::of((heard_of.calling > power * CALLING_SHARE).then_some(()));
        seen[Signal::Calling as usize] = self.calling.note(calling, power);
        let answer =
            heard_of.answer.filter(|vector| dot(*vector, *vector) * 2.0 / size > power * ANSWER_SHARE);
        seen[Signal::Answer as usize] = self.answer.note(Look::of(answer)) && self.answer.is_long();
        if self.answer.length == 0 {
            self.phase = Phase::default();
        }
        seen[Signal::Reversed as usize] = self.phase.note(answer);
        let may_be_flags = is_loud && self.flags.hear(look);
        if !may_be_flags || heard_of.flags < power * FLAGS_SHARE {
            self.flags.begin_anew();
        }
        seen[Signal::Preamble as usize] = self.flags.runs >= FLAG_RUNS;
        for signal in [Signal::Calling, Signal::Answer, Signal::Reversed, Signal::Preamble] {
            let is_new = seen[signal as usize] && !self.told[signal as usize];
            if is_new {
                self.told[signal as usize] = true;
                heard(signal);
            }
        }
    }
}

/// What a look holds of each signal.
#[derive(Default)]
struct Parts {
    calling: f32,
    /// As a vector, whose direction is its phase.
    answer: Option<[f32; 2]>,
    flags: f32,
}

impl Pitches {
    fn heard_in(&self, look: &[i16]) -> Parts {
        let [last, before] = resonances(look, &self.all);
        let part = |at: usize| strength(last[at], before[at], self.all[at]) * 2.0 / look.len() as f32;
        let [cosine, sine] = self.turn;
        let answer = [last[1] - before[1] * cosine, before[1] * sine];
        Parts { calling: part(0), answer: Some(answer), flags: part(2) + part(3) }
    }
}

impl Tone {
    /// Whether it sounds, now that it was heard in one more look or was not.
    fn note(&mut self, look: Look) -> bool {
        if look == Look::Tone {
            (self.length, self.hole) = (self.length.saturating_add(self.hole + 1), 0);
        } else if self.length > 0 {
            self.hole += 1;
            if self.hole > HOLE_MAX {
                *self = Tone::default();
            }
        }
        look == Look::Tone
    }

    fn miss(&mut self, looks: u16) {
        self.hole = self.hole.saturating_add(looks);
        if self.length == 0 || self.hole > 2 * HOLE_MAX {
            *self = Tone::default();
        }
    }

    fn is_long(self) -> bool {
        self.length >= ANSWER_LOOKS
    }
}

impl Calling {
    fn note(&mut self, look: Look, power: f32) -> bool {
        let length = self.tone.length;
        if self.tone.note(look) {
            (self.power, self.is_over, self.pause) = (power, false, 0);
            return false;
        }
        if length > 0 && self.tone.length == 0 {
            (self.is_over, self.pause) = (CALLING_LOOKS.contains(&length), HOLE_MAX);
        }
        if self.is_over && power > self.power / 10.0 {
            self.is_over = false;
        }
        self.pause = self.pause.saturating_add(1);
        self.is_over && self.pause >= CALLING_PAUSE
    }

    fn miss(&mut self, looks: u16) {
        self.tone.miss(looks);
        self.pause = self.pause.saturating_add(looks);
    }
}

impl Phase {
    /// How many looks ago it was reversed, so many looks later.
    fn after(&self, looks: u16) -> Option<u16> {
        self.since_reversal.map(|since| since.saturating_add(looks))
    }

    /// Whether this is the second reversal, as long after the first as it is to be.
    fn note(&mut self, heard: Option<[f32; 2]>) -> bool {
        self.since_reversal = self.after(1);
        self.since_last = self.since_last.saturating_add(1);
        let Some(now) = heard else { return false };
        let Some(last) = self.last.replace(now) else {
            self.since_last = 0;
            return false;
        };
        let looks = std::mem::take(&mut self.since_last);
        let Some(drift) = self.drift else {
            self.drift = (looks == 1).then(|| turned(now, last));
            return false;
        };
        let expected = (0..looks).fold(last, |vector, _| product(vector, drift));
        let agreement = dot(now, expected);
        let size = (dot(now, now) * dot(expected, expected)).sqrt();
        if agreement > size * 0.5 {
            self.drift = if looks == 1 { Some(turned(now, last)) } else { self.drift };
            return false;
        }
        let is_reversed = agreement < size * -0.5;
        let is_second = self.since_reversal.is_some_and(|since| REVERSAL_LOOKS.contains(&since));
        self.since_reversal = is_reversed.then_some(0);
        is_reversed && is_second
    }
}

fn dot(one: [f32; 2], other: [f32; 2]) -> f32 {
    one[0] * other[0] + one[1] * other[1]
}

fn product(one: [f32; 2], other: [f32; 2]) -> [f32; 2] {
    [one[0] * other[0] - one[1] * other[1], one[0] * other[1] + one[1] * other[0]]
}

/// By how much a vector has turned, as a vector of length one.
fn turned(now: [f32; 2], last: [f32; 2]) -> [f32; 2] {
    let [real, imaginary] = product(now, [last[0], -last[1]]);
    let size = (real * real + imaginary * imaginary).sqrt().max(f32::MIN_POSITIVE);
    [real / size, imaginary / size]
}

/// Hears flags: six ones of 1,650 Hz and two zeros of 1,850, again and again, at 300 bit/s.
///
/// What stood a millisecond ago, times what stands now, is below zero for the one and above it for the
/// other: both lie as far from 1,750 Hz, which comes to nothing.
#[derive(Clone, Debug)]
struct Flags {
    /// The sound of the last bit, and of a millisecond before it.
    past: [i16; BIT_MAX + LAG_MAX],
    lag: usize,
    bit: usize,
    likeness: i64,
    power: i64,
    is_zero: bool,
    run: u32,
    is_clear: bool,
    runs: u8,
    ones: std::ops::RangeInclusive<u32>,
    zeros: std::ops::RangeInclusive<u32>,
}

impl Flags {
    fn new(rate: u32) -> Flags {
        let tenths = |ms: u32| rate * ms / 10_000;
        Flags {
            past: [0; BIT_MAX + LAG_MAX],
            lag: ((rate / 1_000) as usize).min(LAG_MAX),
            bit: ((rate / 300) as usize).min(BIT_MAX - 1),
            likeness: 0,
            power: 0,
            is_zero: false,
            run: 0,
            is_clear: false,
            runs: 0,
            ones: tenths(175)..=tenths(225),
            zeros: tenths(45)..=tenths(90),
        }
    }

    fn begin_anew(&mut self) {
        self.runs = 0;
    }

    /// Whether flags may have begun.
    fn hear(&mut self, look: &[i16]) -> bool {
        let size = self.lag + self.bit;
        let mut row = [0; BIT_MAX + LAG_MAX + LOOK_MAX];
        let row = &mut row[..size + look.len()];
        row[..size].copy_from_slice(&self.past[..size]);
        row[size..].copy_from_slice(look);
        for at in 0..look.len() {
            // The one that leaves the bit is followed by what stood a millisecond before it.
            let [now, lagged] = [row[at + size], row[at + self.bit]].map(i64::from);
            let [oldest, before_oldest] = [row[at + self.lag], row[at]].map(i64::from);
            self.likeness += now * lagged - oldest * before_oldest;
            self.power += now * now - oldest * oldest;
            self.judge();
        }
        self.past[..size].copy_from_slice(&row[look.len()..]);
        self.runs > 0
    }

    /// Whether a bit has begun that is another than before.
    fn judge(&mut self) {
        self.run = self.run.saturating_add(1);
        self.is_clear |= self.likeness.abs() * 10 > self.power * 4;
        let is_other = match self.is_zero {
            true => self.likeness * 8 < -self.power,
            false => self.likeness * 8 > self.power,
        };
        if is_other {
            let fits = if self.is_zero { &self.zeros } else { &self.ones };
            let is_flag = self.is_clear && fits.contains(&self.run);
            self.runs = if is_flag { self.runs.saturating_add(1) } else { 0 };
            (self.is_zero, self.run, self.is_clear) = (!self.is_zero, 0, false);
        }
    }
}
