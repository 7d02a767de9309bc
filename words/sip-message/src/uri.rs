//! URIs: `sip:`, `sips:` and `tel:` read to the end, other schemes by name.

use std::borrow::Cow;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::scan::{self, Cursor};
use crate::{Fault, Param, Params, ParseError, limits};

/// A URI, borrowed from its text.
#[derive(Debug, Clone, Copy)]
pub struct Uri<'a> {
    /// What kind of URI it is.
    pub scheme: Scheme<'a>,
    text: &'a str,
    /// The user part of a SIP URI, the number of a `tel:` one, all of another scheme's.
    main: Option<&'a str>,
    password: Option<&'a str>,
    host: Option<Host<'a>>,
    port: Option<u16>,
    params: Params<'a>,
    headers: &'a str,
}

/// What stands before the first colon.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Scheme<'a> {
    Sip,
    Sips,
    Tel,
    Other(&'a str),
}

/// Where something is: an address, or a name to look up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Host<'a> {
    /// An address; an IPv6 one is written in brackets.
    Ip(IpAddr),
    /// A name; compare in any case.
    Name(&'a str),
}

impl<'a> Uri<'a> {
    /// Reads a URI, all of `text`.
    pub fn parse(text: &'a str) -> Result<Self, ParseError> {
        if text.len() > limits::URI_MAX {
            return Err(ParseError::new(Fault::UriTooLong, limits::URI_MAX));
        }
        if let Some(at) = scan::first_not_uri(text) {
            return Err(ParseError::new(Fault::BadUri, at));
        }
        let mut cursor = Cursor::new(text);
        let scheme = match cursor.token() {
            "" => return Err(ParseError::new(Fault::BadUri, 0)),
            name => Scheme::of(name),
        };
        if !cursor.eat(b':') || cursor.is_done() {
            return Err(ParseError::new(Fault::BadUri, cursor.at()));
        }
        match scheme {
            Scheme::Sip | Scheme::Sips => sip(scheme, text, cursor),
            Scheme::Tel => tel(text, cursor),
            Scheme::Other(_) => Ok(opaque(scheme, text, cursor)),
        }
    }

    /// The URI as written.
    pub const fn as_str(&self) -> &'a str {
        self.text
    }

    /// The user part of a SIP URI, escapes untouched.
    pub fn user(&self) -> Option<&'a str> {
        self.main.filter(|_| self.is_sip())
    }

    /// The user part of a SIP URI with its escapes undone.
    pub fn user_decoded(&self) -> Option<Cow<'a, str>> {
        self.user().map(unescaped)
    }

    /// The password, for which nobody should have a use.
    pub const fn password(&self) -> Option<&'a str> {
        self.password
    }

    /// The host of a SIP URI; other schemes have none.
    pub const fn host(&self) -> Option<Host<'a>> {
        self.host
    }

    /// The port, if one is written.
    pub const fn port(&self) -> Option<u16> {
        self.port
    }

    /// The number of a `tel:` URI, as written with its visual separators.
    pub fn number(&self) -> Option<&'a str> {
        self.main.filter(|_| self.scheme == Scheme::Tel)
    }

    /// The `phone-context` of a local number.
    pub fn phone_context(&self) -> Option<&'a str> {
        self.params.value("phone-context")
    }

    /// A URI parameter by name: `None` if absent, `Some(None)` if it has no value.
    pub fn param(&self, name: &str) -> Option<Option<&'a str>> {
        self.params.get(name)
    }

    /// The URI parameters in order.
    pub const fn params(&self) -> Params<'a> {
        self.params
    }

    /// The headers behind `?`, name and value, escapes untouched.
    pub fn headers(&self) -> impl Iterator<Item = (&'a str, &'a str)> + use<'a> {
        let pairs = self.headers.split('&').filter(|pair| !pair.is_empty());
        pairs.map(|pair| pair.split_once('=').unwrap_or((pair, "")))
    }

    /// Whether anything stands behind `?`.
    pub(crate) fn has_headers(&self) -> bool {
        !self.headers.is_empty() && self.headers().next().is_some()
    }

    /// Whether the scheme is `sip` or `sips`.
    pub const fn is_sip(&self) -> bool {
        matches!(self.scheme, Scheme::Sip | Scheme::Sips)
    }

    /// Whether both mean the same (RFC 3261, 19.1.4; RFC 3966, 5; other schemes letter by letter).
    pub fn matches(&self, other: &Uri<'_>) -> bool {
        match (self.scheme, other.scheme) {
            (Scheme::Sip, Scheme::Sip) | (Scheme::Sips, Scheme::Sips) => sip_matches(self, other),
            (Scheme::Tel, Scheme::Tel) => tel_matches(self, other),
            _ => self.text == other.text,
        }
    }
}

