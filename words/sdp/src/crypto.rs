//! The `a=crypto` lines (RFC 4568): keys that are read, and ours that are written.

use std::fmt;

use crate::address::names_an_address;
use crate::base64;
use crate::handshake::Handshake;
use crate::session::Media;

/// One key for one suite, under its tag.
#[derive(Clone, PartialEq, Eq)]
pub struct Crypto {
    pub tag: u32,
    /// As registered, such as `AES_CM_128_HMAC_SHA1_80`.
    pub suite: Box<str>,
    /// Master key and salt in a row.
    pub key: Vec<u8>,
}

/// How our side of one media line is protected.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Cover {
    #[default]
    Clear,
    /// With keys that the peer must use.
    Sealed(Vec<Crypto>),
    /// With keys that the peer may use, on a line that says it is clear (RFC 8643).
    Offered(Vec<Crypto>),
    /// With keys of a handshake on the way of the media (RFC 5763).
    Shaken(Handshake),
}

impl Cover {
    pub(crate) fn keys(&self) -> &[Crypto] {
        match self {
            Cover::Clear | Cover::Shaken(_) => &[],
            Cover::Sealed(keys) | Cover::Offered(keys) => keys,
        }
    }

    /// The protocol of an RTP line under this cover. Feedback or none stays as it was; what browsers say of
    /// feedback ends at us.
    pub(crate) fn protocol(&self, media: &Media<'_>) -> Option<&'static str> {
        let is_ours =
            media.is_shaken() || matches!(media.protocol, "RTP/AVP" | "RTP/SAVP" | "RTP/AVPF" | "RTP/SAVPF");
        let feedback = media.protocol.ends_with("AVPF") && !media.is_shaken();
        is_ours.then_some(match (self, feedback) {
            (Cover::Shaken(handshake), _) => handshake.protocol(),
            (Cover::Sealed(_), true) => "RTP/SAVPF",
            (Cover::Sealed(_), false) => "RTP/SAVP",
            (Cover::Clear | Cover::Offered(_), true) => "RTP/AVPF",
            (Cover::Clear | Cover::Offered(_), false) => "RTP/AVP",
        })
    }
}

impl Media<'_> {
    /// The keys that its writer brings and that could be used as they stand, in its order.
    pub fn keys(&self) -> Vec<Crypto> {
        let attributes = self.lines.iter().filter_map(|line| line.attribute());
        let lines = attributes.filter(|(name, _)| *name == "crypto").filter_map(|(_, value)| value);
        lines.filter_map(read).collect()
    }
}

/// `tag suite inline:key|lifetime …`. A line that asks for what only its writer knows is passed over: several
/// keys, a key identifier in each packet, a derivation rate, unsealed parts.
fn read(value: &str) -> Option<Crypto> {
    let mut fields = value.split_ascii_whitespace();
    let (tag, suite, keys) = (fields.next()?, fields.next()?, fields.next()?);
    if names_an_address(value) || tag.len() > 9 || !tag.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    if !fields.all(|parameter| parameter.starts_with("WSH=")) || keys.contains(';') {
        return None;
    }
    let mut parts = keys.strip_prefix("inline:")?.split('|');
    let key = base64::decode(parts.next()?)?;
    let has_identifier = parts.any(|part| part.contains(':'));
    let fits = key_length(suite).is_some_and(|length| length == key.len());
    (fits && !has_identifier).then(|| Crypto { tag: tag.parse().unwrap_or(0), suite: suite.into(), key })
}

/// Bytes of key and salt.
fn key_length(suite: &str) -> Option<usize> {
    Some(match suite {
        "AES_CM_128_HMAC_SHA1_80" | "AES_CM_128_HMAC_SHA1_32" => 30,
        "AES_256_CM_HMAC_SHA1_80" | "AES_256_CM_HMAC_SHA1_32" => 46,
        "AEAD_AES_128_GCM" => 28,
        "AEAD_AES_256_GCM" => 44,
        _ => return None,
    })
}

impl fmt::Display for Crypto {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a=crypto:{} {} inline:{}", self.tag, self.suite, base64::encode(&self.key))
    }
}

/// A key is a secret, and does not print in a log.
impl fmt::Debug for Crypto {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Crypto({} {})", self.tag, self.suite)
    }
}
