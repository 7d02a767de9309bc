//! One copy of a message, with what is said about it.

use std::net::SocketAddr;

/// What a packet captured where it is a SIP message.
pub const SIP: u8 = 1;
/// As IP numbers protocols.
pub const UDP: u8 = 17;
pub const TCP: u8 = 6;

/// What one packet says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet<'p> {
    pub from: SocketAddr,
    pub to: SocketAddr,
    /// What the message travelled by, as IP numbers protocols; 0 where nobody says.
    pub protocol: u8,
    /// When it was seen, in microseconds since 1970.
    pub at_us: Option<i64>,
    /// What sort of message it is: `SIP`, or something else.
    pub captured: u8,
    /// Which capture agent has seen it.
    pub agent: Option<u32>,
    /// What shows that whoever sends may do so: it crosses as it is.
    pub key: Option<&'p [u8]>,
    /// What the message belongs to, as the agent names it.
    pub correlation: Option<&'p [u8]>,
    pub payload: &'p [u8],
}
