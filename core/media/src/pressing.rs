//! Key presses of one side, as the other side is to be told of them: by events (RFC 4733), by tones in the
//! sound, or by messages of the call.
//!
//! There is no clock here either: a press goes on with the packets of whoever pressed, and its time is
//! theirs. Lengths are in ticks of 125 microseconds, which every codec here counts in whole numbers.

use rtp::TelephoneEvent;
use sound::keys::{Heard, KEYS, KeyEar, KeyTone};

use crate::spoken::{Events, Keys};

/// Ticks in a second, and in a millisecond.
pub(crate) const TICKS: u32 = 8_000;
const MS: u32 = TICKS / 1_000;
/// Presses beyond these are not told of.
const WAITING_MAX: usize = 32;
/// Who presses for a shorter time, or pauses so, is not understood everywhere.
const LENGTH_MIN: u32 = 60 * MS;
const PAUSE_MIN: u32 = 60 * MS;
/// Nobody holds a key down for longer, whatever is said.
const LENGTH_MAX: u32 = 60 * 1_000 * MS;
/// Whoever said nothing more of a press for so long has let go: twice the usual 50 ms.
const UNHEARD_MAX: u32 = 100 * MS;
/// The last of an event is said so often (RFC 4733, 2.5.1.4).
const LAST_WORDS: u8 = 3;
/// How loud a key is, in dB below the loudest tone: about as loud as ours.
const VOLUME: u8 = 10;

/// A press of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Press {
    /// Its event (RFC 4733, 3.2).
    key: u8,
    pub ms: u16,
}

impl Press {
    /// Nothing, where the event is no key's.
    pub fn new(event: u8, ms: u16) -> Option<Press> {
        (event < KEYS).then_some(Press { key: event, ms })
    }

    pub fn key(self) -> u8 {
        self.key
    }
}

/// One direction.
pub(crate) struct Pressing {
    source: Source,
    sink: Sink,
    /// In their order; the first is the one that is told of.
    presses: [Known; WAITING_MAX],
    waiting: usize,
    /// The number of the first.
    first: u32,
    /// The number of the last, while it may still become longer.
    growing: Option<u32>,
}

/// A press as far as it is known.
#[derive(Clone, Copy, Default)]
struct Known {
    key: u8,
    length: u32,
    is_up: bool,
    /// In samples of the ear.
    began: u32,
}

enum Source {
    Events { clock: u32, report: Option<Report> },
    Tones { rate: u32, ear: Box<KeyEar> },
    Told,
}

/// What was said of an event last.
struct Report {
    timestamp: u32,
    key: u8,
    /// How long it was, in its own clock, before it went on as another (RFC 4733, 2.5.1.3).
    before: u32,
    /// So much sound came since.
    unheard: u32,
}

enum Sink {
    Events { to: Events, telling: Option<Telling>, pause: u32 },
    Tones { rate: u32, tone: Option<KeyTone>, played: u32, pause: u32 },
    Told,
}

/// An event that is under way.
struct Telling {
    begins: u32,
    elapsed: u32,
    last_words: u8,
}

/// An event to be sent in place of a packet of sound.
pub(crate) struct Said {
    /// In the clock of the sound that came.
    pub begins: u32,
    pub is_first: bool,
    pub event: TelephoneEvent,
    pub payload_type: u8,
}

impl Pressing {
    /// Nothing, where both sides tell presses in the same way, or one in none.
    pub fn between(from: Keys, to: Keys, [rate_in, rate_out]: [u32; 2]) -> Option<Pressing> {
        let (source, sink) = match (from, to) {
            (Keys::Unheard, _) | (_, Keys::Unheard) => return None,
            (Keys::Events(_), Keys::Events(_)) | (Keys::Tones, Keys::Tones) | (Keys::Told, Keys::Told) => {
                return None;
            }
            (from, to) => (Source::of(from, rate_in)?, Sink::of(to, rate_out)?),
        };
        let presses = [Known::default(); WAITING_MAX];
        Some(Pressing { source, sink, presses, waiting: 0, first: 0, growing: None })
    }

    /// A message of the call said it.
    pub fn press(&mut self, press: Press) {
        let length = (u32::from(press.ms) * MS).max(LENGTH_MIN);
        self.push(Known { key: press.key, length, is_up: true, began: 0 });
    }

