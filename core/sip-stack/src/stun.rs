//! Answers phones that ask by STUN what they look like from here: so they keep their way through a NAT open,
//! and learn that it has changed (RFC 5626 8, RFC 5389 7.3). Nobody proves anything by it.

use std::net::{IpAddr, SocketAddr};

const HEAD: usize = 20;
const COOKIE: [u8; 4] = [0x21, 0x12, 0xA4, 0x42];

const ASKED: u16 = 0x0001;
const ANSWERED: u16 = 0x0101;
const REFUSED: u16 = 0x0111;

const ERROR_CODE: u16 = 0x0009;
const UNKNOWN_ATTRIBUTES: u16 = 0x000A;
const XOR_MAPPED_ADDRESS: u16 = 0x0020;
/// What RFC 5389 defines: USERNAME, MESSAGE-INTEGRITY, REALM, NONCE and what only answers have.
const KNOWN: [u16; 8] = [0x0001, 0x0006, 0x0008, ERROR_CODE, UNKNOWN_ATTRIBUTES, 0x0014, 0x0015, 0x0020];
/// From here on an attribute may be passed over.
const OPTIONAL_FROM: u16 = 0x8000;
/// An answer that tells of more would be longer than what it answers.
const UNKNOWN_MAX: usize = 4;

/// Whether a datagram is no SIP, but STUN: the first byte of a SIP message is never so low (RFC 5626 8).
pub fn is_stun(bytes: &[u8]) -> bool {
    bytes.len() >= HEAD && bytes[0] < 4 && bytes[4..8] == COOKIE
}

/// The answer to a Binding request; nothing for anything else.
pub fn answer(bytes: &[u8], remote: SocketAddr) -> Option<Vec<u8>> {
    let transaction: &[u8; 12] = bytes.get(8..HEAD)?.try_into().ok()?;
    let is_whole = bytes.len() == HEAD + usize::from(number(bytes, 2)?);
    if !is_stun(bytes) || !is_whole || number(bytes, 0)? != ASKED {
        return None;
    }
    let unknown = unknown(&bytes[HEAD..])?;
    if unknown.is_empty() {
        let seen = seen(remote, transaction);
        return Some(message(ANSWERED, transaction, &[(XOR_MAPPED_ADDRESS, &seen)]));
    }
    let words = [&[0, 0, 4, 20], b"Unknown Attribute".as_slice()].concat();
    let unknown: Vec<u8> = unknown.iter().flat_map(|kind| kind.to_be_bytes()).collect();
    Some(message(REFUSED, transaction, &[(ERROR_CODE, &words), (UNKNOWN_ATTRIBUTES, &unknown)]))
}

/// The attributes that have to be understood and are not; nothing where the attributes are no attributes.
fn unknown(mut rest: &[u8]) -> Option<Vec<u16>> {
    let mut unknown = Vec::new();
    while !rest.is_empty() {
        let (kind, length) = (number(rest, 0)?, usize::from(number(rest, 2)?));
        rest = rest.get(4 + length.next_multiple_of(4)..)?;
        if kind < OPTIONAL_FROM && !KNOWN.contains(&kind) && unknown.len() < UNKNOWN_MAX {
            unknown.push(kind);
        }
    }
    Some(unknown)
}

/// The value of XOR-MAPPED-ADDRESS: veiled, as some NATs rewrite every address that they see.
fn seen(remote: SocketAddr, transaction: &[u8; 12]) -> Vec<u8> {
    let veil: Vec<u8> = COOKIE.iter().chain(transaction).copied().collect();
    let veiled = |bytes: &[u8]| bytes.iter().zip(&veil).map(|(byte, veil)| byte ^ veil).collect::<Vec<u8>>();
    let (family, address) = match remote.ip().to_canonical() {
        IpAddr::V4(ip) => (1, veiled(&ip.octets())),
        IpAddr::V6(ip) => (2, veiled(&ip.octets())),
    };
    [vec![0, family], veiled(&remote.port().to_be_bytes()), address].concat()
}

fn message(kind: u16, transaction: &[u8; 12], attributes: &[(u16, &[u8])]) -> Vec<u8> {
    let mut body = Vec::new();
    for (kind, value) in attributes {
        body.extend(kind.to_be_bytes());
        body.extend((value.len() as u16).to_be_bytes());
        body.extend(*value);
        body.resize(body.len().next_multiple_of(4), 0);
    }
    let (kind, length) = (kind.to_be_bytes(), (body.len() as u16).to_be_bytes());
    [&kind, &length, COOKIE.as_slice(), transaction, &body].concat()
}

fn number(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}
