//! Frames: their heads as clients write them, and whole ones as we write them (RFC 6455 5).

/// The code of a goodbye: we no longer keep this connection (RFC 6455 7.4.1, "going away").
pub const CLOSED_BY_US: u16 = 1001;

pub(crate) const PROTOCOL_ERROR: u16 = 1002;
pub(crate) const NOT_UTF8: u16 = 1007;
pub(crate) const TOO_BIG: u16 = 1009;

const CONTROL_MAX: usize = 125;
const LAST: u8 = 0x80;
const MASKED: u8 = 0x80;

/// What a frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    More,
    Text,
    Binary,
    Close,
    Ping,
    Pong,
}

impl Kind {
    fn of(code: u8) -> Option<Kind> {
        Some(match code {
            0 => Kind::More,
            1 => Kind::Text,
            2 => Kind::Binary,
            8 => Kind::Close,
            9 => Kind::Ping,
            10 => Kind::Pong,
            _ => return None,
        })
    }

    fn code(self) -> u8 {
        match self {
            Kind::More => 0,
            Kind::Text => 1,
            Kind::Binary => 2,
            Kind::Close => 8,
            Kind::Ping => 9,
            Kind::Pong => 10,
        }
    }

    fn is_control(self) -> bool {
        matches!(self, Kind::Close | Kind::Ping | Kind::Pong)
    }
}

/// Whether a message goes on in another frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Last,
    Earlier,
}

/// What stands before a frame's payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    pub kind: Kind,
    pub part: Part,
    pub mask: [u8; 4],
    /// How many bytes it has itself.
    pub size: usize,
    pub payload: usize,
}

impl Head {
    /// Reads the head of a client's frame; nothing while it is not all there. The code says what is wrong.
    pub fn read(bytes: &[u8], payload_max: usize) -> Result<Option<Head>, u16> {
        let [first, second, rest @ ..] = bytes else { return Ok(None) };
        // No extension was agreed that could give the reserved bits a meaning, and clients mask.
        let kind = Kind::of(first & 0x0f).filter(|_| first & 0x70 == 0 && second & MASKED != 0);
        let kind = kind.ok_or(PROTOCOL_ERROR)?;
        let part = if first & LAST != 0 { Part::Last } else { Part::Earlier };
        let short = usize::from(second & !MASKED);
        if kind.is_control() && (part == Part::Earlier || short > CONTROL_MAX) {
            return Err(PROTOCOL_ERROR);
        }
        let (payload, rest) = match (short, rest) {
            (126, [high, low, rest @ ..]) => (u64::from(u16::from_be_bytes([*high, *low])), rest),
            (127, _) => match rest.split_first_chunk::<8>() {
                Some((long, rest)) => (u64::from_be_bytes(*long), rest),
                None => return Ok(None),
            },
            (126, _) => return Ok(None),
            (short, rest) => (short as u64, rest),
        };
        let payload = usize::try_from(payload).ok().filter(|payload| *payload <= payload_max);
        let payload = payload.ok_or(TOO_BIG)?;
        let Some((mask, behind)) = rest.split_first_chunk::<4>() else { return Ok(None) };
        Ok(Some(Head { kind, part, mask: *mask, size: bytes.len() - behind.len(), payload }))
    }
}

/// Takes a client's mask off.
pub(crate) fn unmask(payload: &mut [u8], mask: [u8; 4]) {
    let mut fours = payload.chunks_exact_mut(4);
    for four in &mut fours {
        four.iter_mut().zip(mask).for_each(|(byte, key)| *byte ^= key);
    }
    fours.into_remainder().iter_mut().zip(mask).for_each(|(byte, key)| *byte ^= key);
}

/// Writes a message as one frame: as text where it is text, for many clients read nothing else.
pub fn put_message(out: &mut Vec<u8>, message: &[u8]) {
    let kind = if std::str::from_utf8(message).is_ok() { Kind::Text } else { Kind::Binary };
    put(out, kind, message);
}

/// Writes the question whether the far end is there.
pub fn put_ping(out: &mut Vec<u8>) {
    put(out, Kind::Ping, b"");
}

/// Writes a goodbye.
pub fn put_close(out: &mut Vec<u8>, code: u16) {
    put(out, Kind::Close, &code.to_be_bytes());
}

pub(crate) fn put(out: &mut Vec<u8>, kind: Kind, payload: &[u8]) {
    out.push(LAST | kind.code());
    match payload.len() {
        short @ 0..=125 => out.push(short as u8),
        middle @ 126..=0xffff => {
            out.push(126);
            out.extend_from_slice(&(middle as u16).to_be_bytes());
        }
        long => {
            out.push(127);
            out.extend_from_slice(&(long as u64).to_be_bytes());
        }
    }
    out.extend_from_slice(payload);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_read_when_all_of_it_is_there() {
        let whole = [0x82, 0xfe, 0x01, 0x00, 1, 2, 3, 4];

        for end in 0..whole.len() {
            assert_eq!(Head::read(&whole[..end], 1000), Ok(None));
        }

        let head = Head { kind: Kind::Binary, part: Part::Last, mask: [1, 2, 3, 4], size: 8, payload: 256 };
        assert_eq!(Head::read(&whole, 1000), Ok(Some(head)));
    }

    #[test]
    fn huge_lengths_and_what_no_client_may_write_are_refused() {
        let huge = [0x81, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
        let unmasked = [0x81, 0x05];
        let reserved_bit = [0xc1, 0x85];
        let unknown_kind = [0x83, 0x85];
        let control_in_parts = [0x09, 0x80];
        let long_control = [0x89, 0xfe];

        assert_eq!(Head::read(&huge, 65_536), Err(TOO_BIG));
        for wrong in [unmasked, reserved_bit, unknown_kind, control_in_parts, long_control] {
            assert_eq!(Head::read(&wrong, 65_536), Err(PROTOCOL_ERROR), "{wrong:?}");
        }
    }

    #[test]
    fn what_we_write_says_how_long_it_is() {
        let heads = [(125, vec![0x81, 125]), (126, vec![0x81, 126, 0, 126]), (65_536, vec![0x81, 127])];
        for (length, head) in heads {
            let mut out = Vec::new();
            put_message(&mut out, &vec![b'a'; length]);
            assert!(out.starts_with(&head), "{length}");
        }
    }

    #[test]
    fn what_is_no_text_leaves_as_bytes() {
        let mut out = Vec::new();
        put_message(&mut out, &[0xff, 0x00]);
        assert_eq!(out, [0x82, 2, 0xff, 0x00]);
    }
}
