//! A session of messages: two sides, and what passed between them.

use std::sync::Arc;
use std::time::Instant;

use media::{ChatFigures, ChatPeer};

use crate::ids::LinkId;

/// Both sides, the caller's first.
#[derive(Default)]
pub(crate) struct Talk {
    pub seats: [Seat; 2],
    pub figures: ChatFigures,
}

/// One side.
#[derive(Default)]
pub(crate) struct Seat {
    /// Our address there.
    pub ours: Option<Arc<str>>,
    pub peer: Option<ChatPeer>,
    pub standing: Standing,
    /// The transaction by which we told it what our connection is for.
    pub asked: Option<Box<str>>,
}

/// Whether a side's peer is there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Nobody has said who it is.
    #[default]
    Unknown,
    /// It is to come, or to be reached.
    Expected {
        since: Instant,
    },
    Bound(LinkId),
    /// It was there. Only another description brings it back (RFC 4975, 5.4).
    Lost,
}

impl Seat {
    pub fn link(&self) -> Option<LinkId> {
        match self.standing {
            Standing::Bound(link) => Some(link),
            Standing::Unknown | Standing::Expected { .. } | Standing::Lost => None,
        }
    }
}
