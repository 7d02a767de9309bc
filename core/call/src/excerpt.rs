//! What is kept of a call's packets, and what somebody wants to be kept.

use std::sync::Arc;
use std::time::Instant;

use media::{SessionKey, Wholes};
use policy::Captured;

/// What somebody wants to be kept of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CaptureWish {
    pub media: Captured,
    /// For as long as may be, where nothing is said.
    pub seconds: Option<u32>,
}

/// What became of the wish.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Capturing {
    /// There is none of that name here.
    Unknown,
    Begins {
        file: String,
        seconds: u32,
    },
    Refused(NoCapture),
}

/// Why a call is not captured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoCapture {
    /// The rules of its parties allow only that much of its media.
    Rules(Captured),
    /// The same of calls for help.
    ForHelp(Captured),
    /// Its media does not pass the house.
    Direct,
    /// As many as may be are captured.
    Busy,
}

/// What is kept of a call.
pub(crate) struct Excerpt {
    /// Names its file.
    pub name: Arc<str>,
    pub media: Captured,
    pub until: Instant,
    /// What the relay was told last.
    pub ordered: Option<(SessionKey, Arc<[[Wholes; 2]]>)>,
}
