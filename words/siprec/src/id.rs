//! Names of the parts of a recording session: UUIDs in base64 (RFC 7865, 6.10).

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Names one part, and no other one at any recorder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Id([u8; 16]);

impl Id {
    /// A UUID drawn by lot (RFC 4122, 4.4): it tells nothing of anybody.
    pub fn of_lot(lot: [u8; 16]) -> Id {
        let mut bytes = lot;
        bytes[6] = (bytes[6] & 0x0f) | 0x40;
        bytes[8] = (bytes[8] & 0x3f) | 0x80;
        Id(bytes)
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&STANDARD.encode(self.0))
    }
}
