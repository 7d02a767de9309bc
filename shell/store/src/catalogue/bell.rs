//! Whoever searches has what is new taken in first: in between the one who fills rests, so that much is taken
//! in together.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

#[derive(Default)]
pub struct Bell {
    turns: Mutex<Turns>,
    answered: Condvar,
}

#[derive(Default)]
struct Turns {
    asked: u64,
    answered: u64,
}

impl Bell {
    /// Asks for a round; its turn.
    pub fn ask(&self) -> u64 {
        let mut turns = self.lock();
        turns.asked += 1;
        turns.asked
    }

    /// Until a round has begun after that and ended, or for so long.
    pub fn wait(&self, turn: u64, most: Duration) {
        let until = Instant::now() + most;
        let mut turns = self.lock();
        while turns.answered < turn {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            let waited = self.answered.wait_timeout(turns, left);
            turns = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Whether somebody waits for a round.
    pub fn is_asked(&self) -> bool {
        let turns = self.lock();
        turns.answered < turns.asked
    }

    /// As a round begins: whom it is for.
    pub fn newest(&self) -> u64 {
        self.lock().asked
    }

    /// As it ends.
    pub fn answer(&self, turn: u64) {
        let mut turns = self.lock();
        turns.answered = turns.answered.max(turn);
        drop(turns);
        self.answered.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, Turns> {
        self.turns.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_round_that_had_begun_before_is_no_answer() {
        let bell = Bell::default();
        let begun = bell.newest();

        let turn = bell.ask();
        bell.answer(begun);
        assert!(bell.is_asked());

        bell.answer(bell.newest());
        assert!(!bell.is_asked());
        bell.wait(turn, Duration::from_secs(60));
    }

    #[test]
    fn nobody_waits_for_ever_for_one_who_does_not_come() {
        let bell = Bell::default();

        bell.wait(bell.ask(), Duration::from_millis(1));

        assert!(bell.is_asked());
    }
}
