//! What connections, sessions and their sides are known by.

use media::{SessionKey, Side};

/// Names a connection; never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LinkId(pub u32);

/// Names a session: a call's, and the line in its descriptions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct TalkKey {
    pub session: SessionKey,
    pub stream: u8,
}

/// One side of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub talk: TalkKey,
    pub side: Side,
}
