//! What a datagram on a media port is, by its first bytes (RFC 7983, 5761).

/// Protocols that share a media port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Stun,
    Zrtp,
    Dtls,
    TurnChannel,
    Rtp,
    Rtcp,
    Unknown,
}

impl Kind {
    pub fn of(packet: &[u8]) -> Kind {
        match packet.first() {
            Some(0..=3) => Kind::Stun,
            Some(16..=19) => Kind::Zrtp,
            Some(20..=63) => Kind::Dtls,
            Some(64..=79) => Kind::TurnChannel,
            Some(128..=191) if is_rtcp(packet) => Kind::Rtcp,
            Some(128..=191) => Kind::Rtp,
            _ => Kind::Unknown,
        }
    }
}

/// Packet types 192 to 223 are RTCP's: no RTP payload type with its marker may look like them (RFC 5761, 4).
pub fn is_rtcp(packet: &[u8]) -> bool {
    matches!(packet, [128..=191, 192..=223, ..])
}
