//! A master key with its salt: a secret, so it does not print.

use std::fmt;

use super::suite::Suite;

const LENGTH_MAX: usize = 46;

/// What two peers agree on; all other keys are derived from it.
#[derive(Clone, PartialEq, Eq)]
pub struct MasterKey {
    suite: Suite,
    bytes: [u8; LENGTH_MAX],
}

impl MasterKey {
    /// Key and salt in a row, as `inline:` carries them; `None` if the suite wants another length.
    pub fn new(suite: Suite, key_and_salt: &[u8]) -> Option<MasterKey> {
        if key_and_salt.len() != MasterKey::length(suite) {
            return None;
        }
        let mut bytes = [0; LENGTH_MAX];
        bytes[..key_and_salt.len()].copy_from_slice(key_and_salt);
        Some(MasterKey { suite, bytes })
    }

    /// Bytes of key and salt together.
    pub fn length(suite: Suite) -> usize {
        suite.key_length() + suite.salt_length()
    }

    pub fn suite(&self) -> Suite {
        self.suite
    }

    /// Key and salt in a row.
    pub fn reveal(&self) -> &[u8] {
        &self.bytes[..MasterKey::length(self.suite)]
    }

    pub(super) fn key(&self) -> &[u8] {
        &self.bytes[..self.suite.key_length()]
    }

    pub(super) fn salt(&self) -> &[u8] {
        &self.reveal()[self.suite.key_length()..]
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MasterKey({}, secret)", self.suite)
    }
}
