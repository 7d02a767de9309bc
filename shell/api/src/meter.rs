//! What is counted of calls that ended.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use call::{Outcome, Record};
use policy::Direction;

/// Seconds until somebody is told of an answer, or of ringing.
pub const WAITS: &[f64] = &[0.1, 0.25, 0.5, 1.0, 2.0, 3.0, 5.0, 8.0, 13.0, 20.0, 30.0, 60.0];
/// Seconds of talk.
pub const TALKS: &[f64] = &[10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1_800.0, 3_600.0, 7_200.0];

/// Mean opinions, from 1 to 4.5: where listeners go from pleased to content, to annoyed (G.107, annex B).
pub const OPINIONS: &[f64] = &[2.0, 2.58, 3.1, 3.6, 4.03, 4.34];
/// Seconds that packets stray from their beat.
pub const JITTERS: &[f64] = &[0.001, 0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.2];

/// Figures of all calls since the start. Labels are names of trunks and words of ours, never what callers
/// say.
#[derive(Debug)]
pub struct Meter(Mutex<Counts>);

#[derive(Clone, Debug)]
pub struct Counts {
    pub calls: BTreeMap<CallKind, u64>,
    /// Attempts that were not the last of their call, by trunk and by status.
    pub failovers: BTreeMap<(String, u16), u64>,
    pub emergencies: u64,
    /// Parties that were to be heard and were not, by trunk and by the likeliest cause.
    pub missed: BTreeMap<(String, &'static str), u64>,
    pub lost_packets: [u64; 2],
    /// Of each direction of each call that came to us.
    pub opinions: Histogram,
    pub jitter: Histogram,
    pub setup: Histogram,
    pub post_dial: Histogram,
    pub talk: Histogram,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CallKind {
    /// The trunk that the call came by or went out by; nothing for calls inside.
    pub trunk: String,
    pub direction: &'static str,
    pub outcome: &'static str,
    /// "2xx" to "6xx".
    pub class: &'static str,
}

/// How many values were at most so large.
#[derive(Clone, Debug)]
pub struct Histogram {
    pub bounds: &'static [f64],
    /// For each bound, those that are above the one before.
    pub counts: Vec<u64>,
    pub sum: f64,
    pub count: u64,
}

impl Default for Meter {
    fn default() -> Meter {
        Meter(Mutex::new(Counts {
            calls: BTreeMap::new(),
            failovers: BTreeMap::new(),
            emergencies: 0,
            missed: BTreeMap::new(),
            lost_packets: [0; 2],
            opinions: Histogram::new(OPINIONS),
            jitter: Histogram::new(JITTERS),
            setup: Histogram::new(WAITS),
            post_dial: Histogram::new(WAITS),
            talk: Histogram::new(TALKS),
        }))
    }
}

impl Meter {
    /// Counts calls that ended.
    pub fn count(&self, records: &[Record]) {
        let mut counts = self.lock();
        records.iter().for_each(|record| counts.add(record));
    }

    /// What was counted until now.
    pub fn read(&self) -> Counts {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Counts {
    fn add(&mut self, record: &Record) {
        let last = record.attempts.last().map_or("", |attempt| name_of(&attempt.callee));
        let trunk = match record.direction {
            Some(Direction::Outbound | Direction::Transit) => last,
            Some(Direction::Inbound) => &record.calling,
            Some(Direction::Internal) | None => "",
        };
        let kind = CallKind {
            trunk: trunk.to_owned(),
            direction: record.direction.map_or("none", word_of_direction),
            outcome: word_of_outcome(record.outcome),
            class: class_of(record.sip_code),
        };
        *self.calls.entry(kind).or_default() += 1;
        self.emergencies += u64::from(record.emergency);
        if matches!(record.direction, Some(Direction::Outbound | Direction::Transit)) {
            let earlier = record.attempts.split_last().map_or(&[][..], |(_, earlier)| earlier);
            for attempt in earlier {
                let place = (name_of(&attempt.callee).to_owned(), attempt.sip_code.unwrap_or(0));
                *self.failovers.entry(place).or_default() += 1;
            }
        }
        for missed in &record.missed {
            let trunk = missed.trunk.as_deref().unwrap_or_default().to_owned();
            *self.missed.entry((trunk, missed.code)).or_default() += 1;
        }
        if let Some(media) = &record.media {
            for (lost, side) in self.lost_packets.iter_mut().zip([&media.caller, &media.callee]) {
                *lost += side.lost;
                if let Some(opinion) = side.mos_in {
                    self.opinions.add(opinion);
                    self.jitter.add(side.jitter_us as f64 / 1e6);
                }
            }
        }
        let waited = |until: i64| (until - record.started.0).max(0) as f64 / 1e3;
        if let Some(rang) = record.rang.or(record.answered) {
            self.post_dial.add(waited(rang.0));
        }
        if let Some(answered) = record.answered {
            self.setup.add(waited(answered.0));
            self.talk.add(record.talk_ms as f64 / 1e3);
        }
    }
}

impl Histogram {
    fn new(bounds: &'static [f64]) -> Histogram {
        Histogram { bounds, counts: vec![0; bounds.len()], sum: 0.0, count: 0 }
    }

    fn add(&mut self, value: f64) {
        if let Some(at) = self.bounds.iter().position(|bound| value <= *bound) {
            self.counts[at] += 1;
        }
        self.sum += value;
        self.count += 1;
    }
}

/// The name alone of "trunk east".
fn name_of(callee: &str) -> &str {
    callee.strip_prefix("trunk ").unwrap_or(callee)
}

fn word_of_direction(direction: Direction) -> &'static str {
    match direction {
        Direction::Outbound => "outbound",
        Direction::Inbound => "inbound",
        Direction::Internal => "internal",
        Direction::Transit => "transit",
    }
}

fn word_of_outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Answered => "answered",
        Outcome::Cancelled => "cancelled",
        Outcome::Busy => "busy",
        Outcome::NoAnswer => "no_answer",
        Outcome::Refused => "refused",
        Outcome::Failed => "failed",
    }
}

fn class_of(status: u16) -> &'static str {
    match status / 100 {
        2 => "2xx",
        3 => "3xx",
        4 => "4xx",
        5 => "5xx",
        6 => "6xx",
        _ => "none",
    }
}
