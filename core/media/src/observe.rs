//! What a stream's packets tell: loss, order, copies, jitter. Plain counters.

use std::time::Instant;

use rtp::Fixed;

/// A jump of the sequence number beyond this is a new start (RFC 3550, A.1).
const JUMP_MAX: u16 = 3000;
/// How far back a late packet is told from a copy.
const WINDOW: u16 = 64;

/// One direction of one stream.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Observer {
    source: Option<Source>,
    lost_before: u64,
    pub sources: u32,
    pub reordered: u64,
    pub duplicates: u64,
    pub jitter_max: u32,
}

/// The RTP source that is being heard.
#[derive(Clone, Copy, Debug)]
struct Source {
    ssrc: u32,
    /// Highest sequence number so far.
    highest: u16,
    /// The 64 numbers up to `highest` that came: bit 0 is `highest` itself.
    seen: u64,
    expected: u64,
    received: u64,
    timestamp: u32,
    arrived: Instant,
    /// In timestamp units, times 16 (RFC 3550, A.8).
    jitter: u32,
}

impl Observer {
    pub fn note(&mut self, now: Instant, packet: &Fixed, clock: u32) {
        let Some(source) = self.source.as_mut().filter(|source| source.ssrc == packet.ssrc) else {
            return self.start(now, packet);
        };
        let ahead = packet.sequence.wrapping_sub(source.highest);
        let behind = source.highest.wrapping_sub(packet.sequence);
        if ahead == 0 {
            self.duplicates += 1;
        } else if ahead < JUMP_MAX {
            source.seen = if ahead < WINDOW { source.seen << ahead | 1 } else { 1 };
            source.highest = packet.sequence;
            source.expected += u64::from(ahead);
            source.received += 1;
            source.note_arrival(now, packet.timestamp, clock);
            self.jitter_max = self.jitter_max.max(source.jitter);
        } else if behind < WINDOW {
            let bit = 1 << behind;
            if source.seen & bit == 0 {
                source.seen |= bit;
                source.received += 1;
                self.reordered += 1;
            } else {
                self.duplicates += 1;
            }
        } else if behind < JUMP_MAX {
            self.reordered += 1;
        } else {
            self.start(now, packet);
        }
    }

    /// Whether a packet goes on where the others stopped: of their source, and numbered after them.
    pub fn goes_on_with(&self, packet: &Fixed) -> bool {
        self.source.is_some_and(|source| {
            let ahead = packet.sequence.wrapping_sub(source.highest);
            source.ssrc == packet.ssrc && (1..JUMP_MAX).contains(&ahead)
        })
    }

    pub fn lost(&self) -> u64 {
        self.lost_before + self.source.map_or(0, |source| source.lost())
    }

    /// Jitter in timestamp units.
    pub fn jitter(&self) -> u32 {
        self.source.map_or(0, |source| source.jitter >> 4)
    }

    fn start(&mut self, now: Instant, packet: &Fixed) {
        self.lost_before = self.lost();
        self.sources += 1;
        self.source = Some(Source {
            ssrc: packet.ssrc,
            highest: packet.sequence,
            seen: 1,
            expected: 1,
            received: 1,
            timestamp: packet.timestamp,
            arrived: now,
            jitter: 0,
        });
    }
}

impl Source {
    fn lost(&self) -> u64 {
        self.expected.saturating_sub(self.received)
    }

    /// Packets of one timestamp, as those of a key press, say nothing of the network's evenness.
    fn note_arrival(&mut self, now: Instant, timestamp: u32, clock: u32) {
        let sent_apart = timestamp.wrapping_sub(self.timestamp) as i32;
        if sent_apart == 0 {
            return;
        }
        let apart = now.saturating_duration_since(self.arrived).as_micros() as u64;
        let came_apart = apart.saturating_mul(u64::from(clock)) / 1_000_000;
        let off = (came_apart as i64).abs_diff(i64::from(sent_apart));
        self.timestamp = timestamp;
        self.arrived = now;
        // A pause restarts the timestamps of some senders anywhere: more than a minute off is not jitter.
        if off < u64::from(clock) * 60 {
            let jitter = i64::from(self.jitter);
            self.jitter = (jitter + off as i64 - ((jitter + 8) >> 4)).clamp(0, i64::from(u32::MAX)) as u32;
        }
    }
}
