//! What phones really do, when it became so, and how long it took until a key showed it.

use std::time::{Duration, Instant};

/// What a key of a console shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lamp {
    Dark,
    Trying,
    Early,
    Confirmed,
}

/// The way of each lamp, from the beginning.
#[derive(Debug)]
pub(crate) struct Truth {
    ways: Vec<Vec<(Instant, Lamp)>>,
    lags: Vec<Duration>,
    told: usize,
    objections: Vec<String>,
    wrong: usize,
}

/// So many objections are kept in words.
const WORDS_MAX: usize = 10;

/// How a house did.
#[derive(Clone, Debug, Default)]
pub struct Verdict {
    pub subscriptions: usize,
    pub calls: usize,
    /// Calls that went on when the verdict was asked for.
    pub still_up: usize,
    /// NOTIFYs that came, copies left out.
    pub told: usize,
    /// From the moment something was so until a key showed it, or what was so later; in order. A key for
    /// each watcher and change.
    pub lags: Vec<Duration>,
    /// What was wrong, in words, and how much of it: some of the words are left out.
    pub objections: Vec<String>,
    pub wrong: usize,
}

impl Verdict {
    /// The lag that so many of a thousand do not exceed.
    pub fn lag(&self, of_a_thousand: usize) -> Duration {
        let last = self.lags.len().saturating_sub(1);
        self.lags.get(last * of_a_thousand / 1000).copied().unwrap_or_default()
    }

    pub(crate) fn object(&mut self, words: String) {
        self.wrong += 1;
        if self.objections.len() < WORDS_MAX {
            self.objections.push(words);
        }
    }
}

impl Truth {
    pub fn new(users: usize, now: Instant) -> Truth {
        let ways = vec![vec![(now, Lamp::Dark)]; users];
        Truth { ways, lags: Vec::new(), told: 0, objections: Vec::new(), wrong: 0 }
    }

    /// From now on this is so.
    pub fn becomes(&mut self, now: Instant, user: usize, lamp: Lamp) {
        if self.now(user) != lamp {
            self.ways[user].push((now, lamp));
        }
    }

    pub fn now(&self, user: usize) -> Lamp {
        self.ways[user].last().map_or(Lamp::Dark, |(_, lamp)| *lamp)
    }

    /// A key whose lamp has come so far shows this now; returns how far it has come. What it passes over
    /// has been shown as well: whoever sees that a call is over need not see that it rang.
    pub fn shown(&mut self, now: Instant, user: usize, come: usize, lamp: Lamp) -> Option<usize> {
        self.told += 1;
        let way = &self.ways[user];
        let place = way.iter().skip(come).position(|(_, one)| *one == lamp);
        let Some(place) = place.map(|place| come + place) else {
            // The same once more.
            return come.checked_sub(1).filter(|last| way[*last].1 == lamp).map(|_| come);
        };
        let lags = way[come..=place].iter().map(|(at, _)| now.saturating_duration_since(*at));
        // How it was when the key was lit is no change.
        self.lags.extend(lags.filter(|_| come > 0));
        Some(place + 1)
    }

    pub fn object(&mut self, words: String) {
        self.wrong += 1;
        if self.objections.len() < WORDS_MAX {
            self.objections.push(words);
        }
    }

    pub fn verdict(&self) -> Verdict {
        let mut lags = self.lags.clone();
        lags.sort_unstable();
        let (told, wrong) = (self.told, self.wrong);
        Verdict { told, lags, objections: self.objections.clone(), wrong, ..Verdict::default() }
    }
}
