//! What a side needs to look by checks of its own for where its peer can be reached: a full agent (RFC 8445).

use std::fmt;
use std::net::SocketAddr;

use crate::verdict::Half;

/// How checks of ours are made. Other credentials than before are a restart.
#[derive(Clone, PartialEq, Eq)]
pub struct Search {
    /// `theirs:ours`.
    pub username: Box<str>,
    /// Theirs.
    pub password: Box<str>,
    pub chooser: Chooser,
    /// Drawn for a leg: where both would choose or neither, it says who does.
    pub tie_breaker: u64,
    /// Drawn for these credentials, and told nobody: without it no check of ours can be answered unseen.
    pub secret: [u8; 16],
    /// Where the peer says that it could be reached, as far as it may be asked there.
    pub candidates: Vec<Candidate>,
}

/// Who chooses, of the places where both have answered each other, the one where media goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chooser {
    We,
    They,
}

/// A place where a peer says that one half of its stream could be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidate {
    pub half: Half,
    pub place: SocketAddr,
    pub priority: u32,
    /// Whether one is reached tells of the others that have the same.
    pub foundation: u8,
}

/// Passwords and secrets do not print in a log.
impl fmt::Debug for Search {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Search({} {:?} {:?})", self.username, self.chooser, self.candidates)
    }
}
