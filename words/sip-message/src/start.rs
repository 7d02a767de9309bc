//! The first line: what is asked, or how it was answered.

use std::fmt;

use crate::scan::{Cursor, is_token};
use crate::{Fault, ParseError};

/// The first line of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start<'a> {
    /// A request line.
    Request {
        /// What is asked.
        method: Method<'a>,
        /// Of whom.
        uri: &'a str,
    },
    /// A status line.
    Response {
        /// 100 to 699.
        status: u16,
        /// Words for people; may be empty.
        reason: &'a str,
    },
}

/// What a request asks for. Methods are case-sensitive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Method<'a> {
    Invite,
    Ack,
    Bye,
    Cancel,
    Options,
    Register,
    Prack,
    Update,
    Info,
    Refer,
    Notify,
    Subscribe,
    Publish,
    Message,
    Other(&'a str),
}

impl<'a> Method<'a> {
    /// The method of this name.
    pub fn of(name: &'a str) -> Self {
        match name.as_bytes() {
            b"INVITE" => Method::Invite,
            b"ACK" => Method::Ack,
            b"BYE" => Method::Bye,
            b"CANCEL" => Method::Cancel,
            b"OPTIONS" => Method::Options,
            b"REGISTER" => Method::Register,
            b"PRACK" => Method::Prack,
            b"UPDATE" => Method::Update,
            b"INFO" => Method::Info,
            b"REFER" => Method::Refer,
            b"NOTIFY" => Method::Notify,
            b"SUBSCRIBE" => Method::Subscribe,
            b"PUBLISH" => Method::Publish,
            b"MESSAGE" => Method::Message,
            _ => Method::Other(name),
        }
    }

    /// The name as it is written.
    pub const fn as_str(&self) -> &'a str {
        match self {
            Method::Invite => "INVITE",
            Method::Ack => "ACK",
            Method::Bye => "BYE",
            Method::Cancel => "CANCEL",
            Method::Options => "OPTIONS",
            Method::Register => "REGISTER",
            Method::Prack => "PRACK",
            Method::Update => "UPDATE",
            Method::Info => "INFO",
            Method::Refer => "REFER",
            Method::Notify => "NOTIFY",
            Method::Subscribe => "SUBSCRIBE",
            Method::Publish => "PUBLISH",
            Method::Message => "MESSAGE",
            Method::Other(name) => name,
        }
    }
}

impl fmt::Display for Method<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

const VERSION: &str = "SIP/2.0";

impl<'a> Start<'a> {
    /// Reads a start line without its line end.
    pub(crate) fn parse(line: &'a str) -> Result<Self, ParseError> {
        if line.len() >= 4 && line.as_bytes()[..4].eq_ignore_ascii_case(b"SIP/") {
            status_line(line)
        } else {
            request_line(line)
        }
    }
}

fn request_line(line: &str) -> Result<Start<'_>, ParseError> {
    let mut cursor = Cursor::new(line);
    let method = cursor.token();
    if method.is_empty() || !cursor.eat(b' ') {
        return Err(ParseError::new(Fault::BadStartLine, cursor.at()));
    }
    let uri_at = cursor.at();
    let rest = cursor.rest();
    let uri = match rest.strip_suffix(" SIP/2.0") {
        Some(uri) => uri,
        None => before_version(rest, uri_at)?,
    };
    Ok(Start::Request { method: Method::of(method), uri })
}

/// The same for a version that is written in another way, or wrong.
fn before_version(text: &str, base: usize) -> Result<&str, ParseError> {
    let (uri, version) = text.rsplit_once(' ').ok_or(ParseError::new(Fault::BadStartLine, base))?;
    if !version.eq_ignore_ascii_case(VERSION) {
        let what = if is_other_version(version) { Fault::BadVersion } else { Fault::BadStartLine };
        return Err(ParseError::new(what, base + uri.len() + 1));
    }
    Ok(uri)
}

fn status_line(line: &str) -> Result<Start<'_>, ParseError> {
    let (version, rest) = line.split_once(' ').ok_or(ParseError::new(Fault::BadStartLine, 0))?;
    if !version.eq_ignore_ascii_case(VERSION) {
        return Err(ParseError::new(Fault::BadVersion, 0));
    }
    // The space before an empty phrase is often forgotten.
    let (code, reason) = rest.split_once(' ').unwrap_or((rest, ""));
    let &[a, b, c] = code.as_bytes() else {
        return Err(ParseError::new(Fault::BadStatus, version.len() + 1));
    };
    match (a, b, c) {
        (b'1'..=b'6', b'0'..=b'9', b'0'..=b'9') => {
            let status = u16::from(a - b'0') * 100 + u16::from(b - b'0') * 10 + u16::from(c - b'0');
            Ok(Start::Response { status, reason })
        }
        _ => Err(ParseError::new(Fault::BadStatus, version.len() + 1)),
    }
}

fn is_other_version(text: &str) -> bool {
    let Some((protocol, number)) = text.split_once('/') else { return false };
    let Some((major, minor)) = number.split_once('.') else { return false };
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    is_token(protocol) && is_number(major) && is_number(minor)
}
