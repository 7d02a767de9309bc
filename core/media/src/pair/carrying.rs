//! Which direction of a stream somebody else carries, and what it has come to meanwhile.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::{Pair, SideState, is_check};
use crate::carried::{Carriage, Kept, SealTurn, Tally};
use crate::latch::Admission;
use crate::order::{Sending, Side};
use crate::packet::Packet;
use crate::shield::Shield;
use crate::verdict::PortIndex;

/// Whose packets are carried elsewhere and do not come for so long is not steady any more.
const IDLE: Duration = Duration::from_secs(10);

impl Pair {
    /// Each direction may be carried elsewhere, once it has been steady.
    pub fn may_be_carried(&mut self) {
        self.sides.iter_mut().for_each(|side| side.readiness.begin());
    }

    pub fn has_carried(&self) -> bool {
        self.sides.iter().any(|side| side.readiness.is_carried())
    }

    pub fn is_carried(&self, side: Side) -> bool {
        self.sides[side as usize].readiness.is_carried()
    }

    /// Whether a packet of media could change what becomes of others, which are carried elsewhere.
    #[cold]
    pub fn wants_back(&self, now: Instant, side: Side, from: SocketAddr, packet: &Packet<'_>) -> bool {
        let here = &self.sides[side as usize];
        if here.header_of(packet).is_none() {
            return here.readiness.is_carried() && here.latch.is_peer(from) && !is_check(packet);
        }
        match here.latch.weigh(from, now, self.changed) {
            Admission::Known => here.readiness.is_carried(),
            Admission::Latched => true,
            // Whether he is the peer who has moved is told by what the carrier alone knows.
            Admission::Stranger => here.latch.is_beside(from),
        }
    }

    /// Notes that the last packet crossed from a side, so long, and says whether its direction is worth
    /// carrying elsewhere.
    #[inline]
    pub fn is_ready(&mut self, side: Side, length: usize) -> bool {
        let side = &mut self.sides[side as usize];
        side.readiness.note(side.came, length)
    }

    /// It is no time to carry a direction elsewhere.
    pub fn put_off(&mut self, side: Side) {
        self.sides[side as usize].readiness.put_off();
    }

    /// Nobody carries a direction elsewhere.
    pub fn refuse(&mut self, side: Side) {
        self.sides[side as usize].readiness.refuse();
    }

    /// Somebody carries a direction from now on.
    pub fn carry(&mut self, side: Side) {
        let side = &mut self.sides[side as usize];
        side.readiness.carry(side.counted.packets_in);
    }

    /// A direction is ours again.
    pub fn take_back(&mut self, side: Side, tally: &Tally) {
        self.tally(side, tally);
        let side = &mut self.sides[side as usize];
        side.readiness.end(side.counted.packets_in);
    }

    /// Whether a direction that is carried is better taken back: its sender is silent, or its receiver gives
    /// no sign of life any more. The tally is to be known.
    pub fn is_idle(&self, now: Instant, side: Side) -> bool {
        let (here, there) = (&self.sides[side as usize], &self.sides[side.other() as usize]);
        let silent = here.counted.last.is_none_or(|last| now.saturating_duration_since(last) >= IDLE);
        silent || there.is_gone(now, self.changed, here.sending)
    }

    /// What is to be known to carry what a side's peer sends; none where that needs more than sending on.
    /// Calls for help need nobody but the relay.
    pub fn carriage(&self, side: Side, via: PortIndex) -> Option<Carriage> {
        let (here, there) = (&self.sides[side as usize], &self.sides[side.other() as usize]);
        let is_simple = here.is_simple() && there.is_simple() && !here.is_opaque();
        if self.listeners.is_some() || !is_simple {
            return None;
        }
        let (source, seen) = (here.seen.source?, here.readiness.types);
        let change = match &here.transcoder {
            Some(transcoder) => Some(transcoder.law_change(&source, seen)?),
            None => None,
        };
        let seal = match (here.guard(), there.guard()) {
            (None, None) => None,
            (Some(shield), None) if change.is_none() => Some(shield.seal_of(SealTurn::Opens, source.ssrc)?),
            (None, Some(shield)) if change.is_none() => Some(shield.seal_of(SealTurn::Seals, source.ssrc)?),
            _ => return None,
        };
        Some(Carriage {
            from: here.latch.locked_at()?,
            to: there.latch.destination().filter(|_| there.sending == Sending::Allowed)?,
            via,
            clock: here.clock,
            types: change.map_or(seen, |change| change.types()),
            longest: here.readiness.longest,
            change,
            seal,
            tally: Tally {
                packets: here.counted.packets_in,
                bytes: here.counted.bytes_in,
                last: here.counted.last?,
                source,
                gaps: here.seen.gaps,
                late: here.seen.late,
                reordered: here.seen.reordered,
                duplicates: here.seen.duplicates,
                jitter_max: here.seen.jitter_max,
                kept: here.kept_before(there),
                reached: seal.map(|seal| seal.reached),
                unproven: here.counted.dropped_unproven,
            },
        })
    }

    /// What a direction has come to while it was carried elsewhere.
    pub fn tally(&mut self, side: Side, tally: &Tally) {
        let (here, there) = self.facing(side);
        let packets = tally.packets.saturating_sub(here.counted.packets_in);
        let bytes = tally.bytes.saturating_sub(here.counted.bytes_in);
        here.counted.packets_in += packets;
        here.counted.bytes_in += bytes;
        here.counted.packets_carried += packets;
        here.counted.last = here.counted.last.max(Some(tally.last));
        here.counted.dropped_unproven = here.counted.dropped_unproven.max(tally.unproven);
        here.seen.source = Some(tally.source);
        (here.seen.gaps, here.seen.late) = (tally.gaps, tally.late);
        here.seen.reordered = tally.reordered;
        here.seen.duplicates = tally.duplicates;
        here.seen.jitter_max = tally.jitter_max;
        let kept = match (&mut here.transcoder, &mut there.shield) {
            (Some(transcoder), _) => transcoder.went_on(tally),
            (None, Some(shield)) => shield.has_kept(tally.kept),
            (None, None) => Kept::default(),
        };
        let left = packets.saturating_sub(kept.packets);
        there.counted.packets_out += left;
        there.counted.bytes_out += bytes.saturating_sub(kept.bytes) + left * there.growth();
        if let Some(reached) = tally.reached {
            let ssrc = tally.source.ssrc;
            here.shield.iter_mut().for_each(|shield| shield.went_on(SealTurn::Opens, ssrc, reached));
            there.shield.iter_mut().for_each(|shield| shield.went_on(SealTurn::Seals, ssrc, reached));
        }
    }
}

impl SideState {
    /// Whether no more is expected of its peer than media, sealed or not.
    fn is_simple(&self) -> bool {
        self.door.is_none() && self.handshake.is_none()
    }

    /// What protects its media now.
    fn guard(&self) -> Option<&Shield> {
        self.shield.as_ref().filter(|shield| !shield.is_resting())
    }

    /// What left nothing of what its peer said, where it was carried elsewhere to that side.
    fn kept_before(&self, there: &SideState) -> Kept {
        match (&self.transcoder, &there.shield) {
            (Some(transcoder), _) => transcoder.kept(),
            (None, Some(shield)) => shield.kept(),
            (None, None) => Kept::default(),
        }
    }

    /// Bytes that its packets grow by before they leave.
    fn growth(&self) -> u64 {
        let suite = self.guard().and_then(Shield::suite);
        suite.map_or(0, |suite| suite.rtp_growth() as u64)
    }
}
