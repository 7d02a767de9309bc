//! Extended reports (RTCP XR, RFC 3611): what a peer makes of the sound that it hears.

use crate::rtcp::word;

/// Packets of this type hold extended reports.
pub const EXTENDED: u8 = 207;
const VOIP: u8 = 7;
const VOIP_BYTES: usize = 32;
/// What stands where nothing is known (4.7.5).
const UNKNOWN: u8 = 127;

/// A block of VoIP metrics (4.7), as far as it says how a source is heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VoipMetrics {
    pub ssrc: u32,
    /// Of 256.
    pub lost: u8,
    /// Of 256: came too late for the peer's buffer, or too early.
    pub discarded: u8,
    /// Of 256, within bursts and between them.
    pub burst_density: u8,
    pub gap_density: u8,
    pub burst_ms: u16,
    pub gap_ms: u16,
    pub round_trip_ms: u16,
    pub end_system_ms: u16,
    pub rating: Option<u8>,
    /// Opinions, in tenths: of listening, and of conversation.
    pub listening: Option<u8>,
    pub conversation: Option<u8>,
}

/// The first block of VoIP metrics in the body of a packet of this type.
pub fn voip_metrics(body: &[u8]) -> Option<VoipMetrics> {
    let mut blocks = body.get(4..)?;
    loop {
        let (&[kind, _, high, low], rest) = blocks.split_first_chunk()?;
        let (block, after) = rest.split_at_checked(4 * usize::from(u16::from_be_bytes([high, low])))?;
        if kind == VOIP && block.len() >= VOIP_BYTES {
            return Some(VoipMetrics::of(block));
        }
        blocks = after;
    }
}

impl VoipMetrics {
    fn of(block: &[u8]) -> VoipMetrics {
        let [lost, discarded, burst_density, gap_density] = word(block, 1).to_be_bytes();
        let [rating, _, listening, conversation] = word(block, 5).to_be_bytes();
        let halves = |at| ((word(block, at) >> 16) as u16, word(block, at) as u16);
        let (burst_ms, gap_ms) = halves(2);
        let (round_trip_ms, end_system_ms) = halves(3);
        let known = |value: u8| (value != UNKNOWN).then_some(value);
        VoipMetrics {
            ssrc: word(block, 0),
            lost,
            discarded,
            burst_density,
            gap_density,
            burst_ms,
            gap_ms,
            round_trip_ms,
            end_system_ms,
            rating: known(rating).filter(|rating| *rating <= 100),
            listening: known(listening).filter(|tenths| (10..=50).contains(tenths)),
            conversation: known(conversation).filter(|tenths| (10..=50).contains(tenths)),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// A receiver reference time block of another type, then metrics.
    fn body(metrics: &[u8]) -> Vec<u8> {
        let mut body = vec![0, 0, 0, 9, 4, 0, 0, 2, 1, 2, 3, 4, 5, 6, 7, 8, VOIP, 0, 0, 8];
        body.extend_from_slice(metrics);
        body
    }

    const METRICS: [u8; 32] = [
        0, 0, 0, 7, 12, 3, 128, 1, 1, 44, 19, 136, 0, 90, 0, 60, 127, 127, 127, 16, 88, 127, 42, 41, 0, 0, 0,
        40, 0, 80, 0, 200,
    ];

    #[test]
    fn k1_metrics_are_found_behind_other_blocks() {
        let wanted = VoipMetrics {
            ssrc: 7,
            lost: 12,
            discarded: 3,
            burst_density: 128,
            gap_density: 1,
            burst_ms: 300,
            gap_ms: 5000,
            round_trip_ms: 90,
            end_system_ms: 60,
            rating: Some(88),
            listening: Some(42),
            conversation: Some(41),
        };
        assert_eq!(voip_metrics(&body(&METRICS)), Some(wanted));
    }

    #[test]
    fn k1_what_is_unknown_or_impossible_is_left_out() {
        for (rating, opinion) in [(127, 127), (101, 9), (255, 51)] {
            let mut metrics = METRICS;
            metrics[20..24].copy_from_slice(&[rating, 0, opinion, opinion]);
            let read = voip_metrics(&body(&metrics)).unwrap();
            assert_eq!((read.rating, read.listening, read.conversation), (None, None, None));
        }
    }

    #[test]
    fn k1_what_is_cut_short_is_nothing() {
        let whole = body(&METRICS);
        for length in 0..whole.len() {
            assert_eq!(voip_metrics(&whole[..length]), None, "{length}");
        }
        let mut short = body(&METRICS);
        short[19] = 7;
        assert_eq!(voip_metrics(&short), None, "a block of seven words");
    }
}
