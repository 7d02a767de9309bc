//! The timers of RFC 3261, and the habit of repeating.

use std::time::{Duration, Instant};

use crate::flow::Wire;

/// Round-trip estimate, longest pause between copies, longest life of a copy in the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timers {
    pub t1: Duration,
    pub t2: Duration,
    pub t4: Duration,
}

impl Default for Timers {
    fn default() -> Timers {
        Timers { t1: Duration::from_millis(500), t2: Duration::from_secs(4), t4: Duration::from_secs(5) }
    }
}

impl Timers {
    /// Timers B, D, F, H, J, L and M: after this nobody waits any more.
    pub fn patience(&self) -> Duration {
        self.t1 * 64
    }

    /// When a client's Timer E has grown to T2: the earliest that RFC 4320 lets a 100 answer a non-INVITE.
    pub fn first_word(&self) -> Duration {
        let mut elapsed = Duration::ZERO;
        let mut pause = self.t1;
        while pause < self.t2 {
            elapsed += pause;
            pause *= 2;
        }
        elapsed
    }
}

/// How the flow below treats what is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carriage {
    /// It loses messages: we repeat.
    Lossy,
    /// It repeats by itself.
    Reliable,
}

/// A message that is sent again and again, with growing pauses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Repeat {
    Never,
    At { at: Instant, pause: Duration, longest: Option<Duration>, wire: Wire },
}

impl Repeat {
    /// Repeats on lossy carriage only; pauses double up to `longest`.
    pub fn on(
        carriage: Carriage,
        now: Instant,
        pause: Duration,
        longest: Option<Duration>,
        wire: &Wire,
    ) -> Repeat {
        match carriage {
            Carriage::Lossy => Repeat::At { at: now + pause, pause, longest, wire: wire.clone() },
            Carriage::Reliable => Repeat::Never,
        }
    }

    /// When the next copy is due.
    pub fn due(&self) -> Option<Instant> {
        match self {
            Repeat::Never => None,
            Repeat::At { at, .. } => Some(*at),
        }
    }

    /// The copy to send if it is due; sets the next one.
    pub fn take(&mut self, now: Instant) -> Option<Wire> {
        let Repeat::At { at, pause, longest, wire } = self else { return None };
        if *at > now {
            return None;
        }
        *pause *= 2;
        if let Some(longest) = longest {
            *pause = (*pause).min(*longest);
        }
        *at = now + *pause;
        Some(wire.clone())
    }

    /// From here on at the longest pause.
    pub fn slow_down(&mut self, now: Instant, to: Duration) {
        if let Repeat::At { at, pause, .. } = self {
            *pause = to;
            *at = now + to;
        }
    }
}

/// The earlier of two moments, either of which may never come.
pub fn earlier(one: Option<Instant>, other: Option<Instant>) -> Option<Instant> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}