impl<'a> Scheme<'a> {
    /// The scheme of this name, in any case.
    pub fn of(name: &'a str) -> Self {
        match name {
            "sip" => Scheme::Sip,
            _ if name.eq_ignore_ascii_case("sip") => Scheme::Sip,
            _ if name.eq_ignore_ascii_case("sips") => Scheme::Sips,
            _ if name.eq_ignore_ascii_case("tel") => Scheme::Tel,
            _ => Scheme::Other(name),
        }
    }

    /// The name as it is written.
    pub const fn as_str(&self) -> &'a str {
        match self {
            Scheme::Sip => "sip",
            Scheme::Sips => "sips",
            Scheme::Tel => "tel",
            Scheme::Other(name) => name,
        }
    }
}

impl<'a> Host<'a> {
    /// Reads a host, all of `text`; an IPv6 address in brackets.
    pub fn parse(text: &'a str) -> Result<Self, ParseError> {
        let mut cursor = Cursor::new(text);
        let host = Self::read(&mut cursor)?;
        if !cursor.is_done() {
            return Err(ParseError::new(Fault::BadHost, cursor.at()));
        }
        Ok(host)
    }

    /// Reads the host at the cursor.
    pub(crate) fn read(cursor: &mut Cursor<'a>) -> Result<Self, ParseError> {
        let error = ParseError::new(Fault::BadHost, cursor.at());
        if cursor.eat(b'[') {
            let inside = cursor.up_to(b']').ok_or(error)?;
            return ipv6(inside).map(|ip| Host::Ip(ip.into())).ok_or(error);
        }
        match cursor.host_name() {
            "" => Err(error),
            name => Ok(ipv4(name).map_or(Host::Name(name), |ip| Host::Ip(ip.into()))),
        }
    }

    /// The address, if it is one.
    pub const fn ip(&self) -> Option<IpAddr> {
        match self {
            Host::Ip(ip) => Some(*ip),
            Host::Name(_) => None,
        }
    }

    /// Whether both are the same address, or the same name in any case.
    pub fn matches(&self, other: &Host<'_>) -> bool {
        match (self, other) {
            (Host::Ip(a), Host::Ip(b)) => a == b,
            (Host::Name(a), Host::Name(b)) => a.eq_ignore_ascii_case(b),
            _ => false,
        }
    }
}

impl fmt::Display for Uri<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text)
    }
}

impl fmt::Display for Host<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Host::Ip(IpAddr::V4(ip)) => ip.fmt(f),
            Host::Ip(IpAddr::V6(ip)) => write!(f, "[{ip}]"),
            Host::Name(name) => f.write_str(name),
        }
    }
}

/// Reads `:port` at the cursor, if there is one.
pub(crate) fn port(cursor: &mut Cursor<'_>) -> Result<Option<u16>, ParseError> {
    if !cursor.eat_spaced(b':') {
        return Ok(None);
    }
    let at = cursor.at();
    match cursor.number().map(u16::try_from) {
        Some(Ok(port)) if port > 0 => Ok(Some(port)),
        _ => Err(ParseError::new(Fault::BadPort, at)),
    }
}

