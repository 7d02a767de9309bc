//! Sides that are seen from outside, and packets that go round by a server there.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use super::{Act, Outbox, Relay};
use crate::detouring::channel_to;
use crate::order::{SessionKey, Side};
use crate::outpost::Outer;
use crate::packet::Packet;
use crate::pair::Pair;
use crate::scouting::LETTER_MAX;
use crate::verdict::{Half, PortIndex, Reason, Verdict, locate, port_index};

/// What stands before a packet in a channel.
const HEAD: usize = 4;

impl Relay {
    pub(super) fn see(&mut self, now: Instant, key: (SessionKey, u8), side: Side, outer: &Arc<Outer>) {
        let Some(slot) = self.by_session.get(&key).copied() else { return };
        let Some(pair) = &mut self.slots[slot as usize] else { return };
        pair.see(now, side, outer);
        self.moments.set(slot, side, pair.moment(side));
    }

    /// A packet goes to somebody who is reached through a server alone.
    #[cold]
    pub(super) fn go_round(&mut self, port: PortIndex, to: SocketAddr, packet: &mut Packet<'_>) -> Verdict {
        let (slot, side, _) = locate(port);
        let pair = self.slots.get(slot as usize).and_then(Option::as_ref);
        match pair.and_then(|pair| pair.put_into_channel(side, to, packet)) {
            Some(to) => Verdict::Forward { port, to },
            None => {
                self.unsent(port);
                Verdict::Drop(Reason::Undeliverable)
            }
        }
    }

    /// A server has said something, or brought what somebody beyond it has.
    #[cold]
    pub(super) fn hear_outside(
        &mut self,
        now: Instant,
        port: PortIndex,
        packet: &mut Packet<'_>,
        out: &mut Outbox,
    ) -> Verdict {
        let (slot, side, half) = locate(port);
        let Some(Some(pair)) = self.slots.get_mut(slot as usize) else {
            return Verdict::Drop(Reason::NobodyHere);
        };
        let from = pair.hear_outside(now, (side, half), packet);
        self.check(now, (slot, side), out);
        match from {
            Some(from) => self.receive(now, port, from, packet, out),
            None => Verdict::Drop(Reason::Outside),
        }
    }

    /// A side's ports are about to be closed: its server is told that its places there are free.
    pub(super) fn leave_outside(&mut self, slot: u32, side: Side, out: &mut Outbox) {
        let Some(pair) = self.slots.get_mut(slot as usize).and_then(Option::as_mut) else { return };
        let mut room = [0; LETTER_MAX];
        for half in [Half::Rtp, Half::Rtcp] {
            if let Some((to, length)) = pair.leave_outside(side, half, &mut room) {
                let record = room[..length].into();
                out.push(Act::Send { port: port_index(slot, side, half), to, record });
            }
        }
        pair.is_unseen(side);
    }
}

/// Sends a record of ours, round by a server where it has to.
pub(super) fn sent(pair: &Pair, (port, to): (PortIndex, SocketAddr), record: Box<[u8]>) -> Act {
    if channel_to(to).is_none() {
        return Act::Send { port, to, record };
    }
    let (_, side, _) = locate(port);
    let mut room = vec![0; record.len() + HEAD];
    room[..record.len()].copy_from_slice(&record);
    let mut packet = Packet::new(&mut room, record.len());
    // Where the way is gone, the place that stood for it leads nowhere.
    let to = pair.put_into_channel(side, to, &mut packet).unwrap_or(to);
    Act::Send { port, to, record: packet.bytes().into() }
}

/// The same for a packet where it lies: out of which port it goes, and where to.
pub(super) fn put(
    pair: &Pair,
    (port, to): (PortIndex, SocketAddr),
    packet: &mut Packet<'_>,
) -> Option<(PortIndex, SocketAddr)> {
    if channel_to(to).is_none() {
        return Some((port, to));
    }
    let (_, side, _) = locate(port);
    Some((port, pair.put_into_channel(side, to, packet)?))
}
