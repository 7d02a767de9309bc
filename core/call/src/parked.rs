//! What is known of a call that waits in an orbit.

use std::sync::Arc;
use std::time::Instant;

use media::Side;
use policy::{Facts, Orbit, Permit};

/// A call in an orbit.
pub(crate) struct Parked {
    pub number: Arc<str>,
    pub orbit: Arc<Orbit>,
    /// Who parked it, and the side that is empty since.
    pub by: Arc<str>,
    pub side: Side,
    /// What was known of whoever parked it: who is called back is called in their name.
    pub facts: Facts,
    /// How often somebody was called back.
    pub turn: u8,
    pub until: Instant,
    /// What it takes of the orbit, until it is dropped.
    #[expect(dead_code, reason = "it is held, and nothing is asked of it")]
    pub place: Permit,
}
