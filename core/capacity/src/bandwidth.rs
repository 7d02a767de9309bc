//! Calls on a line, and a line for calls.

use model::Codec;

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
