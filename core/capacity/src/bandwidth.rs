//! Calls on a line, and a line for calls.

use model::Codec;
use serde::Serialize;

/// How many calls of a codec a line carries at once.
pub fn calls_within(kbps: u32, codec: Codec) -> u32 {
    kbps / codec.kbps()
}

/// What Microsoft's pages of 2013 would plan for so many calls, in kbps: 64 for each, and 20 bytes a packet.
/// It leaves out UDP, RTP, keys and RTCP.
pub fn formula_of_2013(calls: u32) -> u32 {
    const PACKETS_A_SECOND: u32 = 50;
    const HEADER: u32 = 20;
    calls.saturating_mul(64 + HEADER * 8 * PACKETS_A_SECOND / 1_000)
}

/// By which addresses packets travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Addresses {
    Ipv4,
    Ipv6,
}

/// Whether packets are sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Sealed {
    Clear,
    Srtp,
}

/// What the sound of one call takes of a line each way, in thousands of bits a second: packets of 20 ms under
/// RTP, UDP, IP and Ethernet, and 5 for RTCP; rounded up.
pub fn kbps_of(codec: Codec, addresses: Addresses, sealed: Sealed) -> u32 {
    const RTP_UDP_ETHERNET: u32 = 12 + 8 + 18;
    const RTCP_KBPS: u32 = 5;
    let sound = match codec {
        Codec::Pcmu | Codec::Pcma | Codec::G722 => 64,
        Codec::Opus => 32,
        Codec::G729 => 8,
        Codec::L16 => 256,
    };
    let address = match addresses {
        Addresses::Ipv4 => 20,
        Addresses::Ipv6 => 40,
    };
    // Of AES_CM_128_HMAC_SHA1_80 (RFC 4568).
    let tag = if sealed == Sealed::Srtp { 10 } else { 0 };
    sound + ((RTP_UDP_ETHERNET + address + tag) * 8 * 50).div_ceil(1_000) + RTCP_KBPS
}
