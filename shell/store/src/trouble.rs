//! What can be wrong with a disk, and with what was found on it.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// What the store found when it was opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// A crash had cut the last line of a file; it was set aside.
    TornLine { file: PathBuf, bytes: u64 },
    /// The disk had not taken these when the process before ended; they are written now.
    Left { records: u64 },
}

/// What an operator must hear at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The disk refused records; they wait in memory.
    Refused { words: String, waiting: usize },
    /// Records were given up, because too many waited.
    Lost { records: u64 },
    /// The disk could not be made to keep what it took; it is written again when it can be.
    NotSynced { words: String },
    /// Everything that waited is written.
    Recovered { records: u64 },
}

/// Why a store cannot be opened.
#[derive(Debug, Error)]
pub enum OpenFault {
    #[error("another process writes records in {}", .0.display())]
    InUse(PathBuf),
    #[error("{}: {error}", path.display())]
    Unusable { path: PathBuf, error: io::Error },
}
