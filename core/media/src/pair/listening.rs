//! Who else listens to a stream: whoever writes it down, and a recorder elsewhere; and a stream of copies,
//! whose peers hear those of another one, and nothing of each other.

use std::net::SocketAddr;
use std::time::Instant;

use super::{Meets, Pair};
use crate::copies::Fork;
use crate::copying::Copying;
use crate::order::{Sending, Side};
use crate::packet::Packet;
use crate::play::Begins;
use crate::tape::{Tape, Taped, Taping};
use crate::verdict::Half;

/// In one box, as hardly any stream has any.
#[derive(Debug, Default)]
pub(crate) struct Listeners {
    tape: Option<Tape>,
    pub fork: Option<Fork>,
}

impl Listeners {
    /// Takes a copy of a packet of sound.
    #[inline]
    pub fn take(&mut self, now: Instant, side: Side, packet: &[u8]) {
        if let Some(tape) = &mut self.tape {
            tape.take(now, side, packet);
        }
        if let Some(fork) = &mut self.fork {
            fork.take(side, Half::Rtp, packet);
        }
    }

    pub fn take_report(&mut self, side: Side, packet: &[u8]) {
        if let Some(fork) = &mut self.fork {
            fork.take(side, Half::Rtcp, packet);
        }
    }
}

impl Pair {
    /// From now on what both sides say is copied, or no more; what is left of the copies.
    pub fn record(&mut self, taping: Option<&Taping>) -> Option<Taped> {
        let tape = self.listeners.as_mut().and_then(|listeners| listeners.tape.as_mut());
        if let (Some(tape), Some(taping)) = (tape, taping)
            && tape.goes_on(taping)
        {
            return None;
        }
        let (session, _) = self.key;
        let before = self.listeners.as_mut().and_then(|listeners| listeners.tape.take());
        if let Some(taping) = taping {
            self.listeners.get_or_insert_default().tape = Some(Tape::new(session, taping.clone()));
        }
        self.let_nobody_listen();
        before.map(Tape::end)
    }

    /// Copies that are to leave by now.
    #[inline]
    pub fn taped(&mut self, now: Instant) -> Option<Taped> {
        self.listeners.as_mut()?.tape.as_mut()?.due(now)
    }

    /// What both sides say is copied for somebody else from now on, or no more.
    pub fn fork(&mut self, copying: Option<Copying>) {
        let fork = copying.map(Fork::new);
        if fork.is_some() || self.listeners.is_some() {
            self.listeners.get_or_insert_default().fork = fork;
        }
        self.let_nobody_listen();
    }

    /// Where nobody listens any more, nothing is kept for them.
    fn let_nobody_listen(&mut self) {
        self.listeners.take_if(|listeners| listeners.tape.is_none() && listeners.fork.is_none());
    }

    #[inline]
    pub fn has_copy(&self) -> bool {
        let fork = self.listeners.as_ref().and_then(|listeners| listeners.fork.as_ref());
        fork.is_some_and(Fork::is_ready)
    }

    /// Those who listen, out of the hand for a moment.
    pub fn take_listeners(&mut self) -> Option<Box<Listeners>> {
        self.listeners.take()
    }

    pub fn put_listeners(&mut self, listeners: Box<Listeners>) {
        self.listeners = Some(listeners);
    }

    /// Both sides hear copies of other streams from now on, and nothing else; nobody hears them.
    pub fn only_listens(&mut self) {
        for side in &mut self.sides {
            (side.meets, side.ours) = (Meets::Copies, Begins::Instead);
        }
    }

    /// Makes a copy ready to go out to a side that only listens: where to, and out of which port.
    pub fn sends_copy(
        &mut self,
        now: Instant,
        side: Side,
        half: Half,
        packet: &mut Packet<'_>,
    ) -> Option<(SocketAddr, Half)> {
        let changed = self.changed;
        let side = &mut self.sides[side as usize];
        if side.meets != Meets::Copies {
            return None;
        }
        if half == Half::Rtcp {
            let (to, half) = side.reports_to()?;
            side.reading.get_or_insert_default().sends(now, packet.bytes());
            side.seal(packet, Half::Rtcp).ok()?;
            side.counted.rtcp_out += 1;
            return Some((to, half));
        }
        let to = side.way(now, changed, Sending::Allowed).ok()?;
        side.seal(packet, Half::Rtp).ok()?;
        side.counted.packets_out += 1;
        side.counted.bytes_out += packet.length() as u64;
        Some((to, Half::Rtp))
    }
}
