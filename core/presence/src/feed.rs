//! News between shards, numbered: whoever misses one finds out, and asks for all of them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use crate::known::Known;
use crate::limits::BEAT;

/// What shards tell each other about people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// What a shard knows of a person from now on.
    Of { shard: u8, number: u64, user: Arc<str>, known: Arc<Known> },
    /// So many news there were.
    Count { shard: u8, number: u64 },
    /// Somebody missed some of them.
    Missed { of: u8 },
    /// All that a shard knows; of anybody else it knows nothing.
    All { shard: u8, number: u64, users: Arc<[(Arc<str>, Arc<Known>)]> },
}

/// Counts what is said and what is heard.
#[derive(Debug)]
pub(crate) struct Feed {
    own: u8,
    said: u64,
    beat_at: Option<Instant>,
    heard: BTreeMap<u8, Heard>,
}

#[derive(Debug, Default)]
struct Heard {
    number: u64,
    ask_again_at: Option<Instant>,
}

/// Whether something is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Gap {
    None,
    /// It was asked for a moment ago.
    Asked,
    Ask,
}

impl Feed {
    pub fn new(own: u8) -> Feed {
        Feed { own, said: 0, beat_at: None, heard: BTreeMap::new() }
    }

    pub fn say(&mut self, now: Instant, user: &Arc<str>, known: &Arc<Known>) -> News {
        self.said += 1;
        self.beat_at = Some(now + BEAT);
        News::Of { shard: self.own, number: self.said, user: Arc::clone(user), known: Arc::clone(known) }
    }

    pub fn say_all(&self, users: Vec<(Arc<str>, Arc<Known>)>) -> News {
        News::All { shard: self.own, number: self.said, users: users.into() }
    }

    pub fn deadline(&self) -> Option<Instant> {
        self.beat_at
    }

    /// The last news may have been the one that was lost.
    pub fn beat(&mut self, now: Instant) -> Option<News> {
        self.beat_at.take_if(|at| *at <= now)?;
        Some(News::Count { shard: self.own, number: self.said })
    }

    /// One of the news of a shard has come.
    pub fn hear(&mut self, now: Instant, shard: u8, number: u64) -> Gap {
        let heard = self.heard.entry(shard).or_default();
        if number == heard.number + 1 {
            heard.number = number;
            return Gap::None;
        }
        heard.missed(now, number)
    }

    /// How many there were.
    pub fn hear_count(&mut self, now: Instant, shard: u8, number: u64) -> Gap {
        self.heard.entry(shard).or_default().missed(now, number)
    }

    /// All of them have come.
    pub fn hear_all(&mut self, shard: u8, number: u64) {
        self.heard.insert(shard, Heard { number, ask_again_at: None });
    }
}

impl Heard {
    fn missed(&mut self, now: Instant, number: u64) -> Gap {
        if number <= self.number {
            return Gap::None;
        }
        if self.ask_again_at.is_some_and(|at| now < at) {
            return Gap::Asked;
        }
        self.ask_again_at = Some(now + BEAT);
        Gap::Ask
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn l6_news_that_are_lost_are_missed_and_asked_for_once_a_second() {
        #[allow(clippy::disallowed_methods, reason = "an instant to begin with")]
        let now = Instant::now();
        let (user, known) = (Arc::from("hana"), Arc::new(Known::default()));
        let mut one = Feed::new(0);
        let mut other = Feed::new(1);
        let mut say = || match one.say(now, &user, &known) {
            News::Of { number, .. } => number,
            other => panic!("{other:?}"),
        };

        assert_eq!(other.hear(now, 0, say()), Gap::None);
        let lost = say();
        assert_eq!(other.hear(now, 0, say()), Gap::Ask);
        assert_eq!(other.hear(now, 0, say()), Gap::Asked);
        let last = say();
        assert_eq!(one.beat(now), None);
        assert_eq!(one.beat(now + BEAT), Some(News::Count { shard: 0, number: last }));
        assert_eq!(other.hear_count(now + BEAT, 0, last), Gap::Ask);
        other.hear_all(0, last);
        assert_eq!(other.hear_count(now + BEAT, 0, last), Gap::None);
        assert_eq!(other.hear(now, 0, lost), Gap::None, "what is old is no gap");
    }
}
