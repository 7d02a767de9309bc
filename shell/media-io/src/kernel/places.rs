//! Where things stand that the program reads and writes: in a packet, on its stack and in its entry; and what
//! leads to them. R6 leads to the kernel's words about a packet, R7 to the packet, R8 to its end, R9 to its
//! entry.

use super::assembler::{Do, If, Page, R0, R1, R2, R6, R7, R8, R9, Register, STACK, Service, Size};

/// Of `struct __sk_buff`, what the program reads.
pub(crate) mod packet {
    pub const LENGTH: i16 = 0;
    pub const KIND: i16 = 4;
    pub const PROTOCOL: i16 = 16;
    pub const HAS_VLAN: i16 = 20;
    pub const BEGIN: i16 = 76;
    pub const END: i16 = 80;
    pub const PART_LENGTH: i16 = 176;
}

/// Where things stand in a packet: Ethernet, IPv4 without options, UDP, RTP.
pub(crate) const ETHERNET: i32 = 14;
pub(crate) const IP: i32 = 20;
pub(crate) const UDP_HEAD: i32 = 8;
pub(crate) const RTP_HEAD: i32 = 12;
pub(crate) const HEADS: i32 = ETHERNET + IP + UDP_HEAD + RTP_HEAD;
pub(crate) const IP_VERSION: i16 = 14;
pub(crate) const IP_MARK: i16 = 15;
pub(crate) const IP_LENGTH: i16 = 16;
pub(crate) const IP_NUMBER: i16 = 18;
pub(crate) const IP_PART: i16 = 20;
pub(crate) const IP_TIME_TO_LIVE: i16 = 22;
pub(crate) const IP_PROTOCOL: i16 = 23;
pub(crate) const IP_SUM: i16 = 24;
pub(crate) const IP_FROM: i16 = 26;
pub(crate) const IP_TO: i16 = 30;
pub(crate) const PORTS: i16 = 34;
pub(crate) const PORT_TO: i16 = 36;
pub(crate) const UDP_LENGTH: i16 = 38;
pub(crate) const UDP_SUM: i32 = 40;
pub(crate) const RTP_FLAGS: i16 = 42;
pub(crate) const RTP_TYPE: i16 = 43;
pub(crate) const RTP_NUMBER: i16 = 44;
pub(crate) const RTP_TIME: i16 = 46;
pub(crate) const RTP_SOURCE: i16 = 50;

/// Places on the stack.
pub(crate) const KEY: i16 = -8;
pub(crate) const NOW: i16 = -16;
pub(crate) const LENGTH: i16 = -24;
pub(crate) const NEIGHBOUR: i16 = -48;
/// How much sound is to be made of the other law, or that it is kept.
pub(crate) const SOUND: i16 = -56;
pub(crate) const KEPT: i32 = -1;
/// The payload type that such a packet leaves with.
pub(crate) const TYPE: i16 = -64;
/// What its sum changes by for what it says.
pub(crate) const SUM: i16 = -72;
/// The same for how long it is.
pub(crate) const SUM_OF_LENGTH: i16 = -80;

/// Lets R7 lead to a packet, if so much of it is there.
pub(crate) fn load_heads(p: &mut Page, length: i32, otherwise: &'static str) {
    p.load(Size::Word, R7, (R6, packet::BEGIN));
    p.load(Size::Word, R8, (R6, packet::END));
    p.set(R1, R7);
    p.compute(Do::Add, R1, length);
    p.jump_if(R1, If::Above, R8, otherwise);
}

/// Lets R0 lead to what a map has under the key at that place.
pub(crate) fn look_up(p: &mut Page, map: i32, key: i16, otherwise: &'static str) {
    p.load_map(R1, map);
    p.set(R2, STACK);
    p.compute(Do::Add, R2, i32::from(key));
    p.call(Service::MapLookUp);
    p.jump_if(R0, If::Equal, 0, otherwise);
}

/// A field of the entry.
pub(crate) fn field(offset: usize) -> (Register, i16) {
    (R9, offset as i16)
}
