//! A message that is sent again and again over UDP, and given up after 64 T1 (RFC 3261, 17).

use std::time::{Duration, Instant};

use crate::exchange::{ActorOut, Parcel, Transport};

pub(crate) const T1: Duration = Duration::from_millis(500);
/// How long an INVITE may ring.
const PATIENCE: Duration = Duration::from_secs(240);
pub(crate) const T2: Duration = Duration::from_secs(4);

/// How far the spans between copies grow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Growth {
    /// Without end: INVITE.
    Doubles,
    /// Up to T2: everything else, and responses to INVITE.
    UpToT2,
}

/// The parcel, and when it goes out again.
#[derive(Clone, Debug)]
pub(crate) struct Repeat {
    pub parcel: Parcel,
    pub give_up_at: Instant,
    growth: Growth,
    next: Option<Instant>,
    span: Duration,
}

impl Repeat {
    pub(crate) fn new(now: Instant, parcel: Parcel, growth: Growth) -> Repeat {
        let next = (parcel.transport == Transport::Udp).then(|| now + T1);
        Repeat { parcel, give_up_at: now + 64 * T1, growth, next, span: T1 }
    }

    /// Repeated on streams too: a 2xx to an INVITE.
    pub(crate) fn on_any_transport(now: Instant, parcel: Parcel, growth: Growth) -> Repeat {
        Repeat { next: Some(now + T1), ..Repeat::new(now, parcel, growth) }
    }

    /// The peer has it: no more copies, and time to decide.
    pub(crate) fn rest(&mut self, now: Instant) {
        self.next = None;
        self.give_up_at = now + PATIENCE;
    }

    /// Copies at the longest span only: a provisional answered a request that isn't INVITE.
    pub(crate) fn slow(&mut self) {
        self.span = T2;
    }

    pub(crate) fn deadline(&self) -> Instant {
        self.next.unwrap_or(self.give_up_at).min(self.give_up_at)
    }

    pub(crate) fn is_given_up(&self, now: Instant) -> bool {
        now >= self.give_up_at
    }

    pub(crate) fn expire(&mut self, now: Instant, out: &mut ActorOut) {
        let Some(next) = self.next.filter(|next| *next <= now) else { return };
        out.sends.push(self.parcel.clone());
        self.span = match self.growth {
            Growth::Doubles => self.span * 2,
            Growth::UpToT2 => (self.span * 2).min(T2),
        };
        self.next = Some(next + self.span);
    }
}
