//! What a call tells of a session of messages (MSRP) that is relayed, and what it hears back.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use crate::side::Side;

/// About one session of messages of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChatOrder {
    /// How a side is known, and its peer reached; anew at each negotiation.
    Aim(Side, ChatAim),
    /// It is over: its figures come back.
    Close,
}

/// One side of a session of messages.
#[derive(Clone, PartialEq, Eq)]
pub struct ChatAim {
    /// Our address there, as its peer is told. Who knows it is the peer.
    pub ours: Arc<str>,
    /// Nothing, while the peer has not said where it is.
    pub peer: Option<ChatPeer>,
}

/// What a peer has said of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChatPeer {
    /// The addresses that lead to it, the first next to us.
    pub path: Arc<str>,
    pub reach: Reach,
}

/// Who opens the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// The peer does.
    Comes,
    /// We do, from an address of ours.
    Goes { from: IpAddr, to: SocketAddr },
}

/// What passed, by the side that it came from, the caller's first. Nothing is known of what it said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ChatFigures {
    pub from: [ChatCount; 2],
}

/// What came from one side and was passed on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ChatCount {
    /// Those that were sent to their end.
    pub messages: u64,
    /// Of all messages, whole or not.
    pub bytes: u64,
}

/// Our address is a secret, and does not print in a log.
impl fmt::Debug for ChatAim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChatAim").field("peer", &self.peer).finish_non_exhaustive()
    }
}
