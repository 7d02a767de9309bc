//! One try to reach a callee, and how far it has come.

use std::sync::Arc;
use std::time::Instant;

use sip_stack::ClientId;
use sip_stack::locate::{Locate, Target};

/// One peer being tried.
pub(crate) struct Attempt {
    /// Which attempt of the plan.
    pub index: usize,
    pub stage: Stage,
    pub call_id: Box<str>,
    pub cseq: u32,
    pub contact: Box<str>,
    /// Whom a TLS connection must prove to be.
    pub server_name: Option<Arc<str>>,
    /// How often its challenge was answered.
    pub proofs: u32,
}

pub(crate) enum Stage {
    /// Its name is being looked up.
    Locating(Box<Locate>),
    /// The INVITE is out, and nothing came back yet; other addresses are left to try.
    Calling { client: ClientId, until: Instant, others: Vec<Target> },
    /// Somebody is there; `early` is the description of its early media, if it sent one.
    Ringing { client: ClientId, until: Instant, progress: Progress },
}

/// What the callee has said so far.
pub(crate) enum Progress {
    /// 100 Trying.
    Trying,
    /// A provisional answer that the caller was told of.
    Told { early: Option<Box<[u8]>> },
}

impl Attempt {
    pub(crate) fn is_client(&self, client: ClientId) -> bool {
        self.client() == Some(client)
    }

    pub(crate) fn client(&self) -> Option<ClientId> {
        match &self.stage {
            Stage::Locating(_) => None,
            Stage::Calling { client, .. } | Stage::Ringing { client, .. } => Some(*client),
        }
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        match &self.stage {
            Stage::Locating(_) => None,
            Stage::Calling { until, .. } | Stage::Ringing { until, .. } => Some(*until),
        }
    }

    /// Whether the caller heard of it.
    pub(crate) fn was_told(&self) -> bool {
        matches!(self.stage, Stage::Ringing { progress: Progress::Told { .. }, .. })
    }
}
