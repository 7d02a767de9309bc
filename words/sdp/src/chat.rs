//! A line for a session of messages (MSRP): where its writer is, and who opens the connection (RFC 4975, 8;
//! RFC 6135).

use std::fmt;

use crate::handshake::Setup;
use crate::session::{Media, Session};

/// What our side of such a line says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chat {
    pub path: Box<str>,
    pub setup: Setup,
    pub port: u16,
}

impl fmt::Display for Chat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a=path:{}\r\na=setup:{}", self.path, self.setup.name())
    }
}

impl<'a> Media<'a> {
    /// Whether messages are exchanged there, or files.
    pub fn is_chat(&self) -> bool {
        matches!(self.protocol, "TCP/MSRP" | "TCP/TLS/MSRP")
    }

    /// The addresses that lead to its writer.
    pub fn path(&self) -> Option<&'a str> {
        self.attribute("path").map(str::trim)
    }
}

impl Session<'_> {
    /// Who opens the connection of a line, as far as its writer says so in a way that is known.
    pub fn chat_setup_of(&self, media: &Media<'_>) -> Option<Setup> {
        media.attribute("setup").and_then(Setup::parse)
    }
}
