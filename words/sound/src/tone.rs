//! Tones that tell a caller how things stand, as the telephone network has always told it: pitches and pauses
//! (ITU-T E.180).

use std::f64::consts::TAU;
use std::sync::Arc;

/// More pitches than these sound nowhere at once.
const PITCHES_MAX: usize = 4;
const STEPS_MAX: usize = 16;
/// Between a tone and nothing, so that no click is heard: 2 ms.
const RAMP_MS: u32 = 2;
/// How loud each pitch is where nothing else is said: −15 dBm0, within what E.180 recommends.
const PEAK: i16 = 4_000;

/// Steps that follow each other, again and again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tone {
    steps: Box<[Step]>,
    peak: i16,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Step {
    pitches: [u16; PITCHES_MAX],
    mix: Mix,
    /// Without it, the step never ends.
    ms: Option<u32>,
}

/// How the pitches of a step sound together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mix {
    Sum,
    /// The first is as loud as the second says.
    Modulated,
}

impl Tone {
    /// Reads steps such as `425/1000 0/4000`: hertz, and milliseconds; a step without these never ends.
    /// `400+450` sound together, and `400*25` is the one in the rhythm of the other.
    pub fn parse(text: &str) -> Option<Tone> {
        let steps: Box<[Step]> = text.split_ascii_whitespace().map(Step::parse).collect::<Option<_>>()?;
        // What lasts no time at all would be begun for ever.
        let is_long = steps.iter().all(|step| step.ms.is_none_or(|ms| ms >= 10));
        ((1..=STEPS_MAX).contains(&steps.len()) && is_long).then_some(Tone { steps, peak: PEAK })
    }

    /// The same, with each pitch so loud.
    pub fn with_peak(self, peak: i16) -> Tone {
        Tone { peak, ..self }
    }

    /// Two short, soft beeps every ten seconds: somebody waits, and the line is alive.
    pub fn waiting() -> Tone {
        const SOFT: i16 = 1_400;
        let tone = Tone::parse("440/120 0/120 440/120 0/9640").expect("it is written as it is read");
        tone.with_peak(SOFT)
    }
}

impl Step {
    fn parse(text: &str) -> Option<Step> {
        let (pitches, ms) = match text.split_once('/') {
            Some((pitches, ms)) => (pitches, Some(ms.parse().ok()?)),
            None => (text, None),
        };
        let (mix, between) = if pitches.contains('*') { (Mix::Modulated, '*') } else { (Mix::Sum, '+') };
        let all: Vec<u16> = pitches.split(between).map(|hertz| hertz.parse().ok()).collect::<Option<_>>()?;
        let is_heard = all.iter().all(|hertz| *hertz < 4_000);
        let fits = all.len() <= if mix == Mix::Modulated { 2 } else { PITCHES_MAX };
        let mut pitches = [0; PITCHES_MAX];
        pitches.iter_mut().zip(&all).for_each(|(pitch, hertz)| *pitch = *hertz);
        (is_heard && fits).then_some(Step { pitches, mix, ms })
    }
}

/// A tone as it sounds.
#[derive(Clone, Debug)]
pub struct Sounding {
    tone: Arc<Tone>,
    rate: u32,
    step: usize,
    /// Samples of the step that went by.
    at: u32,
    pitches: [Pitch; PITCHES_MAX],
}

/// A sine, made of its last two samples.
#[derive(Clone, Copy, Debug, Default)]
struct Pitch {
    turn: f64,
    last: f64,
    before: f64,
}

impl Pitch {
    fn new(hertz: u16, rate: u32) -> Pitch {
        let angle = TAU * f64::from(hertz) / f64::from(rate);
        Pitch { turn: 2.0 * angle.cos(), last: -angle.sin(), before: -(2.0 * angle).sin() }
    }

    fn next(&mut self) -> f64 {
        (self.last, self.before) = (self.turn * self.last - self.before, self.last);
        self.last
    }
}

impl Sounding {
    pub fn new(tone: Arc<Tone>, rate: u32) -> Sounding {
        let mut sounding = Sounding { tone, rate, step: 0, at: 0, pitches: Default::default() };
        sounding.tune();
        sounding
    }

    /// The samples that follow.
    pub fn fill(&mut self, samples: &mut [i16]) {
        let mut rest = samples;
        while !rest.is_empty() {
            let length = self.length();
            let left = length.map_or(rest.len(), |length| (length - self.at) as usize);
            let (now, later) = rest.split_at_mut(rest.len().min(left));
            self.fill_within(now, length);
            self.at = self.at.saturating_add(now.len() as u32);
            if length.is_some_and(|length| self.at >= length) {
                self.step = (self.step + 1) % self.tone.steps.len();
                self.at = 0;
                self.tune();
            }
            rest = later;
        }
    }

    fn fill_within(&mut self, samples: &mut [i16], length: Option<u32>) {
        let Step { pitches, mix, .. } = self.tone.steps[self.step];
        let count = pitches.iter().take_while(|hertz| **hertz > 0).count();
        if count == 0 {
            return samples.fill(0);
        }
        let (peak, ramp) = (f64::from(self.tone.peak), self.rate * RAMP_MS / 1000);
        for (at, sample) in (self.at..).zip(samples) {
            let value = match mix {
                Mix::Sum => self.pitches[..count].iter_mut().map(Pitch::next).sum(),
                Mix::Modulated => self.pitches[0].next() * (1.0 + self.pitches[1].next()) / 2.0,
            };
            let edge = length.map_or(at, |length| at.min(length - 1 - at)).min(ramp);
            *sample = (value * peak * f64::from(edge) / f64::from(ramp)) as i16;
        }
    }

    /// Samples of the step in all.
    fn length(&self) -> Option<u32> {
        self.tone.steps[self.step].ms.map(|ms| self.rate / 1000 * ms)
    }

    fn tune(&mut self) {
        let rate = self.rate;
        self.pitches = self.tone.steps[self.step].pitches.map(|hertz| Pitch::new(hertz, rate));
    }
}
