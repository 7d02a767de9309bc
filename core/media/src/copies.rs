//! Copies of what a side says, for somebody who only listens: each goes out as a packet of a stream of
//! another session, from the port of the same side. The copy is of what the side sent, opened where it was
//! sealed, before another codec is made of it; it is sealed anew where its listener wants that.
//!
//! Nothing is allocated for a packet. A stream that nobody listens to has none of this.

use std::fmt;
use std::net::SocketAddr;

use crate::copying::Copying;
use crate::packet::Packet;
use crate::side::Side;
use crate::verdict::{Half, PortIndex};

/// So many wait at once; whoever drives the relay sends them after each batch of packets.
const WAITING_MAX: usize = 64;
const ROOM: usize = 2048;
/// A proof takes less.
const PROOF_MAX: usize = 64;

/// Where copies of a stream go.
pub(crate) struct Fork {
    pub copying: Copying,
    room: Box<[u8; ROOM]>,
    /// The copy that is to leave now.
    ready: Option<(Side, Half, usize)>,
}

/// What waits to be sent.
#[derive(Default)]
pub(crate) struct Copies {
    waiting: Vec<Copy>,
    bytes: Vec<u8>,
    next: usize,
}

#[derive(Clone, Copy)]
struct Copy {
    port: PortIndex,
    to: SocketAddr,
    at: usize,
    length: usize,
}

impl Fork {
    pub fn new(copying: Copying) -> Fork {
        Fork { copying, room: Box::new([0; ROOM]), ready: None }
    }

    /// Copies a packet, if that is wanted.
    pub fn take(&mut self, side: Side, half: Half, packet: &[u8]) {
        let named = match half {
            Half::Rtp => packet.get(1).and_then(|byte| self.name_of(side, *byte)),
            Half::Rtcp => packet.get(1).copied(),
        };
        let Some(named) = named.filter(|_| packet.len() + PROOF_MAX <= ROOM) else { return };
        self.room[..packet.len()].copy_from_slice(packet);
        self.room[1] = named;
        self.ready = Some((side, half, packet.len()));
    }

    /// The second byte of a packet, as the listener wants it: its marker and its payload type.
    fn name_of(&self, side: Side, byte: u8) -> Option<u8> {
        let (marker, own) = (byte & 0x80, byte & 0x7f);
        let types = &self.copying.types[side as usize];
        types.iter().find(|(known, _)| *known == own).map(|(_, there)| marker | there)
    }

    pub fn is_ready(&self) -> bool {
        self.ready.is_some()
    }

    /// The copy that is to leave now.
    pub fn leave(&mut self) -> Option<(Side, Half, Packet<'_>)> {
        let (side, half, length) = self.ready.take()?;
        Some((side, half, Packet::new(&mut self.room[..], length)))
    }
}

impl Copies {
    /// Keeps a copy until it is sent; whether there was room for it.
    pub fn put(&mut self, port: PortIndex, to: SocketAddr, packet: &[u8]) -> bool {
        if self.waiting.len() >= WAITING_MAX {
            return false;
        }
        self.waiting.push(Copy { port, to, at: self.bytes.len(), length: packet.len() });
        self.bytes.extend_from_slice(packet);
        true
    }

    /// The next copy: out of which port it goes, and where to.
    pub fn next(&mut self) -> Option<(PortIndex, SocketAddr, &[u8])> {
        let Some(Copy { port, to, at, length }) = self.waiting.get(self.next).copied() else {
            self.waiting.clear();
            self.bytes.clear();
            self.next = 0;
            return None;
        };
        self.next += 1;
        Some((port, to, &self.bytes[at..at + length]))
    }
}

/// What people say is nothing for a log.
impl fmt::Debug for Fork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fork({:?})", self.copying)
    }
}

impl fmt::Debug for Copies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Copies({})", self.waiting.len())
    }
}
