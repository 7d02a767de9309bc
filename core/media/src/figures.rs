//! What a stream adds up to.

use std::time::{Duration, Instant};

use rtp::srtp::Suite;

use crate::account::Account;

/// Plain counters of one stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    pub open_for: Duration,
    pub caller: SideFigures,
    pub callee: SideFigures,
    /// What the two peers say of what they hear.
    pub accounts: [Option<Account>; 2],
}

/// One side: what its peer sent to us (`in`), and what we sent to it (`out`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SideFigures {
    /// Media that was taken from the peer; strangers are not in it.
    pub packets_in: u64,
    pub bytes_in: u64,
    /// Of these, those that were carried elsewhere than in the relay.
    pub packets_carried: u64,
    pub packets_out: u64,
    pub bytes_out: u64,
    pub rtcp_in: u64,
    pub rtcp_out: u64,
    /// Packets that the system would not send.
    pub unsent: u64,
    /// Sequence numbers that never came, and the gaps that they made when they were missed first.
    pub lost: u64,
    pub gaps: u32,
    /// Packets that came too late for a listener's buffer.
    pub late: u32,
    pub reordered: u64,
    pub duplicates: u64,
    /// Interarrival jitter (RFC 3550, 6.4.1), in microseconds: at the end, and at its worst.
    pub jitter_us: u32,
    pub jitter_max_us: u32,
    /// Times that the peer began a new RTP source.
    pub sources: u32,
    pub dropped_strangers: u64,
    /// On a protected stream: not sealed with the peer's key.
    pub dropped_unproven: u64,
    /// Handshakes in which somebody showed another certificate than was signalled.
    pub impostors: u16,
    /// Handshakes that broke off.
    pub handshakes_broken: u16,
    /// Neither RTP nor RTCP, and not from where the peer is.
    pub dropped_malformed: u64,
    /// From the peer, with nowhere to go: the other side is on hold, or not negotiated yet.
    pub dropped_undeliverable: u64,
    /// Not sent to the peer, as it gave no sign of life any more.
    pub withheld: u32,
    /// The suite that protects it.
    pub suite: Option<Suite>,
    pub first: Option<Instant>,
    pub last: Option<Instant>,
}

impl Figures {
    /// The two as those of one stream that was closed for a while in between.
    #[must_use]
    pub fn then(&self, later: &Figures) -> Figures {
        let [by_caller, by_callee] = later.accounts;
        Figures {
            open_for: self.open_for + later.open_for,
            caller: self.caller.then(&later.caller),
            callee: self.callee.then(&later.callee),
            accounts: [by_caller.or(self.accounts[0]), by_callee.or(self.accounts[1])],
        }
    }
}

impl SideFigures {
    fn then(&self, later: &SideFigures) -> SideFigures {
        let was_heard = later.packets_in > 0;
        SideFigures {
            packets_in: self.packets_in + later.packets_in,
            bytes_in: self.bytes_in + later.bytes_in,
            packets_carried: self.packets_carried + later.packets_carried,
            packets_out: self.packets_out + later.packets_out,
            bytes_out: self.bytes_out + later.bytes_out,
            rtcp_in: self.rtcp_in + later.rtcp_in,
            rtcp_out: self.rtcp_out + later.rtcp_out,
            unsent: self.unsent + later.unsent,
            lost: self.lost + later.lost,
            gaps: self.gaps.saturating_add(later.gaps),
            late: self.late.saturating_add(later.late),
            reordered: self.reordered + later.reordered,
            duplicates: self.duplicates + later.duplicates,
            jitter_us: if was_heard { later.jitter_us } else { self.jitter_us },
            jitter_max_us: self.jitter_max_us.max(later.jitter_max_us),
            sources: self.sources.saturating_add(later.sources),
            dropped_strangers: self.dropped_strangers + later.dropped_strangers,
            dropped_unproven: self.dropped_unproven + later.dropped_unproven,
            impostors: self.impostors.saturating_add(later.impostors),
            handshakes_broken: self.handshakes_broken.saturating_add(later.handshakes_broken),
            dropped_malformed: self.dropped_malformed + later.dropped_malformed,
            dropped_undeliverable: self.dropped_undeliverable + later.dropped_undeliverable,
            withheld: self.withheld.saturating_add(later.withheld),
            suite: later.suite.or(self.suite),
            first: self.first.or(later.first),
            last: later.last.or(self.last),
        }
    }
}
