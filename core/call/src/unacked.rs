//! Answers of ours that are repeated until they are acknowledged.

use std::time::{Duration, Instant};

use sip_stack::{Flow, Wire};

use crate::time::T1;

/// A 2xx that is repeated until its ACK comes (RFC 3261 13.3.1.4).
pub(crate) struct Unacked {
    pub wire: Wire,
    pub flow: Flow,
    pub cseq: u32,
    pub repeat_at: Option<Instant>,
    pub gap: Duration,
    pub give_up_at: Instant,
}

impl Unacked {
    /// In a box, as most of a call's time there is none.
    pub fn boxed(now: Instant, wire: Wire, flow: Flow, cseq: u32) -> Box<Unacked> {
        Box::new(Unacked { wire, flow, cseq, repeat_at: Some(now + T1), gap: T1, give_up_at: now + 64 * T1 })
    }
}