    /// An event said it, once more or for the first time.
    pub fn note(&mut self, timestamp: u32, event: &TelephoneEvent) {
        let Source::Events { clock, report } = &mut self.source else { return };
        let clock = *clock;
        let said = report.as_ref().map_or(Fits::New, |last| last.fits(timestamp, event.event));
        let before = match said {
            Fits::Old => return,
            Fits::Same(before) | Fits::GoesOn(before) => before,
            Fits::New => 0,
        };
        *report = Some(Report { timestamp, key: event.event, before, unheard: 0 });
        if said == Fits::New {
            self.let_go();
            if event.digit().is_some() {
                self.push(Known { key: event.event, ..Known::default() });
            }
        }
        let duration = u64::from(before) + u64::from(event.duration);
        let ticks = duration * u64::from(TICKS) / u64::from(clock);
        self.grow(u32::try_from(ticks).unwrap_or(LENGTH_MAX));
        if event.end {
            self.let_go();
        }
    }

    /// Takes sound, after so many samples that never came: from where on nobody is to hear it.
    pub fn listen(&mut self, missed: usize, fresh: &[i16]) -> Option<usize> {
        let Source::Tones { rate, ear } = &mut self.source else { return None };
        let (mut what, mut count) = ([None; 4], 0);
        let mut note = |heard: Heard| {
            if let Some(place) = what.get_mut(count) {
                (*place, count) = (Some(heard), count + 1);
            }
        };
        let was_down = ear.down().is_some();
        if missed > 0 {
            ear.miss(missed, &mut note);
        }
        ear.hear(fresh, &mut note);
        let (rate, at, last) = (*rate, ear.at(), ear.heard_last());
        let (is_down, suspected) = (ear.down().is_some(), ear.suspects());
        for heard in what.into_iter().flatten() {
            match heard {
                Heard::Down { key, began } => {
                    self.let_go();
                    self.push(Known { key, began, ..Known::default() });
                }
                Heard::Up { ended } => {
                    self.grow_until(ended, rate);
                    self.let_go();
                }
            }
        }
        if is_down {
            self.grow_until(last, rate);
        }
        let since = |began: u32| fresh.len().saturating_sub(at.wrapping_sub(began) as usize);
        if was_down || count > 0 { Some(0) } else { suspected.map(since) }
    }

    /// So much sound came: an event of which nothing was said for too long is over.
    pub fn pass(&mut self, ticks: u32) {
        let Source::Events { report: Some(report), .. } = &mut self.source else { return };
        report.unheard = report.unheard.saturating_add(ticks);
        if report.unheard > UNHEARD_MAX {
            self.let_go();
        }
    }

    /// Whether a tone sounds, or is about to.
    pub fn is_sounding(&self) -> bool {
        matches!(&self.sink, Sink::Tones { pause, .. } if self.waiting > 0 || *pause > 0)
    }

    /// Lays tones over sound that is about to leave.
    pub fn sound(&mut self, samples: &mut [i16]) {
        let mut rest = samples;
        while !rest.is_empty() && self.is_sounding() {
            let press = self.presses[0];
            let Sink::Tones { rate, tone, played, pause } = &mut self.sink else { return };
            let samples = |ticks: u32| ticks * (*rate / TICKS);
            if *pause > 0 {
                let (now, later) = rest.split_at_mut(rest.len().min(*pause as usize));
                now.fill(0);
                *pause -= now.len() as u32;
                rest = later;
                continue;
            }
            let more = if press.is_up { 0 } else { UNHEARD_MAX };
            let left = samples(press.length.max(LENGTH_MIN) + more).saturating_sub(*played);
            if let Some(tone) = tone.as_mut().filter(|_| left > 0) {
                let (now, later) = rest.split_at_mut(rest.len().min(left as usize));
                tone.fill(now);
                *played += now.len() as u32;
                rest = later;
            } else if left > 0 && tone.is_none() {
                *tone = KeyTone::new(press.key, *rate);
            } else {
                (*tone, *played, *pause) = (None, 0, samples(PAUSE_MIN));
                self.pop();
            }
        }
    }

