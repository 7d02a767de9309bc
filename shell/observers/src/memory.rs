//! What an observer has told of lately, in bounded room.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::observation::Noted;

/// The last messages of one observer.
#[derive(Default)]
pub(crate) struct Memory(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    /// From the first that came to the last.
    noted: VecDeque<Arc<Noted>>,
    /// How many there were before them.
    before: u64,
    bytes: usize,
    bytes_max: usize,
}

impl Memory {
    /// There is so much room from now on; what has none goes, the oldest first.
    pub fn resize(&self, bytes_max: usize) {
        let mut kept = self.lock();
        kept.bytes_max = bytes_max;
        kept.make_room();
    }

    pub fn note(&self, noted: Noted) {
        let mut kept = self.lock();
        kept.bytes += noted.bytes();
        kept.noted.push_back(Arc::new(noted));
        kept.make_room();
    }

    /// How many there were before those that are here, and these.
    pub fn all(&self) -> (u64, Vec<Arc<Noted>>) {
        let kept = self.lock();
        (kept.before, kept.noted.iter().cloned().collect())
    }

    /// So many of those behind a number, and how many there were before the first of them.
    pub fn behind(&self, number: u64, most: usize) -> (u64, Vec<Arc<Noted>>) {
        let kept = self.lock();
        let begins = number.clamp(kept.before, kept.before + kept.noted.len() as u64);
        let passed = usize::try_from(begins - kept.before).unwrap_or(usize::MAX);
        (begins, kept.noted.iter().skip(passed).take(most).cloned().collect())
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn make_room(&mut self) {
        while self.bytes > self.bytes_max
            && let Some(oldest) = self.noted.pop_front()
        {
            self.bytes -= oldest.bytes();
            self.before += 1;
        }
    }
}
