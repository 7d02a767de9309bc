//! Tells a thread that sleeps to end.

use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

/// What a thread is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    GoOn,
    /// Once more, and then no more.
    End,
}

#[derive(Default)]
pub struct Stop {
    is_told: Mutex<bool>,
    wake: Condvar,
}

impl Stop {
    pub fn tell(&self) {
        *self.is_told.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.wake.notify_all();
    }

    /// Sleeps, and wakes at once when it is told to end.
    pub fn sleep(&self, time: Duration) -> Told {
        let told = self.is_told.lock().unwrap_or_else(PoisonError::into_inner);
        let (told, _) =
            self.wake.wait_timeout_while(told, time, |told| !*told).unwrap_or_else(PoisonError::into_inner);
        if *told { Told::End } else { Told::GoOn }
    }
}
