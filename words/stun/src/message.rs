//! A message as it was read.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::ops::Range;
use std::time::Duration;

use crate::attribute::{
    self, Attribute, Attributes, DATA, ERROR_CODE, FINGERPRINT, ICE_CONTROLLED, ICE_CONTROLLING, LIFETIME,
    MESSAGE_INTEGRITY, MESSAGE_INTEGRITY_SHA256, NONCE, PRIORITY, REALM, USE_CANDIDATE, USERNAME,
    XOR_MAPPED_ADDRESS, XOR_PEER_ADDRESS, XOR_RELAYED_ADDRESS,
};
use crate::fingerprint::fingerprint;
use crate::integrity;

const INDICATION: u16 = 0x0011;
pub(crate) const HEAD: usize = 20;
pub(crate) const COOKIE: [u8; 4] = [0x21, 0x12, 0xA4, 0x42];
/// Types that have to be understood and are not: an answer tells of so many.
const UNKNOWN_MAX: usize = 4;

/// Names a request, and the answer to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transaction(pub [u8; 12]);

impl Transaction {
    /// One of a row of names that nobody can foretell who does not know the secret (RFC 8489, 5).
    pub fn drawn(secret: &[u8], row: &[u8], number: u64) -> Transaction {
        let mut name = [0; 12];
        name.copy_from_slice(&integrity::drawn(secret, row, number)[..12]);
        Transaction(name)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    Request,
    Indication,
    Answer,
    Refusal,
}

/// What a message is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    Binding,
    Allocate,
    Refresh,
    /// What somebody sent to a place of ours at a server.
    Data,
    ChannelBind,
}

/// A message of STUN, or of TURN.
#[derive(Clone, Copy, Debug)]
pub struct Message<'a> {
    pub method: Method,
    pub class: Class,
    pub transaction: Transaction,
    bytes: &'a [u8],
    /// Where the proof begins, behind the head.
    proof_at: Option<usize>,
}

/// Why a datagram is no message that could be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// Shorter than a head, or longer or shorter than it says.
    Length,
    /// Of another protocol, or of another method than is spoken there.
    Foreign,
    /// An attribute reaches beyond the message.
    Attribute,
    /// What was sent is not what came.
    Fingerprint,
}

/// Whether a datagram says that it is STUN, whatever else it may be.
pub fn is_stun(bytes: &[u8]) -> bool {
    bytes.len() >= HEAD && bytes[0] < 4 && bytes[4..8] == COOKIE
}

/// Whether a datagram says that it is a Binding indication, which wants no answer.
pub fn is_indication(bytes: &[u8]) -> bool {
    is_stun(bytes) && bytes.starts_with(&INDICATION.to_be_bytes())
}

impl<'a> Message<'a> {
    /// Reads a whole datagram, a Binding message. A fingerprint is judged where there is one; a proof is not:
    /// see [`Message::is_proven`].
    pub fn parse(bytes: &'a [u8]) -> Result<Message<'a>, Error> {
        let message = Message::of_server(bytes)?;
        if message.method == Method::Binding { Ok(message) } else { Err(Error::Foreign) }
    }

    /// The same of what a server of TURN may say too.
    pub fn of_server(bytes: &'a [u8]) -> Result<Message<'a>, Error> {
        let head: &[u8; HEAD] = bytes.first_chunk().ok_or(Error::Length)?;
        let length = usize::from(u16::from_be_bytes([head[2], head[3]]));
        if bytes.len() != HEAD + length || !length.is_multiple_of(4) {
            return Err(Error::Length);
        }
        if head[4..8] != COOKIE {
            return Err(Error::Foreign);
        }
        let (method, class) = kind_of(u16::from_be_bytes([head[0], head[1]])).ok_or(Error::Foreign)?;
        let mut transaction = Transaction([0; 12]);
        transaction.0.copy_from_slice(&head[8..]);

        let mut attributes = Attributes::of(&bytes[HEAD..]);
        let (mut proof_at, mut last) = (None, None);
        for attribute in &mut attributes {
            if attribute.kind == MESSAGE_INTEGRITY && attribute.value.len() == integrity::LENGTH {
                proof_at = proof_at.or(Some(attribute.at));
            }
            last = Some(attribute);
        }
        if !attributes.is_at_end() {
            return Err(Error::Attribute);
        }
        let is_wrong =
            |print: &Attribute<'_>| print.value != fingerprint(&[&bytes[..HEAD + print.at]]).to_be_bytes();
        if last.filter(|last| last.kind == FINGERPRINT).is_some_and(|print| is_wrong(&print)) {
            return Err(Error::Fingerprint);
        }
        Ok(Message { method, class, transaction, bytes, proof_at })
    }

    /// Whether its writer knows the password.
    pub fn is_proven(&self, password: &str) -> bool {
        self.is_proven_by(password.as_bytes())
    }

    /// The same of a key that was made of a password.
    pub fn is_proven_by(&self, key: &[u8]) -> bool {
        let Some(at) = self.proof_at else { return false };
        let Some(proof) = self.bytes.get(HEAD + at + attribute::HEAD..).and_then(<[u8]>::first_chunk) else {
            return false;
        };
        let proof: &[u8; integrity::LENGTH] = proof;
        // The length as it was when the proof was the last attribute.
        let length = u16::try_from(at + attribute::HEAD + integrity::LENGTH).unwrap_or(u16::MAX);
        let parts = [&self.bytes[..2], &length.to_be_bytes(), &self.bytes[4..HEAD + at]];
        integrity::is_proof(key, &parts, proof)
    }

    /// `theirs:ours` of who is asked, in a request.
    pub fn username(&self) -> Option<&'a str> {
        std::str::from_utf8(self.value(USERNAME)?).ok()
    }

    /// What the pair that is tried would be worth.
    pub fn priority(&self) -> Option<u32> {
        self.value(PRIORITY)?.try_into().ok().map(u32::from_be_bytes)
    }

    /// Whether its writer has chosen the pair.
    pub fn nominates(&self) -> bool {
        self.value(USE_CANDIDATE).is_some()
    }

    /// Whether its writer leaves the choice to us.
    pub fn is_of_controlled(&self) -> bool {
        self.value(ICE_CONTROLLED).is_some()
    }

    /// The lot that its writer has drawn, for where both sides would choose or neither (RFC 8445, 7.3.1.1).
    pub fn tie_breaker(&self) -> Option<u64> {
        let value = self.value(ICE_CONTROLLING).or_else(|| self.value(ICE_CONTROLLED))?;
        value.try_into().ok().map(u64::from_be_bytes)
    }

    /// Why it refuses.
    pub fn code(&self) -> Option<u16> {
        let [_, _, hundreds, rest, ..] = self.value(ERROR_CODE)? else { return None };
        Some(u16::from(hundreds & 7) * 100 + u16::from(*rest))
    }

    /// The types that have to be understood and are not, as far as an answer tells of them.
    pub fn unknown(&self) -> impl Iterator<Item = u16> + use<'a> {
        self.attributes().filter(Attribute::is_unknown).map(|one| one.kind).take(UNKNOWN_MAX)
    }

