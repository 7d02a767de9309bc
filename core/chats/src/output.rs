//! What a connection has yet to take.

use std::time::Instant;

use crate::ids::LinkId;
use crate::limits::{LATER_MAX, OUTPUT_MAX};

/// The way to one peer. One chunk after the other goes there, never two at a time.
pub(crate) struct Output {
    bytes: Vec<u8>,
    sent: usize,
    /// The connection whose chunk is under way here.
    pub writer: Option<LinkId>,
    /// What is said of ours when that chunk is over.
    later: Vec<u8>,
    /// When it took something last, or had nothing to take.
    pub moved: Instant,
}

/// The peer is not reading what it is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Deaf;

impl Output {
    pub fn new(now: Instant) -> Output {
        Output { bytes: Vec::new(), sent: 0, writer: None, later: Vec::new(), moved: now }
    }

    pub fn unsent(&self) -> &[u8] {
        &self.bytes[self.sent..]
    }

    pub fn is_empty(&self) -> bool {
        self.unsent().is_empty()
    }

    pub fn has_room(&self) -> bool {
        self.unsent().len() < OUTPUT_MAX
    }

    /// Whether somebody else may begin to say something here.
    pub fn is_free(&self) -> bool {
        self.writer.is_none() && self.has_room()
    }

    /// Where the next bytes go.
    pub fn bytes(&mut self, now: Instant) -> &mut Vec<u8> {
        if self.is_empty() {
            self.moved = now;
        }
        &mut self.bytes
    }

    /// Says something of ours, as soon as no chunk is under way.
    pub fn say(&mut self, now: Instant, words: &[u8]) -> Result<(), Deaf> {
        if self.writer.is_none() {
            self.bytes(now).extend_from_slice(words);
            return Ok(());
        }
        if self.later.len() + words.len() > LATER_MAX {
            return Err(Deaf);
        }
        self.later.extend_from_slice(words);
        Ok(())
    }

    /// The chunk that was under way is over.
    pub fn is_over(&mut self) {
        self.writer = None;
        self.bytes.append(&mut self.later);
    }

    /// The connection has taken so many bytes.
    pub fn took(&mut self, now: Instant, count: usize) {
        self.sent += count;
        self.moved = now;
        if self.sent == self.bytes.len() {
            self.bytes.clear();
            self.sent = 0;
        } else if self.sent >= OUTPUT_MAX {
            self.bytes.drain(..self.sent);
            self.sent = 0;
        }
    }
}
