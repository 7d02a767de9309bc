//! What somebody hears who waits.

use std::sync::Arc;

use sound::{Recording, Tone};

/// Sound for whoever is on hold or parked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Music {
    #[default]
    Nothing,
    Tone(Arc<Tone>),
    Recording(Arc<Recording>),
}

/// A file of sound, as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sound {
    /// Tells its content from others.
    pub print: u64,
    pub recording: Arc<Recording>,
}