    /// Where its writer has seen us.
    pub fn seen(&self) -> Option<SocketAddr> {
        self.place(XOR_MAPPED_ADDRESS)
    }

    /// Our place at a server, where others find us.
    pub fn relayed(&self) -> Option<SocketAddr> {
        self.place(XOR_RELAYED_ADDRESS)
    }

    /// Who has sent us something there.
    pub fn peer(&self) -> Option<SocketAddr> {
        self.place(XOR_PEER_ADDRESS)
    }

    /// Where what he sent lies in the datagram.
    pub fn data(&self) -> Option<Range<usize>> {
        let data = self.attributes().find(|attribute| attribute.kind == DATA)?;
        let begin = HEAD + data.at + attribute::HEAD;
        Some(begin..begin + data.value.len())
    }

    /// How long our place there is ours.
    pub fn lifetime(&self) -> Option<Duration> {
        let seconds = self.value(LIFETIME)?.try_into().ok().map(u32::from_be_bytes)?;
        Some(Duration::from_secs(seconds.into()))
    }

    /// For whom a name and a password are wanted, and the word that is to come back with them.
    pub fn challenge(&self) -> Option<(&'a str, &'a [u8])> {
        Some((std::str::from_utf8(self.value(REALM)?).ok()?, self.value(NONCE)?))
    }

    fn place(&self, kind: u16) -> Option<SocketAddr> {
        let [_, family, high, low, address @ ..] = self.value(kind)? else { return None };
        let port = u16::from_be_bytes([*high, *low]) ^ u16::from_be_bytes([COOKIE[0], COOKIE[1]]);
        let veil = COOKIE.iter().chain(&self.transaction.0);
        let mut bytes = [0; 16];
        bytes.iter_mut().zip(address.iter().zip(veil)).for_each(|(byte, (seen, veil))| *byte = seen ^ veil);
        let ip = match (family, address.len()) {
            (1, 4) => IpAddr::V4(Ipv4Addr::new(bytes[0], bytes[1], bytes[2], bytes[3])),
            (2, 16) => IpAddr::V6(Ipv6Addr::from(bytes)),
            _ => return None,
        };
        Some(SocketAddr::new(ip, port))
    }

    fn value(&self, kind: u16) -> Option<&'a [u8]> {
        self.attributes().find(|attribute| attribute.kind == kind).map(|attribute| attribute.value)
    }

    /// What is covered by the proof: attributes behind it could be anybody's (RFC 8489, 14.5).
    fn attributes(&self) -> impl Iterator<Item = Attribute<'a>> + use<'a> {
        let end = self.proof_at.unwrap_or(usize::MAX);
        let all = Attributes::of(&self.bytes[HEAD..]);
        all.take_while(move |one| one.at < end).filter(|one| one.kind != MESSAGE_INTEGRITY_SHA256)
    }
}

/// What a type says; nothing, of methods that nobody here speaks.
fn kind_of(kind: u16) -> Option<(Method, Class)> {
    let class = match kind & 0x0110 {
        0x0000 => Class::Request,
        0x0010 => Class::Indication,
        0x0100 => Class::Answer,
        _ => Class::Refusal,
    };
    let method = match (kind & !0x0110, class) {
        (0x0001, _) => Method::Binding,
        (0x0003, Class::Answer | Class::Refusal) => Method::Allocate,
        (0x0004, Class::Answer | Class::Refusal) => Method::Refresh,
        (0x0007, Class::Indication) => Method::Data,
        (0x0009, Class::Answer | Class::Refusal) => Method::ChannelBind,
        _ => return None,
    };
    Some((method, class))
}
