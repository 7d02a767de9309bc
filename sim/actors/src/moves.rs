//! What changes of a leg's media while it is up: its source, its key, its port.

use std::net::SocketAddr;

use crate::media::Media;

impl Media {
    /// Another RTP source speaks from now on (RFC 3550, 8.2).
    pub(crate) fn change_source(&mut self, ssrc: u32, sequence: u16) {
        (self.ssrc, self.sequence) = (ssrc, sequence);
    }

    /// The next description brings another key, where it brings any.
    pub(crate) fn draw_key(&mut self, seed: u64) {
        if let Some(sealed) = &mut self.sealed {
            sealed.draw_key(seed);
        }
        if let Some(shaken) = &mut self.shaken {
            shaken.draw_certificate(seed);
        }
    }

    /// Media is taken elsewhere from now on; what is on its way to where it was is lost.
    pub(crate) fn move_to(&mut self, place: SocketAddr) {
        self.former.push(std::mem::replace(&mut self.local, place));
    }

    pub(crate) fn was_at(&self, place: SocketAddr) -> bool {
        self.former.contains(&place)
    }
}
