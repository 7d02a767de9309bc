//! Which call a stream belongs to, and its two legs.

/// Whose media this is: a call, by the shard that owns it and its number there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SessionKey {
    pub shard: u8,
    pub call: u64,
}

impl SessionKey {
    /// Sessions of one lot are in one relay, however many there are.
    pub fn lot(self) -> u8 {
        (self.call >> 8) as u8
    }
}

/// The two legs of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Side {
    Caller,
    Callee,
}

impl Side {
    pub fn other(self) -> Side {
        match self {
            Side::Caller => Side::Callee,
            Side::Callee => Side::Caller,
        }
    }
}
