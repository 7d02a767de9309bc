//! What descriptions tell a side beside media: that it is recorded (RFC 7866), that it waits to music.

use media::Side;

use super::{Bridge, Meanwhile};

impl Bridge {
    /// How a side is told that recording stands, if it is.
    pub(crate) fn indicates(&self, side: Side) -> Option<&'static str> {
        self.sides[side as usize].indicates
    }

    /// A side is told in all that it is told from now on how recording stands.
    pub(crate) fn indicate(&mut self, side: Side, state: &'static str) {
        let port = &mut self.sides[side as usize];
        port.indicates = Some(state);
        port.version += 1;
        port.told = sdp::versioned(&sdp::indicating(&port.told, state), port.version);
    }

    /// Whether a side is told, while nobody speaks to it, that it will hear something.
    pub(crate) fn tell_of_music(&mut self, side: Side, meanwhile: Meanwhile) {
        self.sides[side as usize].meanwhile = meanwhile;
    }
}
