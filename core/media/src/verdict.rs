//! Where a packet arrived, and what becomes of it.

use std::net::SocketAddr;

use crate::side::Side;

/// The ports of a stream: RTP and RTCP of either side.
pub(crate) const PORTS_PER_STREAM: u32 = 4;

/// A local port as the relay counts them, densely, from 0. It may be used again after its `Unbind`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PortIndex(pub u32);

/// What becomes of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Send it, as it is now, from that port. What has become an answer goes out where it came in.
    Forward {
        port: PortIndex,
        to: SocketAddr,
    },
    Drop(Reason),
    /// Have what is carried elsewhere of its stream taken back, and hand the packet in again: it may change
    /// what becomes of the others.
    TakeBack,
}

/// Why a packet goes nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// No stream has that port.
    NobodyHere,
    /// Neither RTP nor RTCP, and not from where the peer is.
    Malformed,
    /// It was no media, and has become an answer to whoever sent it.
    Answered,
    /// It answered a check of ours.
    Checked,
    /// It came from a server outside.
    Outside,
    /// It was a record of a handshake, which has taken it.
    Handshake,
    /// Not from the peer.
    Stranger,
    /// Not sealed with the peer's key, on a stream that is protected.
    Unproven,
    /// It came before.
    Copy,
    /// The other side is on hold, or has not said where it receives.
    Undeliverable,
    /// The other side gives no sign of life any more.
    Gone,
    /// It is to be made into another codec, and its sound goes with the next one's or went already.
    Kept,
    /// It is to be made into another codec, and is of none that was agreed on.
    NotSpoken,
    /// It is for a meeting, whose members hear it when it is its turn.
    Said,
}

/// RTP or RTCP: which of a side's two ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Half {
    Rtp,
    Rtcp,
}

impl PortIndex {
    /// Which stream's port it is: the four ports of a stream have this number in common.
    pub fn stream(self) -> u32 {
        self.0 / PORTS_PER_STREAM
    }
}

pub(crate) fn port_index(slot: u32, side: Side, half: Half) -> PortIndex {
    let side = if side == Side::Caller { 0 } else { 2 };
    let half = if half == Half::Rtp { 0 } else { 1 };
    PortIndex(slot * PORTS_PER_STREAM + side + half)
}

pub(crate) fn locate(port: PortIndex) -> (u32, Side, Half) {
    let at = port.0 % PORTS_PER_STREAM;
    let side = if at < 2 { Side::Caller } else { Side::Callee };
    let half = if at.is_multiple_of(2) { Half::Rtp } else { Half::Rtcp };
    (port.stream(), side, half)
}
