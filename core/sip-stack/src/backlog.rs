//! More comes than can be done: what its sender says again by itself, and no call hangs on, is left then,
//! before anything is made of it. So a storm of phones costs phones a while, and calls nothing.

/// So many full batches in a row, some milliseconds' work, mean that the socket fills faster than it empties.
const FULL_MAX: u32 = 4;
/// Requests about where phones are and what they watch. What an emergency begins with is not among them.
const PATIENT: [&[u8]; 3] = [b"REGISTER ", b"SUBSCRIBE ", b"PUBLISH "];

/// What waits at a socket, judged by the batches that are read from it.
#[derive(Debug, Default)]
pub struct Backlog {
    full_in_a_row: u32,
}

/// How much a batch held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fullness {
    Full,
    Less,
}

impl Backlog {
    pub fn note(&mut self, batch: Fullness) {
        self.full_in_a_row = match batch {
            Fullness::Full => self.full_in_a_row.saturating_add(1),
            Fullness::Less => 0,
        };
    }

    /// Whether a message is left to be said again.
    pub fn puts_off(&self, bytes: &[u8]) -> bool {
        self.full_in_a_row >= FULL_MAX && Backlog::can_wait(bytes)
    }

    /// Whether a message is about where phones are and what they watch: no call waits for its answer.
    pub fn can_wait(bytes: &[u8]) -> bool {
        PATIENT.iter().any(|method| bytes.starts_with(method))
    }
}
