//! Random tales of the house: days with calls, losses, bad habits and deaths; calls to which anything may be
//! done. A seed tells the whole tale.

mod chaos;
mod day;
mod media;
mod policies;
mod sequence;

pub use media::Counts;
pub use policies::{Compared, Disagreement, compare};

use std::any::Any;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use crate::chronicle::Chronicle;
use crate::judges::Speech;

/// What so many days came to.
#[derive(Clone, Debug, Default)]
pub struct Summary {
    pub seeds: u64,
    pub calls: u64,
    /// Calls that were answered.
    pub answered: u64,
    /// Calls for help.
    pub emergencies: u64,
    /// Time that passed in the worlds.
    pub lived: Duration,
    pub failures: Vec<Failure>,
}

/// A day on which a judge spoke, or the house broke down.
#[derive(Clone, Debug)]
pub struct Failure {
    pub seed: u64,
    pub speeches: Vec<Speech>,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "seed {}:", self.seed)?;
        self.speeches.iter().try_for_each(|speech| write!(f, "\n  {speech}"))
    }
}

/// What a seed is a seed of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tale {
    /// A day with calls of everybody, who have bad habits and die.
    Day,
    /// One call, and whatever its parties may do to it, in a house of so many shards.
    Sequence { shards: u8 },
}

/// Lives through `count` tales, one for each seed from `from` on.
pub fn run(tale: Tale, from: u64, count: u64) -> Summary {
    let mut summary = Summary::default();
    for seed in from..from + count {
        add(&mut summary, tale, seed, Chronicle::Silent);
    }
    summary
}

/// Lives through one tale and adds it to the others.
pub fn add(summary: &mut Summary, tale: Tale, seed: u64, chronicle: Chronicle) {
    summary.seeds += 1;
    let live = || match tale {
        Tale::Day => day::live(seed, chronicle),
        Tale::Sequence { shards } => sequence::live(seed, shards, chronicle),
    };
    let outcome = catch_unwind(AssertUnwindSafe(live));
    let speeches = match outcome {
        Ok(day) => {
            summary.calls += day.calls;
            summary.answered += day.answered;
            summary.emergencies += day.emergencies;
            summary.lived += day.lived;
            day.speeches
        }
        Err(panic) => broke_down(panic.as_ref()),
    };
    if !speeches.is_empty() {
        summary.failures.push(Failure { seed, speeches });
    }
}

fn broke_down(panic: &(dyn Any + Send)) -> Vec<Speech> {
    let words = panic.downcast_ref::<String>().map(String::as_str);
    let words = words.or_else(|| panic.downcast_ref::<&str>().copied());
    let words = words.unwrap_or("a panic without words").to_owned();
    vec![Speech { judge: "panic", words }]
}

/// What hours of chaos came to.
#[derive(Clone, Debug, Default)]
pub struct Chaos {
    pub hours: u64,
    pub calls: u64,
    pub answered: u64,
    /// Calls that failed while nobody lived who could have taken them.
    pub hopeless: u64,
    /// Calls that rang at somebody who died then.
    pub rung: u64,
    pub failures: Vec<Failure>,
}

impl Chaos {
    /// Other hours beside these.
    pub fn add(&mut self, other: Chaos) {
        self.hours += other.hours;
        self.calls += other.calls;
        self.answered += other.answered;
        self.hopeless += other.hopeless;
        self.rung += other.rung;
        self.failures.extend(other.failures);
    }
}

/// Lives through chaos that lasts for so long, mostly an hour, and through the minutes after it.
pub fn survive(seed: u64, lasts: Duration, chronicle: Chronicle) -> Chaos {
    let mut sum = Chaos { hours: 1, ..Chaos::default() };
    let speeches = match catch_unwind(AssertUnwindSafe(|| chaos::live(seed, lasts, chronicle))) {
        Ok(hour) => {
            (sum.calls, sum.answered) = (hour.calls, hour.answered);
            (sum.hopeless, sum.rung) = (hour.hopeless, hour.rung);
            hour.speeches
        }
        Err(panic) => broke_down(panic.as_ref()),
    };
    if !speeches.is_empty() {
        sum.failures.push(Failure { seed, speeches });
    }
    sum
}

/// What seeds of calls under attack came to.
#[derive(Clone, Debug, Default)]
pub struct Besieged {
    pub seeds: u64,
    pub calls: u64,
    pub counts: Counts,
    /// Time that passed in the worlds.
    pub lived: Duration,
    pub failures: Vec<Failure>,
}

impl Besieged {
    /// Lives through the calls of one more seed, in a house of so many shards.
    pub fn add(&mut self, seed: u64, shards: u8, chronicle: Chronicle) {
        self.seeds += 1;
        let speeches = match catch_unwind(AssertUnwindSafe(|| media::live(seed, shards, chronicle))) {
            Ok(minute) => {
                self.calls += minute.calls;
                self.lived += minute.lived;
                self.counts.add(minute.counts);
                minute.speeches
            }
            Err(panic) => broke_down(panic.as_ref()),
        };
        if !speeches.is_empty() {
            self.failures.push(Failure { seed, speeches });
        }
    }
}
