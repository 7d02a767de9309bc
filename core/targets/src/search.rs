//! One search for a server's addresses. Where DNS fails, what it said before has to do.

use std::time::Duration;

use sip_message::Uri;
use sip_stack::Chance;
use sip_stack::locate::{DnsAnswer, DnsFound, DnsQuestion, Locate, Step, Target, Usable};

/// A failure is asked about again after this time.
pub(crate) const AGAIN_AFTER: Duration = Duration::from_secs(10);
/// Nothing is believed for less, or asked more often.
const TTL_MIN: Duration = Duration::from_secs(1);
const TTL_MAX: Duration = Duration::from_secs(24 * 3600);

/// A search under way: what it asked last, and all that was answered.
#[derive(Debug)]
pub(crate) struct Search {
    locate: Locate,
    asked: Option<DnsQuestion>,
    answers: Vec<DnsAnswer>,
    failed: bool,
    freshness: Freshness,
}

/// What a search needs, or has come to.
pub(crate) enum Found {
    Ask(DnsQuestion),
    /// Answers that lead to addresses, and for how long they hold.
    Known {
        targets: Vec<Target>,
        answers: Vec<DnsAnswer>,
        ttl: Duration,
        freshness: Freshness,
    },
    /// DNS says that there is nothing.
    Nothing {
        ttl: Duration,
    },
    /// DNS didn't say enough to find anything.
    Unsaid {
        ttl: Duration,
    },
}

/// Whether DNS said all of it now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Freshness {
    Fresh,
    /// Part of it is what DNS said before.
    Stale,
}

impl Search {
    pub fn begin(target: &str, usable: Usable<'_>) -> Option<Search> {
        let uri = Uri::parse(target).ok()?;
        let locate = Locate::begin(&uri, usable);
        Some(Search { locate, asked: None, answers: Vec::new(), failed: false, freshness: Freshness::Fresh })
    }

    /// Whether this is the answer that it waits for.
    pub fn waits_for(&self, answer: &DnsAnswer) -> bool {
        self.asked.as_ref() == Some(&answer.question)
    }

    /// Goes on; `before` is what DNS said the last time.
    pub fn step(&mut self, answer: Option<DnsAnswer>, before: &[DnsAnswer], chance: &mut Chance) -> Found {
        if let Some(answer) = answer {
            let kept = self.kept(answer, before);
            self.answers.push(kept);
        }
        match self.locate.step(&self.answers, chance) {
            Step::Ask(question) => {
                self.asked = Some(question.clone());
                Found::Ask(question)
            }
            Step::Found(targets) => {
                let answers = std::mem::take(&mut self.answers);
                Found::Known { targets, answers, ttl: self.ttl(), freshness: self.freshness }
            }
            Step::NotFound if self.failed => Found::Unsaid { ttl: self.ttl() },
            Step::NotFound => Found::Nothing { ttl: self.ttl() },
        }
    }

    /// The answer, or, if it is a failure, what was answered before.
    fn kept(&mut self, answer: DnsAnswer, before: &[DnsAnswer]) -> DnsAnswer {
        if answer.found != DnsFound::Failed {
            return answer;
        }
        self.failed = true;
        match before.iter().find(|known| known.question == answer.question) {
            Some(known) if known.found != DnsFound::Failed => {
                self.freshness = Freshness::Stale;
                known.clone()
            }
            _ => answer,
        }
    }

    fn ttl(&self) -> Duration {
        if self.failed { AGAIN_AFTER } else { self.locate.ttl().clamp(TTL_MIN, TTL_MAX) }
    }
}
