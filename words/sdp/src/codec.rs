//! Codecs as a description names them, and the list of those that are allowed.

use std::fmt;

use crate::line::Line;
use crate::session::Media;

/// One payload type of a media line, with what its `rtpmap` and `fmtp` say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Codec<'a> {
    pub payload_type: u8,
    /// The encoding name as written; compare it with [`Codec::is`].
    pub name: &'a str,
    pub clock: u32,
    pub channels: u8,
    pub fmtp: Option<&'a str>,
}

impl Codec<'_> {
    /// Encoding names do not mind their case (RFC 4855, 3).
    pub fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    /// Key presses as events of their own (RFC 4733).
    pub fn is_key_press(&self) -> bool {
        self.is("telephone-event")
    }

    /// Telephone events and comfort noise ride along with a codec; alone they carry no speech.
    pub fn is_companion(&self) -> bool {
        self.is_key_press() || self.is("CN")
    }
}

/// The encoding names that are allowed, in the order of their owner; empty allows everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Codecs(Vec<Box<str>>);

impl Codecs {
    pub fn all() -> Self {
        Codecs::default()
    }

    pub fn only<'n>(names: impl IntoIterator<Item = &'n str>) -> Self {
        Codecs(names.into_iter().map(|name| name.to_ascii_lowercase().into()).collect())
    }

    pub fn is_everything(&self) -> bool {
        self.0.is_empty()
    }

    pub fn allows(&self, name: &str) -> bool {
        self.0.is_empty() || self.0.iter().any(|allowed| allowed.eq_ignore_ascii_case(name))
    }

    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|name| &**name)
    }
}

impl fmt::Display for Codecs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("any codec");
        }
        for (at, name) in self.0.iter().enumerate() {
            let slash = if at == 0 { "" } else { "/" };
            write!(f, "{slash}{}", name.to_ascii_uppercase())?;
        }
        Ok(())
    }
}

impl<'a> Media<'a> {
    /// The codecs of an RTP media line, in its order. Formats that nothing explains are left out.
    pub fn codecs(&self) -> Vec<Codec<'a>> {
        if !self.is_rtp() {
            return Vec::new();
        }
        let known = self.formats.iter().filter_map(|format| format.parse().ok());
        known.filter_map(|payload_type| self.codec(payload_type)).collect()
    }

    /// What one payload type stands for here.
    pub fn codec(&self, payload_type: u8) -> Option<Codec<'a>> {
        let fmtp = self.about("fmtp", payload_type);
        let mapped = self.about("rtpmap", payload_type).and_then(|map| {
            let mut parts = map.trim().split('/');
            let name = parts.next().filter(|name| !name.is_empty())?;
            let clock = parts.next()?.parse().ok().filter(|clock| (1..=1_000_000).contains(clock))?;
            let channels = parts.next().map_or(Some(1), |channels| channels.parse().ok())?;
            Some(Codec { payload_type, name, clock, channels, fmtp })
        });
        mapped.or_else(|| {
            let (name, clock, channels) = assigned(payload_type)?;
            Some(Codec { payload_type, name, clock, channels, fmtp })
        })
    }

    /// The payload type of telephone events, the one at the clock of the first codec if there are several.
    pub fn telephone_event(&self) -> Option<u8> {
        let codecs = self.codecs();
        let clock = codecs.iter().find(|codec| !codec.is_companion()).map(|codec| codec.clock);
        let mut events = codecs.iter().filter(|codec| codec.is_key_press());
        let first = events.clone().next()?;
        Some(events.find(|event| Some(event.clock) == clock).unwrap_or(first).payload_type)
    }

    /// The value of an attribute that begins with a payload type.
    fn about(&self, attribute: &str, payload_type: u8) -> Option<&'a str> {
        let may_be = |line: &&Line<'_>| line.value.starts_with(attribute.as_bytes());
        self.lines.iter().filter(may_be).filter_map(|line| line.attribute()).find_map(|(name, value)| {
            let (format, rest) = value.filter(|_| name == attribute)?.split_once(' ')?;
            (format.parse() == Ok(payload_type)).then_some(rest)
        })
    }
}

/// Payload types with a fixed meaning (RFC 3551, 6).
fn assigned(payload_type: u8) -> Option<(&'static str, u32, u8)> {
    Some(match payload_type {
        0 => ("PCMU", 8000, 1),
        3 => ("GSM", 8000, 1),
        4 => ("G723", 8000, 1),
        5 => ("DVI4", 8000, 1),
        6 => ("DVI4", 16000, 1),
        7 => ("LPC", 8000, 1),
        8 => ("PCMA", 8000, 1),
        9 => ("G722", 8000, 1),
        10 => ("L16", 44100, 2),
        11 => ("L16", 44100, 1),
        12 => ("QCELP", 8000, 1),
        13 => ("CN", 8000, 1),
        14 => ("MPA", 90000, 1),
        15 => ("G728", 8000, 1),
        16 => ("DVI4", 11025, 1),
        17 => ("DVI4", 22050, 1),
        18 => ("G729", 8000, 1),
        25 => ("CelB", 90000, 1),
        26 => ("JPEG", 90000, 1),
        28 => ("nv", 90000, 1),
        31 => ("H261", 90000, 1),
        32 => ("MPV", 90000, 1),
        33 => ("MP2T", 90000, 1),
        34 => ("H263", 90000, 1),
        _ => return None,
    })
}
