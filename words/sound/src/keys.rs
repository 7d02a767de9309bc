//! Key presses as two tones at once: made, and heard (ITU-T Q.23, Q.24).

use std::f64::consts::TAU;

use crate::noise::{power_of, powers_by};

/// How many keys there are: the digits, *, #, and A to D, in the order of their events (RFC 4733, 3.2).
pub const KEYS: u8 = 16;

const ROWS: [u16; 4] = [697, 770, 852, 941];
const COLUMNS: [u16; 4] = [1209, 1336, 1477, 1633];
/// The event at each row and column.
const EVENTS: [[u8; 4]; 4] = [[1, 2, 3, 12], [4, 5, 6, 13], [7, 8, 9, 14], [10, 0, 11, 15]];

/// −10 dB for each of the tones, about what telephones send.
const PEAK: f64 = 6_500.0;
/// Between a tone and nothing, so that no click is heard: 2 ms.
const RAMP_MS: u32 = 2;

/// The tones of one key.
#[derive(Clone, Debug)]
pub struct KeyTone {
    row: f64,
    column: f64,
    rate: u32,
    at: u32,
}

impl KeyTone {
    /// Nothing, where the event is no key's.
    pub fn new(event: u8, rate: u32) -> Option<KeyTone> {
        let place = |row: usize| EVENTS[row].iter().position(|key| *key == event).map(|column| (row, column));
        let (row, column) = (0..ROWS.len()).find_map(place)?;
        Some(KeyTone { row: ROWS[row].into(), column: COLUMNS[column].into(), rate, at: 0 })
    }

    pub fn fill(&mut self, samples: &mut [i16]) {
        for sample in samples {
            let seconds = f64::from(self.at) / f64::from(self.rate);
            let both = (TAU * self.row * seconds).sin() + (TAU * self.column * seconds).sin();
            let ramp = self.rate * RAMP_MS / 1000;
            let loudness = f64::from(self.at.min(ramp)) / f64::from(ramp);
            *sample = (both * PEAK * loudness) as i16;
            self.at += 1;
        }
    }
}

/// So long each look at the sound is: the rows are 73 hertz apart and more. Each begins in the middle of the
/// one before it.
const LOOK_US: usize = 12_750;
/// So many looks agree on a key that is pressed, and so many see nothing of one that was let go: a tone of
/// 24 ms is none yet, and a hole of 20 ms in one is no end.
const LOOKS_TO_BELIEVE: u8 = 4;
const LOOKS_TO_FORGET: u8 = 5;
/// Whoever was not heard for longer has let go.
const UNHEARD_MS_MAX: usize = 60;
/// Softer tones than these are not meant, as amplitude: about −36 dB.
const AMPLITUDE_MIN: f32 = 350.0;
/// How much stronger a tone is than the others of its group, and than each other, as powers: 8, 8 and 5 dB.
const ABOVE_OTHERS: f32 = 6.3;
const COLUMN_ABOVE_ROW: f32 = 6.3;
const ROW_ABOVE_COLUMN: f32 = 4.0;
/// So much of all that is heard are the two tones.
const SHARE: f32 = 0.7;

/// Hears key presses in sound of 8 or 16 kHz.
#[derive(Clone, Debug)]
pub struct KeyEar {
    rate: u32,
    /// What each pitch is looked for with: of the rows, and of the columns.
    pitches: [f32; 8],
    look: [i16; LOOK_MAX],
    filled: usize,
    /// Samples that went by since it began.
    at: u32,
    /// The key that is believed to be down, and when it was heard last.
    down: Option<u8>,
    ended: u32,
    missing: u8,
    /// A key that may be down, and since when.
    candidate: Option<(u8, u32)>,
    agreeing: u8,
    /// So many looks could not be had since the last.
    unheard: u8,
}

/// What became of a key, at so many samples since the ear began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    Down { key: u8, began: u32 },
    Up { ended: u32 },
}

const LOOK_MAX: usize = 204;

impl KeyEar {
    pub fn new(rate: u32) -> KeyEar {
        let pitch = |hertz: u16| (2.0 * (TAU * f64::from(hertz) / f64::from(rate)).cos()) as f32;
        let pitches = std::array::from_fn(|at| pitch([ROWS, COLUMNS].as_flattened()[at]));
        KeyEar {
            rate,
            pitches,
            look: [0; LOOK_MAX],
            filled: 0,
            at: 0,
            down: None,
            ended: 0,
            missing: 0,
            candidate: None,
            agreeing: 0,
            unheard: 0,
        }
    }

    /// The key that is down, as far as it was heard.
    pub fn down(&self) -> Option<u8> {
        self.down
    }

    /// How many samples went by since it began: heard, and missed.
    pub fn at(&self) -> u32 {
        self.at
    }