fn sip<'a>(scheme: Scheme<'a>, text: &'a str, mut cursor: Cursor<'a>) -> Result<Uri<'a>, ParseError> {
    let userinfo_at = cursor.at();
    let (mut main, mut password) = (None, None);
    // A host part has no `@`, so the first one ends the user part, whatever stands in that.
    if let Some(userinfo) = cursor.up_to(b'@') {
        let (user, secret) = match userinfo.bytes().position(|b| b == b':') {
            Some(colon) => (&userinfo[..colon], Some(&userinfo[colon + 1..])),
            None => (userinfo, None),
        };
        if user.is_empty() {
            return Err(ParseError::new(Fault::BadUri, userinfo_at));
        }
        (main, password) = (Some(user), secret);
    }
    let host = Host::read(&mut cursor)?;
    let port = port(&mut cursor)?;
    let (params, headers) = tail(cursor)?;
    Ok(Uri { scheme, text, main, password, host: Some(host), port, params, headers })
}

fn tel<'a>(text: &'a str, cursor: Cursor<'a>) -> Result<Uri<'a>, ParseError> {
    let rest = cursor.rest();
    let end = rest.find(';').unwrap_or(rest.len());
    let number = &rest[..end];
    let digits = number.strip_prefix('+').unwrap_or(number);
    let is_dialable = |b: u8| b.is_ascii_hexdigit() || matches!(b, b'*' | b'#' | b'-' | b'.' | b'(' | b')');
    if !digits.bytes().any(|b| b.is_ascii_hexdigit() || matches!(b, b'*' | b'#'))
        || !digits.bytes().all(is_dialable)
    {
        return Err(ParseError::new(Fault::BadUri, cursor.at()));
    }
    let mut behind = cursor;
    behind.skip(end);
    let (params, headers) = tail(behind)?;
    if !headers.is_empty() {
        return Err(ParseError::new(Fault::BadUri, cursor.at()));
    }
    Ok(Uri {
        scheme: Scheme::Tel,
        text,
        main: Some(number),
        password: None,
        host: None,
        port: None,
        params,
        headers,
    })
}

fn opaque<'a>(scheme: Scheme<'a>, text: &'a str, cursor: Cursor<'a>) -> Uri<'a> {
    Uri {
        scheme,
        text,
        main: Some(cursor.rest()),
        password: None,
        host: None,
        port: None,
        params: Params::default(),
        headers: "",
    }
}

/// Parameters and headers, up to the end.
fn tail<'a>(cursor: Cursor<'a>) -> Result<(Params<'a>, &'a str), ParseError> {
    let rest = cursor.rest();
    if rest.is_empty() {
        return Ok((Params::default(), ""));
    }
    let (params, len) = Params::parse(rest).map_err(|_| bad_tail(cursor))?;
    match rest[len..].strip_prefix('?') {
        Some(headers) => Ok((params, headers)),
        None if len == rest.len() => Ok((params, "")),
        None => Err(bad_tail(cursor)),
    }
}

fn bad_tail(cursor: Cursor<'_>) -> ParseError {
    ParseError::new(Fault::BadUri, cursor.at())
}

/// Four numbers up to 255 with dots between them, without leading zeros.
fn ipv4(text: &str) -> Option<Ipv4Addr> {
    let (mut ip, mut dots) = (0, 0);
    let mut number = None;
    for b in text.bytes() {
        number = match (b, number) {
            (b'0'..=b'9', None) => Some(u32::from(b - b'0')),
            (b'0'..=b'9', Some(tens @ 1..=25)) => Some(tens * 10 + u32::from(b - b'0')),
            (b'.', Some(octet @ ..=255)) => {
                ip = ip << 8 | octet;
                dots += 1;
                None
            }
            _ => return None,
        };
    }
    match (dots, number) {
        (3, Some(octet @ ..=255)) => Some(Ipv4Addr::from_bits(ip << 8 | octet)),
        _ => None,
    }
}

