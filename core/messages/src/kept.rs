//! What outlives the process: messages that nobody has taken yet.

use std::sync::Arc;
use std::time::Instant;

use policy::WallTime;
use serde::{Deserialize, Serialize};

use crate::letter::Letter;

/// A message under its number; nothing, once it has left its box.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    pub(crate) number: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) letter: Option<Box<KeptLetter>>,
}

/// As it is written down.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptLetter {
    from: Arc<str>,
    to: Arc<str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    device: Option<Arc<str>>,
    at: WallTime,
    until: WallTime,
    kind: Box<str>,
    body: Box<str>,
}

impl Kept {
    /// What it is known by: sorted by it, messages are in their order.
    pub fn key(&self) -> Arc<str> {
        Arc::from(format!("{:016x}", self.number))
    }

    /// Whether it says that there is nothing any more.
    pub fn is_nothing(&self) -> bool {
        self.letter.is_none()
    }

    /// Leaves out what has ended by now.
    pub fn expire(&mut self, now: WallTime) {
        self.letter.take_if(|letter| letter.until <= now);
    }

    pub(crate) fn of(letter: &Letter, now: (Instant, WallTime)) -> Kept {
        let kept = KeptLetter {
            from: Arc::clone(&letter.from),
            to: Arc::clone(&letter.to),
            device: letter.device.clone(),
            at: letter.at,
            until: WallTime::at(letter.until, now),
            kind: letter.kind.clone(),
            body: letter.body.clone(),
        };
        Kept { number: letter.number, letter: Some(Box::new(kept)) }
    }

    pub(crate) fn gone(number: u64) -> Kept {
        Kept { number, letter: None }
    }

    /// What is left of it; nothing where its time is over.
    pub(crate) fn restore(&self, now: (Instant, WallTime)) -> Option<Letter> {
        let kept = self.letter.as_ref()?;
        Some(Letter {
            number: self.number,
            from: Arc::clone(&kept.from),
            to: Arc::clone(&kept.to),
            device: kept.device.clone(),
            at: kept.at,
            until: kept.until.moment(now)?,
            kind: kept.kind.clone(),
            body: kept.body.clone(),
        })
    }
}
