//! Which way media flows, seen from whoever wrote the description.

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Direction {
    SendRecv,
    SendOnly,
    RecvOnly,
    Inactive,
}

impl Direction {
    /// Whatever is a direction begins like one of these.
    pub(crate) const BEGINNINGS: [&[u8; 4]; 3] = [b"send", b"recv", b"inac"];

    pub(crate) fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "sendrecv" => Direction::SendRecv,
            "sendonly" => Direction::SendOnly,
            "recvonly" => Direction::RecvOnly,
            "inactive" => Direction::Inactive,
            _ => return None,
        })
    }

    /// Whether that line says a direction.
    pub(crate) fn is_said(line: &str) -> bool {
        line.strip_prefix("a=").is_some_and(|name| Direction::parse(name).is_some())
    }

    pub fn name(self) -> &'static str {
        match self {
            Direction::SendRecv => "sendrecv",
            Direction::SendOnly => "sendonly",
            Direction::RecvOnly => "recvonly",
            Direction::Inactive => "inactive",
        }
    }

    /// What an answerer says that agrees to all of this (RFC 3264, 6.1).
    pub fn answer(self) -> Self {
        match self {
            Direction::SendOnly => Direction::RecvOnly,
            Direction::RecvOnly => Direction::SendOnly,
            both => both,
        }
    }

    /// Whether an answer may say `answered` to an offer of this (RFC 3264, 6.1).
    pub fn admits(self, answered: Direction) -> bool {
        match self {
            Direction::SendRecv => true,
            offered => answered == offered.answer() || answered == Direction::Inactive,
        }
    }

    /// Only what both allow.
    pub(crate) fn and(self, other: Direction) -> Self {
        match (self.sends() && other.sends(), self.receives() && other.receives()) {
            (true, true) => Direction::SendRecv,
            (true, false) => Direction::SendOnly,
            (false, true) => Direction::RecvOnly,
            (false, false) => Direction::Inactive,
        }
    }

    /// Whether the writer wants to hear anything.
    pub fn receives(self) -> bool {
        matches!(self, Direction::SendRecv | Direction::RecvOnly)
    }

    /// Whether the writer may be heard.
    pub fn sends(self) -> bool {
        matches!(self, Direction::SendRecv | Direction::SendOnly)
    }

    /// The same, but deaf: what hold by a zero address means in today's words.
    pub fn deafened(self) -> Self {
        if self.sends() { Direction::SendOnly } else { Direction::Inactive }
    }
}
