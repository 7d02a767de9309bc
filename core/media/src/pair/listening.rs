//! Who else listens to a stream: whoever writes it down, and a recorder elsewhere; and a stream of copies,
//! whose peers hear those of another one, and nothing of each other.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use rtp::Fixed;

use super::{Meets, Pair, SideState};
use crate::copies::Fork;
use crate::copying::Copying;
use crate::excerpt::{Cover, Crossing, Excerpt, Excerpted, Excerpting, Way};
use crate::order::{Reports, Sending, Side};
use crate::packet::Packet;
use crate::play::Begins;
use crate::ports::PortPair;
use crate::tape::{Tape, Taped, Taping};
use crate::verdict::{Half, Reason};

/// In one box, as hardly any stream has any.
#[derive(Debug, Default)]
pub(crate) struct Listeners {
    tape: Option<Tape>,
    /// One for each who hears copies.
    pub forks: Vec<Fork>,
    pub excerpt: Option<Excerpt>,
}

impl Listeners {
    /// Takes a copy of a packet of media; who records takes only what is RTP.
    #[inline]
    pub fn take(&mut self, at: Crossing, header: Option<&Fixed>, packet: &[u8]) {
        if let Some(excerpt) = &mut self.excerpt {
            excerpt.take(at, packet);
        }
        if header.is_none() {
            return;
        }
        if let Some(tape) = &mut self.tape {
            tape.take(at.now, at.side, packet);
        }
        self.forks.iter_mut().for_each(|fork| fork.take(at.side, Half::Rtp, packet));
    }

    pub fn take_report(&mut self, at: Crossing, packet: &[u8]) {
        if let Some(excerpt) = &mut self.excerpt {
            excerpt.take(at, packet);
        }
        self.forks.iter_mut().for_each(|fork| fork.take(at.side, Half::Rtcp, packet));
    }

    fn are_none(&self) -> bool {
        self.tape.is_none() && self.forks.is_empty() && self.excerpt.is_none()
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

    /// What both sides say is copied for somebody else from now on, or for nobody any more. Who hears copies
    /// already hears these in their place.
    pub fn fork(&mut self, copying: Option<Copying>) {
        match copying {
            Some(copying) => {
                let forks = &mut self.listeners.get_or_insert_default().forks;
                forks.retain(|fork| !fork.copying.is_for_same(&copying));
                forks.push(Fork::new(copying));
            }
            None => self.listeners.iter_mut().for_each(|listeners| listeners.forks.clear()),
        }
        self.let_nobody_listen();
    }

    /// Where nobody listens any more, nothing is kept for them.
    fn let_nobody_listen(&mut self) {
        self.listeners.take_if(|listeners| listeners.are_none());
    }

    /// Packets of both sides are kept from now on, or no more; what is left of those that were.
    pub fn excerpt(&mut self, terms: Option<(&Arc<Excerpting>, [PortPair; 2])>) -> Option<Excerpted> {
        let before = self.listeners.as_mut().and_then(|listeners| listeners.excerpt.as_mut());
        if let (Some(excerpt), Some((terms, _))) = (before, terms)
            && excerpt.goes_on(terms)
        {
            return None;
        }
        let before = self.listeners.as_mut().and_then(|listeners| listeners.excerpt.take());
        if let Some((terms, ports)) = terms {
            let excerpt = Excerpt::new(self.key, Arc::clone(terms), ports);
            self.listeners.get_or_insert_default().excerpt = Some(excerpt);
        }
        self.let_nobody_listen();
        before.map(Excerpt::end)
    }

    #[inline]
    pub fn is_listened_to(&self) -> bool {
        self.listeners.is_some()
    }

    fn excerpted(&mut self) -> Option<&mut Excerpt> {
        self.listeners.as_mut()?.excerpt.as_mut()
    }

    /// Packets that are to leave at once.
    pub fn excerpt_full(&mut self) -> Option<Excerpted> {
        self.excerpted()?.full()
    }

    /// Packets that were gathered until now.
    pub fn excerpt_gathered(&mut self) -> Option<Excerpted> {
        self.excerpted()?.gathered()
    }

    /// Our ports are those from now on; what was gathered by those before.
    pub fn excerpt_moved(&mut self, ports: [PortPair; 2]) -> Option<Excerpted> {
        self.excerpted()?.moved(ports)
    }

    /// A packet that a side sent went nowhere, and why.
    #[cold]
    pub fn excerpt_lost(
        &mut self,
        (now, side, kind): (Instant, Side, Half),
        from: SocketAddr,
        packet: &[u8],
        why: Reason,
    ) {
        let Some(listeners) = &mut self.listeners else { return };
        let Some(excerpt) = &mut listeners.excerpt else { return };
        let at = self.sides[side as usize].crossing(now, side, from, kind);
        match why {
            Reason::Copy if excerpt.has_just_taken(&at) => excerpt.lose(why),
            Reason::Malformed | Reason::Stranger | Reason::Unproven | Reason::Copy => {
                excerpt.take_lost(at, packet, why);
            }
            Reason::Undeliverable | Reason::Gone | Reason::NotSpoken => excerpt.lose(why),
            Reason::NobodyHere
            | Reason::Answered
            | Reason::Checked
            | Reason::Outside
            | Reason::Handshake
            | Reason::Kept
            | Reason::Said => {}
        }
    }

    #[inline]
    pub fn has_copy(&self) -> bool {
        self.listeners.as_ref().is_some_and(|listeners| listeners.forks.iter().any(Fork::is_ready))
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

impl SideState {
    /// Where something comes in that a side's peer sent. Reports may come in where media does.
    pub(super) fn crossing(&self, now: Instant, side: Side, remote: SocketAddr, kind: Half) -> Crossing {
        let cover = if self.is_clear() { Cover::Clear } else { Cover::Sealed };
        let port = if self.reports == Reports::Muxed { Half::Rtp } else { kind };
        let remote = self.real(remote);
        Crossing { now, side, kind, port, way: Way::In, cover, remote }
    }
}

/// When and where a packet goes, and out of which of our ports.
pub(super) type Leaves = (Instant, Side, (SocketAddr, Half));

/// Protects a packet that goes out to a side, and shows it to who wants to see it as it leaves.
#[inline]
pub(super) fn leave(
    listeners: &mut Option<Box<Listeners>>,
    there: &mut SideState,
    leaves: Leaves,
    packet: &mut Packet<'_>,
    half: Half,
) -> Result<(), Reason> {
    match listeners {
        None => there.seal(packet, half),
        Some(listeners) => leave_seen(listeners, there, leaves, packet, half),
    }
}

#[cold]
fn leave_seen(
    listeners: &mut Listeners,
    there: &mut SideState,
    (now, side, (to, port)): Leaves,
    packet: &mut Packet<'_>,
    half: Half,
) -> Result<(), Reason> {
    let Some(excerpt) = &mut listeners.excerpt else { return there.seal(packet, half) };
    let at = Crossing { port, way: Way::Out, ..there.crossing(now, side, to, half) };
    excerpt.take(at, packet.bytes());
    let sealed = there.seal(packet, half);
    match sealed {
        Ok(()) if half == Half::Rtp => excerpt.left_as(packet.bytes()),
        Ok(()) => {}
        Err(_) => excerpt.take_back(),
    }
    sealed
}
