//! Checks at a side's ports, and those that leave there.

use std::net::SocketAddr;
use std::time::Instant;

use super::{Outcome, Pair, SideState};
use crate::checklist::{Gate, Sent};
use crate::door::Choice;
use crate::latch::Admission;
use crate::order::{Reports, Side, Turn};
use crate::packet::Packet;
use crate::verdict::{Half, Reason};

impl Pair {
    /// Whether we look for a side's peer by checks of our own.
    pub fn searches(&self, side: Side) -> bool {
        self.sides[side as usize].searches()
    }

    /// The next check of ours that a side's peer is to be sent by now.
    pub fn next_check(&mut self, now: Instant, side: Side, gate: &mut Gate, out: &mut [u8]) -> Option<Sent> {
        self.sides[side as usize].door.as_mut()?.next(now, gate, out)
    }
}

impl SideState {
    pub(super) fn searches(&self) -> bool {
        self.door.as_ref().is_some_and(|door| door.searches())
    }

    /// Where its peer takes reports, as far as checks have shown; through a restart, as they showed before.
    pub(super) fn place_of_reports(&self, turn: Turn) -> Option<SocketAddr> {
        let before = match self.reports {
            Reports::Apart(place) if turn == Turn::Same => place,
            Reports::Apart(_) | Reports::Muxed => None,
        };
        self.door.as_ref()?.place_of(Half::Rtcp).or(before)
    }

    /// Takes what is no media: a check, whose answer lies where it lay, and goes back to where it came from;
    /// or an answer to one of ours.
    #[cold]
    pub(super) fn answer(
        &mut self,
        now: Instant,
        half: Half,
        from: SocketAddr,
        packet: &mut Packet<'_>,
    ) -> Outcome {
        let Some(checking) = &mut self.door else { return (Err(Reason::Malformed), None) };
        if stun::is_indication(packet.bytes()) && self.latch.is_peer(from) {
            if !checking.searches() {
                checking.keeps_alive(now);
            }
            return (Err(Reason::Kept), None);
        }
        let (reason, choice) = match checking.take(now, (half, from), packet) {
            Ok(taken) => taken,
            Err(reason) => {
                match reason {
                    Reason::Unproven => self.counted.dropped_strangers += 1,
                    _ => self.counted.dropped_malformed += 1,
                }
                return (Err(reason), None);
            }
        };
        match (half, choice) {
            (_, Choice::Same) => (Err(reason), None),
            (Half::Rtcp, Choice::Moved) => {
                self.reports = Reports::Apart(Some(from));
                (Err(reason), None)
            }
            (Half::Rtp, Choice::Moved) => {
                self.latch.prove(from);
                (Err(reason), Some(Admission::Latched))
            }
        }
    }
}
