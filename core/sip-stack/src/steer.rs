//! Whose message is this? Finds the shard without reading more than it must.

use std::hash::Hasher;

use memchr::memchr;
use sip_message::Via;
use siphasher::sip::SipHasher13;

use crate::token::Token;

/// The shard that owns a message. Any bytes give some shard.
///
/// A response belongs to the token in its top branch; a request to the token in its To tag, an INVITE to the
/// token in the tags of its Replaces; REGISTER, SUBSCRIBE, PUBLISH and MESSAGE to their address of record;
/// the rest to their Call-ID. A CANCEL and the copies of an INVITE follow it by their Call-ID.
pub fn steer(bytes: &[u8], shards: u8) -> u8 {
    if shards <= 1 {
        return 0;
    }
    let marks = Marks::read(bytes);
    let owner = match marks.kind {
        Kind::Response => marks.via.and_then(branch_of).and_then(token_in),
        Kind::Request | Kind::Resource => marks.to.and_then(tag_of).and_then(token_in),
        Kind::Invite => {
            let in_dialog = marks.to.and_then(tag_of).and_then(token_in);
            in_dialog.or_else(|| marks.replaces.and_then(replaced))
        }
    };
    if let Some(token) = owner.filter(|token| token.shard() < shards) {
        return token.shard();
    }
    let key = match marks.kind {
        Kind::Resource => marks.to.map(address_of),
        Kind::Response | Kind::Request | Kind::Invite => marks.call_id,
    };
    spread(key.unwrap_or(bytes), shards)
}

/// The Call-ID and the CSeq number of a request that bears no token of ours: nothing else says whose it is.
pub fn call_id_in(bytes: &[u8]) -> Option<(&[u8], u32)> {
    let marks = Marks::read(bytes);
    let is_named = marks.to.and_then(tag_of).and_then(token_in).is_some();
    if is_named || matches!(marks.kind, Kind::Response) {
        return None;
    }
    Some((marks.call_id?, number_in(bytes)?))
}

/// Where the sender of a request wants to be reached by the connection that it came on, by the port that its
/// Via names: it says `alias` there (RFC 5923). Nothing of it is believed here.
pub fn alias_in(bytes: &[u8]) -> Option<u16> {
    const USUAL: u16 = 5061;
    let marks = Marks::read(bytes);
    let via = marks.via.filter(|_| !matches!(marks.kind, Kind::Response))?;
    let top = std::str::from_utf8(&via[..memchr(b',', via).unwrap_or(via.len())]).ok()?;
    let via = Via::parse(top.trim()).ok()?;
    via.param("alias").map(|_| via.port.unwrap_or(USUAL))
}

fn number_in(bytes: &[u8]) -> Option<u32> {
    let mut left = bytes.trim_ascii_start();
    while let Some(end) = memchr(b'\n', left) {
        left = &left[end + 1..];
        if left.starts_with(b"\r\n") || left.starts_with(b"\n") {
            return None;
        }
        if is_named(left, b"cseq", b"cseq") {
            let number = value_of(left)?.split(u8::is_ascii_whitespace).next()?;
            return std::str::from_utf8(number).ok()?.parse().ok();
        }
    }
    None
}

enum Kind {
    Response,
    Invite,
    /// REGISTER, SUBSCRIBE, PUBLISH, MESSAGE: what they are about has one keeper.
    Resource,
    Request,
}

/// The values that decide.
struct Marks<'a> {
    kind: Kind,
    via: Option<&'a [u8]>,
    to: Option<&'a [u8]>,
    call_id: Option<&'a [u8]>,
    replaces: Option<&'a [u8]>,
}

