//! One connection: what was read of it, and what it is for.

use std::time::Instant;

use msrp::End;

use crate::ids::{LinkId, Place};
use crate::limits::INPUT_MAX;

/// What comes from one peer.
pub(crate) struct Link {
    input: Vec<u8>,
    pub reading: Reading,
    pub stage: Stage,
    /// The sides that it is for: peers may share a connection between sessions (RFC 4975, 5.4).
    pub places: Vec<Place>,
}

/// How far a connection has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// We are opening it.
    Connecting {
        until: Instant,
    },
    /// Nobody knows yet what it is for.
    New {
        until: Instant,
    },
    Open,
    /// It is closed as soon as it has taken what is left for it.
    Ending {
        until: Instant,
    },
}

/// What the next bytes are.
pub(crate) enum Reading {
    Head,
    /// Of a chunk that is passed on.
    Body(Chunk),
    /// Of a chunk that nobody gets.
    Skipped(End),
}

/// A chunk on its way across.
pub(crate) struct Chunk {
    pub end: End,
    pub id: Box<str>,
    pub from: Place,
    pub to: LinkId,
    /// Whether it is of a message (SEND).
    pub counts: Counts,
}

/// Whether something is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Counts {
    AsMessage,
    Not,
}

impl Link {
    pub fn new(stage: Stage) -> Link {
        Link { input: Vec::new(), reading: Reading::Head, stage, places: Vec::new() }
    }

    pub fn input(&self) -> &[u8] {
        &self.input
    }

    /// What was read, for as long as it is looked at beside the link.
    pub fn lend_input(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.input)
    }

    pub fn take_back(&mut self, input: Vec<u8>) {
        self.input = input;
    }

    pub fn feed(&mut self, bytes: &[u8]) {
        self.input.extend_from_slice(bytes);
    }

    /// So many bytes have been read.
    pub fn consume(&mut self, count: usize) {
        self.input.drain(..count);
    }

    /// How many bytes more there is room for.
    pub fn wants(&self) -> usize {
        match self.stage {
            Stage::Connecting { .. } | Stage::Ending { .. } => 0,
            Stage::New { .. } | Stage::Open => INPUT_MAX.saturating_sub(self.input.len()),
        }
    }

    pub fn is_ending(&self) -> bool {
        matches!(self.stage, Stage::Ending { .. })
    }
}
