//! How a line is keyed by a handshake of DTLS on the way of its media (RFC 5763): whose certificate it
//! shows, by its fingerprint (RFC 8122), and who begins (RFC 4145, 8842).

use std::fmt;

use crate::line::attribute;
use crate::session::{Media, Session};

/// Bytes of SHA-256, which every implementation knows (RFC 8122, 5); other digests are passed over.
const DIGEST_LENGTH: usize = 32;
/// Certificates that one line may name.
const FINGERPRINTS_MAX: usize = 8;

/// What a certificate is known by: its SHA-256.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fingerprint(pub [u8; DIGEST_LENGTH]);

/// Who sends the first message of a handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Setup {
    /// The writer.
    Active,
    /// The reader.
    Passive,
    /// Whoever the answer says.
    ActPass,
}

/// What our side of a line says of its handshake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handshake {
    pub fingerprint: Fingerprint,
    pub setup: Setup,
    pub feedback: Feedback,
}

/// Whether a line that we offer has early feedback (RFC 5124); an answer has what was offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Feedback {
    None,
    Early,
}

impl Fingerprint {
    /// Reads `sha-256 AB:CD:…`; nothing, where it is another digest or none.
    pub fn parse(value: &str) -> Option<Fingerprint> {
        let (hash, digits) = value.trim().split_once(' ')?;
        if !hash.eq_ignore_ascii_case("sha-256") {
            return None;
        }
        let mut digest = [0; DIGEST_LENGTH];
        let mut pairs = digits.trim().split(':');
        for byte in &mut digest {
            let pair = pairs.next().filter(|pair| pair.len() == 2 && !pair.starts_with('+'))?;
            *byte = u8::from_str_radix(pair, 16).ok()?;
        }
        pairs.next().is_none().then_some(Fingerprint(digest))
    }
}

impl Setup {
    pub(crate) fn parse(value: &str) -> Option<Setup> {
        Some(match value.trim() {
            "active" => Setup::Active,
            "passive" => Setup::Passive,
            "actpass" => Setup::ActPass,
            _ => return None,
        })
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Setup::Active => "active",
            Setup::Passive => "passive",
            Setup::ActPass => "actpass",
        }
    }
}

impl Handshake {
    pub(crate) fn protocol(&self) -> &'static str {
        match self.feedback {
            Feedback::None => "UDP/TLS/RTP/SAVP",
            Feedback::Early => "UDP/TLS/RTP/SAVPF",
        }
    }
}

impl fmt::Display for Handshake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a=fingerprint:{}\r\na=setup:{}", self.fingerprint, self.setup.name())
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("sha-256 ")?;
        self.0.iter().enumerate().try_for_each(|(at, byte)| {
            let colon = if at == 0 { "" } else { ":" };
            write!(f, "{colon}{byte:02X}")
        })
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl Media<'_> {
    /// Whether its keys come from a DTLS handshake on the media path.
    pub fn is_keyed_by_dtls(&self) -> bool {
        self.protocol.contains("TLS")
    }

    /// Whether it is sound or the like keyed so, as we can key it (RFC 5764, 8).
    pub fn is_shaken(&self) -> bool {
        matches!(self.protocol, "UDP/TLS/RTP/SAVP" | "UDP/TLS/RTP/SAVPF")
    }
}

impl Session<'_> {
    /// The certificates that the writer of a line may show: its own, else the session's (RFC 8122, 5).
    pub fn fingerprints_of(&self, media: &Media<'_>) -> Vec<Fingerprint> {
        let said = |lines: &[crate::line::Line<'_>]| {
            let attributes = lines.iter().filter_map(|line| line.attribute());
            let values = attributes.filter(|(name, _)| *name == "fingerprint").filter_map(|(_, value)| value);
            let mut all: Vec<Fingerprint> = values.filter_map(Fingerprint::parse).collect();
            all.truncate(FINGERPRINTS_MAX);
            all
        };
        let own = said(&media.lines);
        if own.is_empty() && media.attribute("fingerprint").is_none() { said(&self.lines) } else { own }
    }

    /// Who begins the handshake of a line; where nothing is said, the writer of an offer does, and so the
    /// writer of an answer waits (RFC 4145, 4).
    pub fn setup_of(&self, media: &Media<'_>, unsaid: Setup) -> Option<Setup> {
        let said = media.attribute("setup").or_else(|| attribute(&self.lines, "setup"));
        said.map_or(Some(unsaid), Setup::parse)
    }
}
