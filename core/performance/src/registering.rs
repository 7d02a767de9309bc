//! How a registrar serves us (RFC 6076 4.1 and 4.2).

use std::ops::AddAssign;

use crate::delays::Delays;
use crate::session::percent;

/// Requests to be registered. One that is said again with a proof, or for longer, is the same request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Registering {
    pub requests: u64,
    /// Refused for good, or answered by nobody in time.
    pub ineffective: u64,
    /// From the request until it was granted (RRD).
    pub delays: Delays,
}

impl Registering {
    /// Of a hundred requests, how many were ineffective (IRA).
    pub fn ineffective_percent(&self) -> Option<f64> {
        percent(self.ineffective, self.requests)
    }
}

impl AddAssign for Registering {
    fn add_assign(&mut self, other: Registering) {
        self.requests += other.requests;
        self.ineffective += other.ineffective;
        self.delays += other.delays;
    }
}
