//! The RTP header (RFC 3550, 5.1).

const FIXED_LENGTH: usize = 12;
const VERSION: u8 = 2;
const CSRC_MAX: usize = 15;

/// Why bytes are no RTP packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    TooShort,
    Version,
    /// The extension says that it is longer than the packet.
    Extension,
    /// The padding says that it is longer than the payload, or is 0.
    Padding,
}

/// The fixed part of a header, by value: all that the packet path needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fixed {
    pub marker: bool,
    pub payload_type: u8,
    pub sequence: u16,
    pub timestamp: u32,
    pub ssrc: u32,
}

/// A whole packet, its parts by reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header<'a> {
    pub fixed: Fixed,
    /// Four bytes each; see [`Header::contributors`].
    pub csrc: &'a [u8],
    pub extension: Option<Extension<'a>>,
    pub payload: &'a [u8],
    /// Bytes after the payload, the one with their count included.
    pub padding: u8,
}

/// A header extension: 16 bits that name it, and a body of whole words (RFC 8285 tells of its inside).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extension<'a> {
    pub profile: u16,
    pub body: &'a [u8],
}

impl Fixed {
    /// Reads the fixed part, and checks that the packet has room for its contributors.
    #[inline]
    pub fn of(packet: &[u8]) -> Option<Fixed> {
        let head: &[u8; FIXED_LENGTH] = packet.first_chunk()?;
        let contributors = usize::from(head[0] & 0x0f);
        if head[0] >> 6 != VERSION || packet.len() < FIXED_LENGTH + 4 * contributors {
            return None;
        }
        Some(Fixed {
            marker: head[1] & 0x80 != 0,
            payload_type: head[1] & 0x7f,
            sequence: u16::from_be_bytes([head[2], head[3]]),
            timestamp: u32::from_be_bytes([head[4], head[5], head[6], head[7]]),
            ssrc: u32::from_be_bytes([head[8], head[9], head[10], head[11]]),
        })
    }
}

impl<'a> Header<'a> {
    pub fn parse(packet: &'a [u8]) -> Result<Self, Error> {
        let first = *packet.first().ok_or(Error::TooShort)?;
        if first >> 6 != VERSION {
            return Err(Error::Version);
        }
        let fixed = Fixed::of(packet).ok_or(Error::TooShort)?;
        let (csrc, rest) = packet[FIXED_LENGTH..].split_at(4 * usize::from(first & 0x0f));
        let (extension, rest) = if first & 0x10 == 0 { (None, rest) } else { Extension::split(rest)? };
        let padding = if first & 0x20 == 0 { 0 } else { padding_of(rest)? };
        let payload = &rest[..rest.len() - usize::from(padding)];
        Ok(Header { fixed, csrc, extension, payload, padding })
    }

    /// Bytes of the header of a packet, its extension included; `None` where it claims more than there is.
    pub fn length_of(packet: &[u8]) -> Option<usize> {
        let first = *packet.first()?;
        let length = FIXED_LENGTH + 4 * usize::from(first & 0x0f);
        let rest = packet.get(length..)?;
        if first & 0x10 == 0 {
            return Some(length);
        }
        let (extension, _) = Extension::split(rest).ok()?;
        Some(length + 4 + extension?.body.len())
    }

    pub fn contributors(&self) -> impl Iterator<Item = u32> {
        self.csrc.as_chunks().0.iter().map(|word| u32::from_be_bytes(*word))
    }

    /// Appends the packet. What cannot be said is left off: contributors after the 15th, and the bytes of an
    /// extension that fill no whole word.
    pub fn write(&self, out: &mut Vec<u8>) {
        let Fixed { marker, payload_type, sequence, timestamp, ssrc } = self.fixed;
        let csrc = self.csrc.as_chunks::<4>().0;
        let csrc = &csrc[..csrc.len().min(CSRC_MAX)];
        let flags = u8::from(self.padding > 0) << 5 | u8::from(self.extension.is_some()) << 4;
        out.push(VERSION << 6 | flags | csrc.len() as u8);
        out.push(u8::from(marker) << 7 | payload_type & 0x7f);
        out.extend_from_slice(&sequence.to_be_bytes());
        out.extend_from_slice(&timestamp.to_be_bytes());
        out.extend_from_slice(&ssrc.to_be_bytes());
        out.extend_from_slice(csrc.as_flattened());
        if let Some(extension) = self.extension {
            let body = extension.body.as_chunks::<4>().0;
            let body = &body[..body.len().min(u16::MAX.into())];
            out.extend_from_slice(&extension.profile.to_be_bytes());
            out.extend_from_slice(&(body.len() as u16).to_be_bytes());
            out.extend_from_slice(body.as_flattened());
        }
        out.extend_from_slice(self.payload);
        if let Some(zeroes) = self.padding.checked_sub(1) {
            out.resize(out.len() + usize::from(zeroes), 0);
            out.push(self.padding);
        }
    }
}

impl<'a> From<Fixed> for Header<'a> {
    fn from(fixed: Fixed) -> Self {
        Header { fixed, csrc: &[], extension: None, payload: &[], padding: 0 }
    }
}

impl<'a> Extension<'a> {
    fn split(rest: &'a [u8]) -> Result<(Option<Self>, &'a [u8]), Error> {
        let (&[p0, p1, w0, w1], rest) = rest.split_first_chunk().ok_or(Error::Extension)?;
        let length = 4 * usize::from(u16::from_be_bytes([w0, w1]));
        let (body, rest) = rest.split_at_checked(length).ok_or(Error::Extension)?;
        Ok((Some(Extension { profile: u16::from_be_bytes([p0, p1]), body }), rest))
    }
}

fn padding_of(rest: &[u8]) -> Result<u8, Error> {
    let count = rest.last().copied().filter(|count| *count > 0 && usize::from(*count) <= rest.len());
    count.ok_or(Error::Padding)
}
