//! Copies of messages, as those who capture them exchange them: HEP version 3, a head, then chunks, each with
//! a vendor, a kind and a length ("HEP3 Network Protocol Specification", rev. 37).
//!
//! Not here: whom to believe, and what the copies are good for. Start at `packet.rs`.

mod packet;
mod read;
mod write;

pub use packet::{Packet, SIP, TCP, UDP};
pub use read::{Fault, length_of, read};
pub use write::{TooLong, write};

pub(crate) const HEAD: &[u8; 4] = b"HEP3";
/// The head, and the length of all.
pub(crate) const HEAD_LENGTH: usize = HEAD.len() + 2;
/// A chunk's vendor, kind and length.
pub(crate) const CHUNK_HEAD: usize = 6;
/// The vendor of chunks that everybody knows.
pub(crate) const GENERIC: u16 = 0;

/// The kinds of chunks.
pub(crate) mod kind {
    pub const FAMILY: u16 = 0x0001;
    pub const PROTOCOL: u16 = 0x0002;
    pub const FROM_V4: u16 = 0x0003;
    pub const TO_V4: u16 = 0x0004;
    pub const FROM_V6: u16 = 0x0005;
    pub const TO_V6: u16 = 0x0006;
    pub const FROM_PORT: u16 = 0x0007;
    pub const TO_PORT: u16 = 0x0008;
    pub const SECONDS: u16 = 0x0009;
    pub const MICROSECONDS: u16 = 0x000a;
    pub const CAPTURED: u16 = 0x000b;
    pub const AGENT: u16 = 0x000c;
    pub const KEY: u16 = 0x000e;
    pub const PAYLOAD: u16 = 0x000f;
    pub const COMPRESSED: u16 = 0x0010;
    pub const CORRELATION: u16 = 0x0011;
}
