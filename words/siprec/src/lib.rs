//! What a recorder outside is told of a call (SIPREC): the metadata of a recording session (RFC 7865), and
//! the body in which it travels beside the session description (RFC 7866, 9.1).
//!
//! [`Snapshot`] prints all that is known at a moment, each time anew: a recorder that has lost its state
//! needs nothing of before. Not here: when it is told, and of whom.
//!
//! Start at `snapshot.rs`.

mod asked;
mod body;
mod id;
mod moment;
mod snapshot;
mod xml;

pub use asked::is_snapshot_wanted;
pub use body::{BOUNDARY, CONTENT_TYPE, body};
pub use id::Id;
pub use moment::Moment;
pub use snapshot::{NAME_MAX, PARTIES_MAX, Party, Snapshot, Voice};

/// The content type of metadata (RFC 7865, 5).
pub const METADATA_TYPE: &str = "application/rs-metadata+xml";

/// What metadata is for in a body (RFC 7866, 11.3).
pub const DISPOSITION: &str = "recording-session";
