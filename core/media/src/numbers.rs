//! Numbers that begin anew in mid-stream, towards a side that is sealed: no number may be sealed twice, so
//! that they go on from where they were.

use rtp::Fixed;

use crate::packet::Packet;

/// Who is further behind is no straggler, once a second packet follows (RFC 3550, A.1).
pub const BEHIND_MAX: u16 = 100;

/// What is added to the numbers of the sender who last began anew.
#[derive(Debug, Default)]
pub(crate) struct Numbers {
    ssrc: u32,
    shift: u16,
    /// The packet that would make a new start of the one before it.
    doubted: Option<(u32, u16)>,
}

impl Numbers {
    pub fn leaving(&self, header: &Fixed) -> u16 {
        header.sequence.wrapping_add(self.shift_of(header.ssrc))
    }

    /// What is added to a sender's numbers.
    pub fn shift_of(&self, ssrc: u32) -> u16 {
        if ssrc == self.ssrc { self.shift } else { 0 }
    }

    /// Whether a packet whose number was used begins anew; it leaves as `next` then.
    #[cold]
    pub fn begin_anew(&mut self, header: &Fixed, next: u16) -> bool {
        let Fixed { ssrc, sequence, .. } = *header;
        if next.wrapping_sub(1).wrapping_sub(self.leaving(header)) < BEHIND_MAX {
            return false;
        }
        let is_second = self.doubted == Some((ssrc, sequence));
        if is_second {
            *self = Numbers { ssrc, shift: next.wrapping_sub(sequence), doubted: None };
        } else {
            self.doubted = Some((ssrc, sequence.wrapping_add(1)));
        }
        is_second
    }
}

/// Gives a packet a number.
pub(crate) fn number(packet: &mut Packet<'_>, sequence: u16) {
    if let Some(place) = packet.bytes_mut().get_mut(2..4) {
        place.copy_from_slice(&sequence.to_be_bytes());
    }
}