/// An IPv6 address; three colons in a row, born of an error in RFC 3261's grammar, count as two
/// (RFC 5118, 4.10).
fn ipv6(text: &str) -> Option<Ipv6Addr> {
    if let Ok(ip) = text.parse() {
        return Some(ip);
    }
    let at = text.find(":::")?;
    let mut fixed = [0u8; 48];
    let len = text.len() - 1;
    fixed.get_mut(..at)?.copy_from_slice(&text.as_bytes()[..at]);
    fixed.get_mut(at..len)?.copy_from_slice(&text.as_bytes()[at + 1..]);
    std::str::from_utf8(&fixed[..len]).ok()?.parse().ok()
}

/// `text` with `%XX` undone; what isn't an escape, or would not be UTF-8, stays as it is.
pub fn unescaped(text: &str) -> Cow<'_, str> {
    if !text.contains('%') {
        return Cow::Borrowed(text);
    }
    match String::from_utf8(decoded_bytes(text).collect()) {
        Ok(plain) => Cow::Owned(plain),
        Err(_) => Cow::Borrowed(text),
    }
}

fn decoded_bytes(text: &str) -> impl Iterator<Item = u8> + '_ {
    let mut bytes = text.as_bytes();
    std::iter::from_fn(move || {
        let (&first, rest) = bytes.split_first()?;
        if let (b'%', [high, low, behind @ ..]) = (first, rest)
            && let (Some(high), Some(low)) = (hex(*high), hex(*low))
        {
            bytes = behind;
            return Some(high << 4 | low);
        }
        bytes = rest;
        Some(first)
    })
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

/// Parameters that make a difference even if only one side has them.
const TELLING: [&str; 5] = ["user", "ttl", "method", "maddr", "transport"];

fn sip_matches(a: &Uri<'_>, b: &Uri<'_>) -> bool {
    same_text(a.main, b.main)
        && same_text(a.password, b.password)
        && a.port == b.port
        && matches!((a.host, b.host), (Some(a), Some(b)) if a.matches(&b))
        && TELLING.iter().all(|name| a.param(name).is_some() == b.param(name).is_some())
        && a.params().all(|param| b.param(param.name).is_none_or(|value| same_value(param.value, value)))
        && same_headers(a, b)
}

fn tel_matches(a: &Uri<'_>, b: &Uri<'_>) -> bool {
    let has_all = |a: &Uri<'_>, b: &Uri<'_>| {
        a.params().all(|Param { name, value }| b.param(name).is_some_and(|other| same_value(value, other)))
    };
    let digits = |number: Option<&str>| {
        number.map(|number| {
            let digits = number.bytes().filter(|b| !matches!(b, b'-' | b'.' | b'(' | b')'));
            digits.map(|b| b.to_ascii_lowercase()).collect::<Vec<u8>>()
        })
    };
    digits(a.main) == digits(b.main) && has_all(a, b) && has_all(b, a)
}

fn same_text(a: Option<&str>, b: Option<&str>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => decoded_bytes(a).eq(decoded_bytes(b)),
        (a, b) => a.is_none() && b.is_none(),
    }
}

fn same_value(a: Option<&str>, b: Option<&str>) -> bool {
    let lower = |text| decoded_bytes(text).map(|b| b.to_ascii_lowercase());
    match (a, b) {
        (Some(a), Some(b)) => lower(a).eq(lower(b)),
        (a, b) => a.is_none() && b.is_none(),
    }
}

fn same_headers(a: &Uri<'_>, b: &Uri<'_>) -> bool {
    let holds_all = |a: &Uri<'_>, b: &Uri<'_>| {
        a.headers().all(|(name, value)| {
            b.headers().any(|(other, other_value)| {
                name.eq_ignore_ascii_case(other) && same_text(Some(value), Some(other_value))
            })
        })
    };
    a.headers().count() == b.headers().count() && holds_all(a, b) && holds_all(b, a)
}
