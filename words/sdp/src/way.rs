//! How one media line is reached, besides address and port: where its reports go (RFC 5761, 8035, 8858).

use crate::session::Media;

/// How our side of one media line is reached.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Way {
    pub reports: Reports,
}

/// Which port RTCP has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reports {
    /// One of its own.
    #[default]
    Apart,
    /// That of the media.
    Muxed,
}

impl Media<'_> {
    /// Where its writer would have RTCP; in an answer that holds only if it was offered (RFC 5761, 5.1.1).
    pub fn reports(&self) -> Reports {
        if self.is_rtp() && self.says("rtcp-mux") { Reports::Muxed } else { Reports::Apart }
    }

    /// Whether it has an attribute of that name, with a value or without.
    pub(crate) fn says(&self, name: &str) -> bool {
        let mut attributes = self.lines.iter().filter_map(|line| line.attribute());
        attributes.any(|(attribute, _)| attribute == name)
    }
}
