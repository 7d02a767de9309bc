//! A packet where it lies.

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
}