    /// When the key that is down was heard last.
    pub fn heard_last(&self) -> u32 {
        self.ended
    }

    /// Since when two looks or more agree on a key that is not believed yet.
    pub fn suspects(&self) -> Option<u32> {
        self.candidate.filter(|_| self.agreeing > 1).map(|(_, since)| since)
    }

    /// Takes sound, and says what became of keys in it.
    pub fn hear(&mut self, samples: &[i16], mut heard: impl FnMut(Heard)) {
        let length = self.length();
        let mut rest = samples;
        while !rest.is_empty() {
            let (now, later) = rest.split_at((length - self.filled).min(rest.len()));
            self.look[self.filled..self.filled + now.len()].copy_from_slice(now);
            self.filled += now.len();
            self.at = self.at.wrapping_add(now.len() as u32);
            rest = later;
            if self.filled == length {
                let seen = self.key_of(length);
                self.note(seen, &mut heard);
                self.look.copy_within(length - length / 2..length, 0);
                self.filled = length / 2;
            }
        }
    }

    /// So many samples never came: they may have held what stood before them or what comes behind.
    pub fn miss(&mut self, samples: usize, mut heard: impl FnMut(Heard)) {
        self.at = self.at.wrapping_add(samples as u32);
        self.filled = 0;
        if samples > self.rate as usize * UNHEARD_MS_MAX / 1000 {
            (self.candidate, self.agreeing, self.unheard) = (None, 0, 0);
            return self.let_go(&mut heard);
        }
        let looks = samples / (self.length() / 2);
        self.unheard = self.unheard.saturating_add(looks as u8);
        if self.candidate.is_some() {
            self.agreeing = self.agreeing.saturating_add(1);
            self.believe(&mut heard);
        }
    }

    fn length(&self) -> usize {
        (self.rate as usize * LOOK_US / 1_000_000).min(LOOK_MAX)
    }

    fn note(&mut self, seen: Option<u8>, heard: &mut impl FnMut(Heard)) {
        let unheard = std::mem::take(&mut self.unheard);
        if seen.is_some() && seen == self.down {
            (self.missing, self.ended) = (0, self.at);
            (self.candidate, self.agreeing) = (None, 0);
            return;
        }
        if self.down.is_some() {
            let besides = if self.missing > 0 { unheard } else { 0 };
            self.missing = self.missing.saturating_add(1 + besides);
            if self.missing >= LOOKS_TO_FORGET {
                self.let_go(heard);
            }
        }
        match (seen, self.candidate) {
            (Some(key), Some((candidate, _))) if key == candidate => {
                self.agreeing = self.agreeing.saturating_add(1 + unheard);
            }
            (Some(key), _) => {
                let began = self.at.wrapping_sub(self.length() as u32);
                (self.candidate, self.agreeing) = (Some((key, began)), 1 + unheard.min(1));
            }
            (None, _) => (self.candidate, self.agreeing) = (None, 0),
        }
        self.believe(heard);
    }

    fn believe(&mut self, heard: &mut impl FnMut(Heard)) {
        let Some((key, began)) = self.candidate.filter(|_| self.agreeing >= LOOKS_TO_BELIEVE) else { return };
        self.let_go(heard);
        (self.down, self.ended) = (Some(key), self.at);
        (self.candidate, self.agreeing) = (None, 0);
        heard(Heard::Down { key, began });
    }

    fn let_go(&mut self, heard: &mut impl FnMut(Heard)) {
        self.missing = 0;
        if self.down.take().is_some() {
            heard(Heard::Up { ended: self.ended });
        }
    }

    fn key_of(&self, length: usize) -> Option<u8> {
        let look = &self.look[..length];
        let power = power_of(look);
        let size = length as f32;
        let floor = (AMPLITUDE_MIN * size / 2.0).powi(2);
        if power < AMPLITUDE_MIN * AMPLITUDE_MIN * size / 2.0 {
            return None;
        }
        let powers = powers_by(look, &self.pitches);
        let (rows, columns) = powers.split_at(ROWS.len());
        let (row, column) = (strongest(rows)?, strongest(columns)?);
        let (low, high) = (rows[row], columns[column]);
        let is_loud = low > floor && high > floor;
        let is_even = high < low * COLUMN_ABOVE_ROW && low < high * ROW_ABOVE_COLUMN;
        let is_pure = (low + high) * 2.0 / size > power * SHARE;
        (is_loud && is_even && is_pure).then_some(EVENTS[row][column])
    }
}

/// The one that stands out, if one does.
fn strongest(group: &[f32]) -> Option<usize> {
    let best = (0..4).max_by(|one, other| group[*one].total_cmp(&group[*other]))?;
    let stands_out = |at: usize| at == best || group[best] > group[at] * ABOVE_OTHERS;
    (0..4).all(stands_out).then_some(best)
}
