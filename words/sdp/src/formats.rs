//! Formats that our description of a line names besides those of the other leg's peer, or in place of them.

use std::fmt;

use crate::codec::Codec;

/// What one media line of ours speaks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Formats {
    /// What the other leg's peer does, as far as it is allowed.
    #[default]
    Theirs,
    /// That, and these after it.
    And(Vec<Format>),
    /// The same without key presses as events.
    Keyless(Vec<Format>),
    /// These alone.
    Instead(Vec<Format>),
}

/// One payload type, and what it stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Format {
    pub payload_type: u8,
    pub name: Box<str>,
    pub clock: u32,
    pub channels: u8,
    pub fmtp: Option<Box<str>>,
}

impl Formats {
    /// Those of ours.
    pub(crate) fn ours(&self) -> &[Format] {
        match self {
            Formats::Theirs => &[],
            Formats::And(ours) | Formats::Keyless(ours) | Formats::Instead(ours) => ours,
        }
    }
}

impl From<Codec<'_>> for Format {
    fn from(codec: Codec<'_>) -> Format {
        Format {
            payload_type: codec.payload_type,
            name: codec.name.into(),
            clock: codec.clock,
            channels: codec.channels,
            fmtp: codec.fmtp.map(Box::from),
        }
    }
}

/// Its lines, without the last line end.
impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Format { payload_type, name, clock, .. } = self;
        write!(f, "a=rtpmap:{payload_type} {name}/{clock}")?;
        if self.channels != 1 {
            write!(f, "/{}", self.channels)?;
        }
        self.fmtp.iter().try_for_each(|fmtp| write!(f, "\r\na=fmtp:{payload_type} {fmtp}"))
    }
}
