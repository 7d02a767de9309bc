//! What a stream's packets tell: loss, order, copies, jitter. Plain counters.

use std::time::Instant;

use rtp::Fixed;

use crate::numbers::BEHIND_MAX;

/// A jump of the sequence number beyond this is a new start (RFC 3550, A.1).
pub const JUMP_MAX: u16 = 3000;
/// How far back a late packet is told from a copy.
pub const WINDOW: u16 = 64;
/// A pause restarts the timestamps of some senders anywhere: what is off by more than so much is not jitter.
pub const JITTER_SECONDS_MAX: u32 = 60;

/// What a listener's buffer waits for a packet: more than this makes sound for nobody.
pub const PATIENCE_MS: u32 = 80;
/// How fast that buffer gets used to packets that take longer: with each of them, by 1/64 of the delay.
pub const USED_TO: u32 = 6;
/// A sender that is so late has paused, and begins anew.
pub const PAUSE_MS: u32 = 500;

/// One direction of one stream.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Observer {
    pub source: Option<Source>,
    lost_before: u32,
    /// The number that would make a new start of one that was far behind.
    doubted: Option<u16>,
    pub sources: u32,
    /// Times that a number was missed where the one before had come.
    pub gaps: u32,
    /// Packets that a listener's buffer would not have waited for.
    pub late: u32,
    pub reordered: u64,
    pub duplicates: u64,
    pub jitter_max: u32,
}

/// The RTP source that is being heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Source {
    pub ssrc: u32,
    /// Highest sequence number so far.
    pub highest: u16,
    /// The 64 numbers up to `highest` that came: bit 0 is `highest` itself.
    pub seen: u64,
    pub expected: u64,
    pub received: u64,
    pub timestamp: u32,
    pub arrived: Instant,
    /// How much longer the last one took than the quickest lately, in timestamp units; never less than 0.
    pub delay: i64,
    /// In timestamp units, times 16 (RFC 3550, A.8).
    pub jitter: u32,
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
            self.doubted = None;
            source.seen = if ahead < WINDOW { source.seen << ahead | 1 } else { 1 };
            source.highest = packet.sequence;
            source.expected += u64::from(ahead);
            self.gaps += u32::from(ahead > 1);
            source.received += 1;
            self.late += u32::from(source.note_arrival(now, packet.timestamp, clock) == Arrival::Late);
            self.jitter_max = self.jitter_max.max(source.jitter);
        } else if behind < WINDOW {
            let bit = 1 << behind;
            if source.seen & bit == 0 {
                source.seen |= bit;
                source.received += 1;
                self.reordered += 1;
                let (off, _) = source.off(now, packet.timestamp, clock);
                self.late += u32::from(Source::arrives(source.delay + off, clock) == Arrival::Late);
            } else {
                self.duplicates += 1;
            }
        } else if behind < BEHIND_MAX || behind < JUMP_MAX && self.doubted != Some(packet.sequence) {
            self.doubted = (behind >= BEHIND_MAX).then(|| packet.sequence.wrapping_add(1));
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
        u64::from(self.lost_before) + self.source.map_or(0, |source| source.lost())
    }

    /// Jitter in timestamp units.
    pub fn jitter(&self) -> u32 {
        self.source.map_or(0, |source| source.jitter >> 4)
    }

    fn start(&mut self, now: Instant, packet: &Fixed) {
        self.lost_before = u32::try_from(self.lost()).unwrap_or(u32::MAX);
        self.doubted = None;
        self.sources += 1;
        self.source = Some(Source {
            ssrc: packet.ssrc,
            highest: packet.sequence,
            seen: 1,
            expected: 1,
            received: 1,
            timestamp: packet.timestamp,
            arrived: now,
            delay: 0,
            jitter: 0,
        });
    }
}

impl Source {
    fn lost(&self) -> u64 {
        self.expected.saturating_sub(self.received)
    }

    /// Packets of one timestamp, as those of a key press, say nothing of the network's evenness.
    fn note_arrival(&mut self, now: Instant, timestamp: u32, clock: u32) -> Arrival {
        let (off, sent_apart) = self.off(now, timestamp, clock);
        if sent_apart == 0 {
            return Arrival::InTime;
        }
        self.timestamp = timestamp;
        self.arrived = now;
        let strays = off.unsigned_abs();
        if strays >= u64::from(clock) * u64::from(JITTER_SECONDS_MAX) {
            self.delay = 0;
            return Arrival::InTime;
        }
        let jitter = i64::from(self.jitter);
        self.jitter = (jitter + strays as i64 - ((jitter + 8) >> 4)).clamp(0, i64::from(u32::MAX)) as u32;
        let delay = (self.delay + off).max(0);
        if delay > i64::from(clock / 1_000 * PAUSE_MS) {
            self.delay = 0;
            return Arrival::InTime;
        }
        self.delay = delay - (delay >> USED_TO);
        Source::arrives(delay, clock)
    }

    /// How much later it came after the last one than it was sent after that, and how much that was.
    fn off(&self, now: Instant, timestamp: u32, clock: u32) -> (i64, i32) {
        let sent_apart = timestamp.wrapping_sub(self.timestamp) as i32;
        let apart = now.saturating_duration_since(self.arrived).as_micros() as u64;
        let came_apart = apart.saturating_mul(u64::from(clock)) / 1_000_000;
        (came_apart as i64 - i64::from(sent_apart), sent_apart)
    }

    fn arrives(delay: i64, clock: u32) -> Arrival {
        let patience = i64::from(clock / 1_000 * PATIENCE_MS);
        if delay > patience { Arrival::Late } else { Arrival::InTime }
    }
}

/// Whether a packet came while somebody would still have waited for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Arrival {
    InTime,
    Late,
}
