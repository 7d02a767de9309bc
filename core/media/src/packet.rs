//! A packet where it lies.

use rtp::Fixed;

/// A header without contributors and extensions.
const HEADER: usize = 12;

/// A packet at the beginning of a buffer, with the room behind it that a proof may take.
pub struct Packet<'a> {
    buffer: &'a mut [u8],
    length: usize,
}

impl<'a> Packet<'a> {
    /// The first `length` bytes of a buffer, or all of it where it is shorter.
    pub fn new(buffer: &'a mut [u8], length: usize) -> Packet<'a> {
        let length = length.min(buffer.len());
        Packet { buffer, length }
    }

    pub fn bytes(&self) -> &[u8] {
        &self.buffer[..self.length]
    }

    /// How long it is now: protection that is put on or taken off changes it.
    pub fn length(&self) -> usize {
        self.length
    }

    pub(crate) fn bytes_mut(&mut self) -> &mut [u8] {
        &mut self.buffer[..self.length]
    }

    pub(crate) fn buffer_mut(&mut self) -> &mut [u8] {
        self.buffer
    }

    pub(crate) fn resize(&mut self, length: usize) {
        self.length = length;
    }

    /// Where the payload of a packet of ours is written.
    pub(crate) fn room_behind_header(&mut self) -> &mut [u8] {
        self.buffer.get_mut(HEADER..).unwrap_or_default()
    }

    /// Makes a packet of a payload that lies where it belongs.
    pub(crate) fn head(&mut self, header: &Fixed, payload: usize) {
        let Some(head) = self.buffer.first_chunk_mut::<HEADER>() else { return };
        head[0] = 2 << 6;
        head[1] = u8::from(header.marker) << 7 | header.payload_type;
        head[2..4].copy_from_slice(&header.sequence.to_be_bytes());
        head[4..8].copy_from_slice(&header.timestamp.to_be_bytes());
        head[8..].copy_from_slice(&header.ssrc.to_be_bytes());
        self.length = (HEADER + payload).min(self.buffer.len());
    }
}
