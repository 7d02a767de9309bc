//! A side that is seen from outside: what its server there says, and who is reached through it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use super::{Pair, SideState};
use crate::detouring::Heard;
use crate::order::{Checks, Side};
use crate::outpost::{Outer, Unseen};
use crate::outside::Outside;
use crate::packet::Packet;
use crate::verdict::Half;

impl Pair {
    /// A server outside has said how a side's ports are seen.
    pub fn see(&mut self, now: Instant, side: Side, outer: &Arc<Outer>) {
        self.sides[side as usize].outside = Some(Box::new(Outside::new(now, outer)));
    }

    pub fn is_seen(&self, side: Side) -> bool {
        self.sides[side as usize].outside.is_some()
    }

    /// The next that a side's server is to be told by now: out of which port, to where, and how long it is.
    pub fn next_outside(
        &mut self,
        now: Instant,
        side: Side,
        out: &mut [u8],
    ) -> Option<(Half, SocketAddr, usize)> {
        let outside = self.sides[side as usize].outside.as_mut()?;
        let (half, length) = outside.next(now, out)?;
        Some((half, outside.server(), length))
    }

    /// What somebody should be told of a side's server, if it is new.
    pub fn trouble_outside(&mut self, side: Side) -> Option<Unseen> {
        self.sides[side as usize].outside.as_mut()?.take_trouble()
    }

    /// Takes what a side's server has sent: whose packet it has brought, if it has brought one, which lies
    /// where the other lay.
    pub fn hear_outside(
        &mut self,
        now: Instant,
        (side, half): (Side, Half),
        packet: &mut Packet<'_>,
    ) -> Option<SocketAddr> {
        let side = &mut self.sides[side as usize];
        match side.outside.as_mut()?.hear(now, half, packet.bytes()) {
            Heard::Nothing => None,
            Heard::Opened(candidate) => {
                side.door.iter_mut().for_each(|door| door.may_ask(now, &[candidate]));
                None
            }
            Heard::Sent(from, within) => {
                let length = within.len();
                packet.bytes_mut().copy_within(within, 0);
                packet.resize(length);
                Some(from)
            }
        }
    }

    /// Puts what goes to somebody beyond a side's server into the channel that leads there: where it goes.
    pub fn put_into_channel(
        &self,
        side: Side,
        to: SocketAddr,
        packet: &mut Packet<'_>,
    ) -> Option<SocketAddr> {
        self.sides[side as usize].outside.as_ref()?.put_into(to, packet)
    }

    /// Whom an address stands for.
    pub fn real(&self, side: Side, place: SocketAddr) -> SocketAddr {
        self.sides[side as usize].real(place)
    }

    /// What a side's server is told at the end, of a place that it has for us.
    pub fn leave_outside(&mut self, side: Side, half: Half, out: &mut [u8]) -> Option<(SocketAddr, usize)> {
        let outside = self.sides[side as usize].outside.as_mut()?;
        let length = outside.gives_up(half, out)?;
        Some((outside.server(), length))
    }

    /// A side has other ports, of which nothing is known.
    pub fn is_unseen(&mut self, side: Side) {
        self.sides[side as usize].outside = None;
    }
}

impl SideState {
    pub(super) fn is_from_outpost(&self, from: SocketAddr) -> bool {
        self.outside.as_ref().is_some_and(|outside| outside.server() == from)
    }

    /// The places that a peer has named are tried through its server too.
    pub(super) fn want_detours(&mut self, now: Instant, checks: Option<&Checks>) {
        let search = checks.and_then(|checks| checks.search.as_ref());
        if let (Some(outside), Some(door), Some(search)) = (&mut self.outside, &mut self.door, search) {
            let open = outside.want(now, &search.candidates);
            door.may_ask(now, &open);
        }
    }

    pub(super) fn real(&self, place: SocketAddr) -> SocketAddr {
        self.outside.as_ref().and_then(|outside| outside.peer_at(place)).unwrap_or(place)
    }
}
