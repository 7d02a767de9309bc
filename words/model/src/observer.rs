//! Who tells the house which messages they have seen.

use std::num::NonZeroU16;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::capture::HepAddress;
use crate::network::Source;
use crate::secret::SecretRef;
use crate::spot::Spot;

/// `[observer.NAME]`: a PBX or a capture agent that sends copies of its SIP messages as HEP version 3. They
/// are shown with the calls that they belong to, as reported by this name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Observer {
    /// Where its copies are taken; several observers may share one address.
    pub listen: Spot<HepAddress>,
    /// The addresses that it sends from. Nobody else is heard.
    pub from: Spot<Vec<Source>>,
    /// The capture agent that it is; any where it is missing.
    pub agent: Option<u32>,
    /// What it has to show with each copy: it crosses the wire as it is.
    pub key: Option<Spot<SecretRef>>,
    /// So many millions of bytes of its messages are kept; 8 where it is missing.
    pub keep_mb: Option<NonZeroU16>,
    /// So many millions of bytes of them are kept on the disk; 100 where it is missing, none with 0. They go
    /// with messages of calls, by `messages_days` of `[system.records]`.
    pub disk_mb: Option<u32>,
}

impl Observer {
    pub const KEEP_MB: u16 = 8;
    pub const DISK_MB: u32 = 100;

    /// How many bytes of its messages are kept.
    pub fn keep_bytes(&self) -> usize {
        usize::from(self.keep_mb.map_or(Observer::KEEP_MB, NonZeroU16::get)) * 1_000_000
    }

    /// How many bytes of them on the disk.
    pub fn disk_bytes(&self) -> u64 {
        u64::from(self.disk_mb.unwrap_or(Observer::DISK_MB)) * 1_000_000
    }
}
