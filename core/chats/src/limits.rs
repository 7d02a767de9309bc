//! How much a hub bears.

use std::time::Duration;

/// Connections at once; above, a new one is closed at once.
pub const LINKS_MAX: usize = 8_192;
/// Connections of one address that have not said yet which session they are for.
pub const STRANGERS_MAX: usize = 32;
/// What of one connection is read and not passed on yet.
pub const INPUT_MAX: usize = 32 * 1024;
/// Above so much that a connection has yet to take, nothing more is passed on to it.
pub const OUTPUT_MAX: usize = 64 * 1024;
/// Answers of ours that wait for the end of a chunk.
pub const LATER_MAX: usize = 16 * 1024;

/// How long a connection of ours may take to open.
pub const CONNECT_WAIT: Duration = Duration::from_secs(10);
/// How long a new connection may take to say which session it is for.
pub const FIRST_WAIT: Duration = Duration::from_secs(15);
/// How long messages wait for a peer that has not come yet (RFC 4975, 7.1.1: after 30 s nobody does).
pub const PEER_WAIT: Duration = Duration::from_secs(25);
/// A connection that takes nothing for so long is dead.
pub const STALL_MAX: Duration = Duration::from_secs(60);
/// How long a connection that is over may take what is left for it.
pub const FAREWELL_WAIT: Duration = Duration::from_secs(5);
/// How often all of this is looked at.
pub const SWEEP: Duration = Duration::from_secs(1);
