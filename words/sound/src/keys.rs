//! Key presses as two tones at once: made, and heard (ITU-T Q.23, Q.24).

use std::f64::consts::TAU;

use crate::noise::power_at;

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

/// So long each look at the sound is: the rows are 73 hertz apart and more.
const LOOK_US: usize = 12_750;
/// Two looks agree on a key that is pressed, three see nothing of one that was let go.
const LOOKS_TO_BELIEVE: u8 = 2;
const LOOKS_TO_FORGET: u8 = 3;
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
    look: [i16; LOOK_MAX],
    filled: usize,
    /// The key that is believed to be down.
    down: Option<u8>,
    candidate: Option<u8>,
    agreeing: u8,
    missing: u8,
}

const LOOK_MAX: usize = 204;

impl KeyEar {
    pub fn new(rate: u32) -> KeyEar {
        KeyEar { rate, look: [0; LOOK_MAX], filled: 0, down: None, candidate: None, agreeing: 0, missing: 0 }
    }

    /// The key that is down, as far as it was heard.
    pub fn down(&self) -> Option<u8> {
        self.down
    }

    /// Takes sound, and says each key that went down in it.
    pub fn hear(&mut self, samples: &[i16], mut pressed: impl FnMut(u8)) {
        let length = (self.rate as usize * LOOK_US / 1_000_000).min(LOOK_MAX);
        let mut rest = samples;
        while !rest.is_empty() {
            let (now, later) = rest.split_at((length - self.filled).min(rest.len()));
            self.look[self.filled..self.filled + now.len()].copy_from_slice(now);
            self.filled += now.len();
            rest = later;
            if self.filled == length {
                self.filled = 0;
                let seen = self.key_of(length);
                self.note(seen, &mut pressed);
            }
        }
    }

    fn note(&mut self, seen: Option<u8>, pressed: &mut impl FnMut(u8)) {
        if seen.is_some() && seen == self.down {
            self.missing = 0;
            return;
        }
        if self.down.is_some() {
            self.missing += 1;
            if self.missing >= LOOKS_TO_FORGET {
                (self.down, self.missing) = (None, 0);
            }
        }
        match seen {
            Some(key) if self.candidate == Some(key) => self.agreeing += 1,
            _ => (self.candidate, self.agreeing) = (seen, u8::from(seen.is_some())),
        }
        if let Some(key) = seen.filter(|_| self.agreeing >= LOOKS_TO_BELIEVE) {
            (self.down, self.missing, self.agreeing, self.candidate) = (Some(key), 0, 0, None);
            pressed(key);
        }
    }

    fn key_of(&self, length: usize) -> Option<u8> {
        let look = &self.look[..length];
        let power: f32 = look.iter().map(|sample| f32::from(*sample).powi(2)).sum();
        let size = length as f32;
        let floor = (AMPLITUDE_MIN * size / 2.0).powi(2);
        if power < AMPLITUDE_MIN * AMPLITUDE_MIN * size / 2.0 {
            return None;
        }
        let strengths = |group: [u16; 4]| group.map(|hertz| power_at(look, hertz.into(), self.rate as f32));
        let (rows, columns) = (strengths(ROWS), strengths(COLUMNS));
        let (row, column) = (strongest(&rows)?, strongest(&columns)?);
        let (low, high) = (rows[row], columns[column]);
        let is_loud = low > floor && high > floor;
        let is_even = high < low * COLUMN_ABOVE_ROW && low < high * ROW_ABOVE_COLUMN;
        let is_pure = (low + high) * 2.0 / size > power * SHARE;
        (is_loud && is_even && is_pure).then_some(EVENTS[row][column])
    }
}

/// The one that stands out, if one does.
fn strongest(group: &[f32; 4]) -> Option<usize> {
    let best = (0..4).max_by(|one, other| group[*one].total_cmp(&group[*other]))?;
    let stands_out = |at: usize| at == best || group[best] > group[at] * ABOVE_OTHERS;
    (0..4).all(stands_out).then_some(best)
}
