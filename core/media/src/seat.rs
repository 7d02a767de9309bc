//! What a side's peer does in a meeting: which one that is, what it says and what it hears.

use crate::spoken::{Codec, Spoken};

/// Names a meeting in its relay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MeetingKey(pub u64);

impl MeetingKey {
    /// The lot that the calls of its members draw.
    pub fn lot(self) -> u8 {
        self.0 as u8
    }

    /// Of so many shards, the one in which it is held.
    pub fn shard_of(self, shards: u8) -> u8 {
        ((self.0 >> 8) % u64::from(shards.max(1))) as u8
    }
}

/// A side's place in a meeting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seat {
    pub meeting: MeetingKey,
    /// What its peer says, and first what it is sent.
    pub spoken: Spoken,
    /// The payload type and codec of what it is sent.
    pub hears: (u8, Codec),
    /// Names what it is sent as a source of its own: the same as before goes on.
    pub ssrc: u32,
    pub voice: Muted,
}

/// Whether the others hear a member.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Muted {
    #[default]
    No,
    Yes,
}