impl<'a> Marks<'a> {
    fn read(bytes: &'a [u8]) -> Marks<'a> {
        let first = bytes.trim_ascii_start();
        let kind = match first {
            _ if starts_with(first, b"SIP/") => Kind::Response,
            _ if starts_with(first, b"INVITE ") => Kind::Invite,
            _ if starts_with(first, b"REGISTER ")
                || starts_with(first, b"SUBSCRIBE ")
                || starts_with(first, b"PUBLISH ")
                || starts_with(first, b"MESSAGE ") =>
            {
                Kind::Resource
            }
            _ => Kind::Request,
        };
        let mut marks = Marks { kind, via: None, to: None, call_id: None, replaces: None };
        let mut left = first;
        while let Some(end) = memchr(b'\n', left) {
            left = &left[end + 1..];
            if left.starts_with(b"\r\n") || left.starts_with(b"\n") {
                break;
            }
            marks.note(left);
        }
        marks
    }

    fn note(&mut self, rest: &'a [u8]) {
        let place = match rest.first() {
            Some(b'v' | b'V') if is_named(rest, b"v", b"via") => &mut self.via,
            Some(b't' | b'T') if is_named(rest, b"t", b"to") => &mut self.to,
            Some(b'i' | b'I') if is_named(rest, b"i", b"i") => &mut self.call_id,
            Some(b'c' | b'C') if is_named(rest, b"call-id", b"call-id") => &mut self.call_id,
            Some(b'r' | b'R') if is_named(rest, b"replaces", b"replaces") => &mut self.replaces,
            _ => return,
        };
        if place.is_none() {
            *place = value_of(rest);
        }
    }
}

fn starts_with(bytes: &[u8], word: &[u8]) -> bool {
    bytes.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word))
}

fn is_named(rest: &[u8], short: &[u8], long: &[u8]) -> bool {
    [short, long].iter().any(|name| {
        starts_with(rest, name)
            && rest[name.len()..].iter().find(|byte| !matches!(byte, b' ' | b'\t')) == Some(&b':')
    })
}

/// What follows the colon, to the end of the line and of the lines folded under it.
fn value_of(rest: &[u8]) -> Option<&[u8]> {
    let value = &rest[memchr(b':', rest)? + 1..];
    let mut end = 0;
    loop {
        end += memchr(b'\n', &value[end..]).unwrap_or(value.len() - end);
        match value.get(end + 1) {
            Some(b' ' | b'\t') => end += 1,
            _ => return Some(value[..end].trim_ascii()),
        }
    }
}

fn branch_of(via: &[u8]) -> Option<&[u8]> {
    let top = &via[..memchr(b',', via).unwrap_or(via.len())];
    param(top, b"branch")
}

/// The tag of a To value: parameters of the URI stand within its angle brackets.
fn tag_of(to: &[u8]) -> Option<&[u8]> {
    let after = memchr::memrchr(b'>', to).map_or(0, |at| at + 1);
    param(&to[after..], b"tag")
}

fn replaced(replaces: &[u8]) -> Option<Token> {
    [b"to-tag".as_slice(), b"from-tag"].iter().find_map(|name| param(replaces, name).and_then(token_in))
}

fn param<'a>(value: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    value.split(|byte| *byte == b';').skip(1).find_map(|piece| {
        let equals = memchr(b'=', piece)?;
        let is_it = piece[..equals].trim_ascii().eq_ignore_ascii_case(name);
        is_it.then(|| piece[equals + 1..].trim_ascii())
    })
}

fn token_in(text: &[u8]) -> Option<Token> {
    Token::find(std::str::from_utf8(text).ok()?)
}

/// The user of an address, else its host: phones name the house in many ways, and mean one user.
fn address_of(to: &[u8]) -> &[u8] {
    let inner = match (memchr(b'<', to), memchr::memrchr(b'>', to)) {
        (Some(start), Some(end)) if start < end => &to[start + 1..end],
        _ => to,
    };
    let inner = &inner[memchr(b':', inner).map_or(0, |scheme_end| scheme_end + 1)..];
    match memchr(b'@', inner) {
        Some(at) => inner[..at].trim_ascii(),
        None => inner[..memchr(b';', inner).unwrap_or(inner.len())].trim_ascii(),
    }
}

/// The shard that what a user's phones say is steered to.
pub fn keeper_of(user: &str, shards: u8) -> u8 {
    if shards <= 1 { 0 } else { spread(user.as_bytes(), shards) }
}

/// The same for all shards: every reader must come to the same owner.
fn spread(key: &[u8], shards: u8) -> u8 {
    let mut hasher = SipHasher13::new();
    // In lower case: host names are the same in any.
    key.iter().for_each(|byte| hasher.write_u8(byte.to_ascii_lowercase()));
    ((u128::from(hasher.finish()) * u128::from(shards)) >> 64) as u8
}
