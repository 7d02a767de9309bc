//! How well a place is shown to be a peer's by checks of ICE, and how long that holds.

use std::time::Duration;

/// A place that was shown by checks is sent nothing when for so long nothing came from it that is its peer's.
/// A full agent asks for consent (RFC 7675); a lite one sees that it is given by the checks of the other,
/// which come every 5 s, or by whatever else comes from there.
pub(crate) const CONSENT: Duration = Duration::from_secs(30);

/// What speaks for a pair: one that the peer nominates outweighs one that it only tries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Standing {
    Tried,
    Nominated { priority: u32 },
}
