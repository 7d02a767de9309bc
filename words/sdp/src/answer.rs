//! Whether an answer fits its offer (RFC 3264, 6 and 8).

use crate::codec::Codec;
use crate::direction::Direction;
use crate::session::{Media, Session};

/// How an answer does not fit. Media lines count from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Mismatch {
    #[error("{offered} media lines were offered, {answered} answered")]
    Count { offered: usize, answered: usize },
    #[error("media line {m_line} is of another kind than offered")]
    Kind { m_line: usize },
    #[error("media line {m_line} uses another protocol than offered")]
    Protocol { m_line: usize },
    #[error("media line {m_line} was not open in the offer")]
    Reopened { m_line: usize },
    #[error("media line {m_line} has no format of the offer")]
    Formats { m_line: usize },
    #[error("media line {m_line} answers {} with {}", offered.name(), answered.name())]
    Direction { m_line: usize, offered: Direction, answered: Direction },
}

/// Checks number, order and kind of the media lines, a format in common, and the direction.
pub fn answer_matches(offer: &Session<'_>, answer: &Session<'_>) -> Result<(), Mismatch> {
    let (offered, answered) = (offer.media.len(), answer.media.len());
    if offered != answered {
        return Err(Mismatch::Count { offered, answered });
    }
    for (m_line, (theirs, ours)) in offer.media.iter().zip(&answer.media).enumerate() {
        if theirs.kind != ours.kind {
            return Err(Mismatch::Kind { m_line });
        }
        if ours.port == 0 {
            continue;
        }
        if theirs.port == 0 {
            return Err(Mismatch::Reopened { m_line });
        }
        if theirs.protocol != ours.protocol {
            return Err(Mismatch::Protocol { m_line });
        }
        if !share_a_format(theirs, ours) {
            return Err(Mismatch::Formats { m_line });
        }
        let (offered, answered) = (offer.direction_of(theirs), answer.direction_of(ours));
        if !offered.admits(answered) {
            return Err(Mismatch::Direction { m_line, offered, answered });
        }
    }
    Ok(())
}

/// An answer may add formats, but needs one of the offer. RTP's are told by codec: numbers may differ.
fn share_a_format(offered: &Media<'_>, answered: &Media<'_>) -> bool {
    if !offered.is_rtp() {
        return answered.formats.iter().any(|format| offered.formats.contains(format));
    }
    let (offered, answered) = (offered.codecs(), answered.codecs());
    let same = |a: &Codec<'_>, b: &Codec<'_>| a.is(b.name) && a.clock == b.clock;
    answered.iter().any(|ours| !ours.is_companion() && offered.iter().any(|theirs| same(ours, theirs)))
}
