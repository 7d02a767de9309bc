//! What stands before the body of a request, or all of a response (RFC 4975, 9).

use memchr::memmem;

use crate::end::{Flag, HYPHENS};

/// A head that is longer is none: two paths, and a few lines about the message.
pub const HEAD_MAX: usize = 8 * 1024;
const ID_MIN: usize = 4;
const ID_MAX: usize = 32;

/// The first lines of a request or a response, borrowed from the bytes that they were read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head<'a> {
    pub start: Start<'a>,
    /// The name of the transaction.
    pub id: &'a str,
    /// Where it goes, address by address.
    pub to: &'a str,
    /// Where it comes from.
    pub from: &'a str,
    /// All other lines, as they were read.
    pub rest: &'a [u8],
    pub body: Body,
    /// So many bytes, with the end where there is no body.
    pub length: usize,
}

/// What its first line says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start<'a> {
    Request(&'a str),
    Response { status: u16, comment: &'a str },
}

/// Whether a body follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Body {
    Follows,
    /// It ended with its head.
    None(Flag),
}

/// What its sender wants to hear of a request that fails (RFC 4975, 7.1.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reports {
    /// That it arrived, too.
    #[default]
    Yes,
    /// Failures alone.
    Partial,
    No,
}

/// Why bytes are no head. Nothing that follows them can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    #[error("its first line is not one of MSRP")]
    Start,
    #[error("To-Path and From-Path are not its first lines")]
    Paths,
    #[error("a line of it is none")]
    Line,
    #[error("it is longer than {HEAD_MAX} bytes")]
    TooLong,
}

impl<'a> Head<'a> {
    /// Reads a head from the beginning of `bytes`; nothing, while it is not whole.
    pub fn parse(bytes: &'a [u8]) -> Result<Option<Head<'a>>, Fault> {
        let mut lines = Lines { bytes, at: 0 };
        let Some(first) = lines.next().map_err(|fault| or(fault, Fault::Start))? else {
            return if may_begin(bytes) { Ok(None) } else { Err(Fault::Start) };
        };
        let (id, start) = start(first).ok_or(Fault::Start)?;
        let Some(to) = lines.next()? else { return Ok(None) };
        let to = value(to, "To-Path").ok_or(Fault::Paths)?;
        let Some(from) = lines.next()? else { return Ok(None) };
        let from = value(from, "From-Path").ok_or(Fault::Paths)?;
        let rest_at = lines.at;
        loop {
            let before = lines.at;
            let Some(line) = lines.next()? else { return Ok(None) };
            let rest = &bytes[rest_at..before];
            let body = match end_of(line, id) {
                _ if line.is_empty() && matches!(start, Start::Request(_)) => Body::Follows,
                Some(flag) => Body::None(flag),
                None if line.contains(':') => continue,
                None => return Err(Fault::Line),
            };
            return Ok(Some(Head { start, id, to, from, rest, body, length: lines.at }));
        }
    }

    /// The value of another line.
    pub fn line(&self, name: &str) -> Option<&'a str> {
        let text = std::str::from_utf8(self.rest).ok()?;
        text.split("\r\n").find_map(|line| value(line, name))
    }

    /// What its sender wants to hear of failures.
    pub fn reports(&self) -> Reports {
        match self.line("Failure-Report") {
            Some(said) if said.eq_ignore_ascii_case("no") => Reports::No,
            Some(said) if said.eq_ignore_ascii_case("partial") => Reports::Partial,
            _ => Reports::Yes,
        }
    }
}

struct Lines<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Lines<'a> {
    fn next(&mut self) -> Result<Option<&'a str>, Fault> {
        let rest = &self.bytes[self.at..];
        let within = &rest[..rest.len().min(HEAD_MAX.saturating_sub(self.at))];
        let Some(length) = memmem::find(within, b"\r\n") else {
            return if self.bytes.len() >= HEAD_MAX { Err(Fault::TooLong) } else { Ok(None) };
        };
        self.at += length + 2;
        std::str::from_utf8(&rest[..length]).map(Some).map_err(|_| Fault::Line)
    }
}

/// Whether more bytes could make a first line of these: who speaks something else is not listened to.
fn may_begin(bytes: &[u8]) -> bool {
    let begin = b"MSRP ";
    let length = bytes.len().min(begin.len());
    bytes[..length] == begin[..length]
}

fn or(fault: Fault, else_: Fault) -> Fault {
    if fault == Fault::Line { else_ } else { fault }
}

fn start(line: &str) -> Option<(&str, Start<'_>)> {
    let (id, said) = line.strip_prefix("MSRP ")?.split_once(' ')?;
    if !is_id(id) {
        return None;
    }
    let (word, comment) = said.split_once(' ').unwrap_or((said, ""));
    if word.len() == 3 && word.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some((id, Start::Response { status: word.parse().ok()?, comment }));
    }
    let is_method = !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_uppercase());
    (is_method && comment.is_empty()).then_some((id, Start::Request(word)))
}

fn is_id(id: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || b".-+%=".contains(&byte);
    (ID_MIN..=ID_MAX).contains(&id.len())
        && id.starts_with(|first: char| first.is_ascii_alphanumeric())
        && id.bytes().all(is_letter)
}

fn value<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    let (said, value) = line.split_once(':')?;
    said.eq_ignore_ascii_case(name).then(|| value.trim())
}

fn end_of(line: &str, id: &str) -> Option<Flag> {
    match line.strip_prefix(HYPHENS)?.strip_prefix(id)?.as_bytes() {
        [flag] => Flag::parse(*flag),
        _ => None,
    }
}