    /// What is to be said in place of so many ticks of sound, which end at `due` in a clock.
    pub fn say(&mut self, span: u32, due: u32, clock: u32) -> Option<Said> {
        let press = self.presses[0];
        let Sink::Events { to, telling, pause } = &mut self.sink else { return None };
        let is_first = telling.is_none();
        if is_first {
            if self.waiting == 0 || *pause > 0 {
                *pause = pause.saturating_sub(span);
                return None;
            }
            let ago = match &self.source {
                Source::Tones { rate, ear } => ear.at().wrapping_sub(press.began) / (rate / TICKS),
                Source::Events { .. } | Source::Told => span,
            };
            let begins = due.wrapping_sub(ago * (clock / TICKS));
            *telling = Some(Telling { begins, elapsed: 0, last_words: 0 });
        }
        let under_way = telling.as_mut()?;
        under_way.elapsed += span;
        let begins = under_way.begins;
        let is_told = matches!(self.source, Source::Told);
        let length = if is_told { press.length.min(under_way.elapsed) } else { press.length };
        let end = press.is_up && length >= press.length;
        if end {
            under_way.last_words += 1;
        }
        let (payload_type, duration) = (to.payload_type, in_clock(length, to.clock));
        if under_way.last_words == LAST_WORDS {
            (*telling, *pause) = (None, if is_told { PAUSE_MIN } else { 0 });
            self.pop();
        }
        let event = TelephoneEvent { event: press.key, end, volume: VOLUME, duration };
        Some(Said { begins, is_first, event, payload_type })
    }

    /// A press that a message of the call is to tell.
    pub fn told(&mut self) -> Option<Press> {
        let press = self.presses[0];
        let is_over = matches!(self.sink, Sink::Told) && self.waiting > 0 && press.is_up;
        is_over.then(|| {
            self.pop();
            Press { key: press.key, ms: (press.length / MS).min(u16::MAX.into()) as u16 }
        })
    }

    fn push(&mut self, press: Known) {
        let Some(place) = self.presses.get_mut(self.waiting) else { return };
        *place = press;
        self.growing = (!press.is_up).then_some(self.first.wrapping_add(self.waiting as u32));
        self.waiting += 1;
    }

    fn pop(&mut self) {
        self.presses.copy_within(1..self.waiting.max(1), 0);
        self.waiting = self.waiting.saturating_sub(1);
        self.first = self.first.wrapping_add(1);
    }

    fn last(&mut self) -> Option<&mut Known> {
        let place = self.growing?.wrapping_sub(self.first) as usize;
        self.presses[..self.waiting].get_mut(place)
    }

    fn grow(&mut self, length: u32) {
        if let Some(last) = self.last() {
            last.length = last.length.max(length.min(LENGTH_MAX));
        }
    }

    /// It is as long as until then, in samples of the ear.
    fn grow_until(&mut self, then: u32, rate: u32) {
        if let Some(began) = self.last().map(|last| last.began) {
            self.grow(then.wrapping_sub(began) / (rate / TICKS));
        }
    }

    fn let_go(&mut self) {
        if let Some(last) = self.last() {
            last.is_up = true;
        }
        self.growing = None;
    }
}

/// How an event follows the last.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fits {
    New,
    /// It was so long before.
    Same(u32),
    GoesOn(u32),
    /// It was over before the last began.
    Old,
}

impl Report {
    fn fits(&self, timestamp: u32, key: u8) -> Fits {
        const LONGEST: u32 = u16::MAX as u32;
        match timestamp.wrapping_sub(self.timestamp) {
            0 if key == self.key => Fits::Same(self.before),
            LONGEST if key == self.key => Fits::GoesOn(self.before.saturating_add(LONGEST)),
            passed if passed as i32 <= 0 => Fits::Old,
            _ => Fits::New,
        }
    }
}

impl Source {
    fn of(keys: Keys, rate: u32) -> Option<Source> {
        Some(match keys {
            Keys::Unheard => return None,
            Keys::Events(events) => Source::Events { clock: events.clock.max(1), report: None },
            Keys::Tones => Source::Tones { rate, ear: Box::new(KeyEar::new(rate)) },
            Keys::Told => Source::Told,
        })
    }
}

impl Sink {
    fn of(keys: Keys, rate: u32) -> Option<Sink> {
        Some(match keys {
            Keys::Unheard => return None,
            Keys::Events(to) => Sink::Events { to, telling: None, pause: 0 },
            Keys::Tones => Sink::Tones { rate, tone: None, played: 0, pause: 0 },
            Keys::Told => Sink::Told,
        })
    }
}

/// As long as one event may be, where it is longer.
fn in_clock(ticks: u32, clock: u32) -> u16 {
    (u64::from(ticks) * u64::from(clock) / u64::from(TICKS)).min(u16::MAX.into()) as u16
}
