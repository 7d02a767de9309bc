//! A call that came to nothing, and whose caller hears why.

use std::time::Instant;

use media::Played;
use policy::Permit;

/// What the caller hears, and is told then.
pub(crate) struct Refusing {
    pub status: u16,
    pub until: Instant,
    pub played: Played,
    /// What is played, as records call it.
    pub name: String,
    /// The place among those who hear something.
    pub _permit: Permit,
}
