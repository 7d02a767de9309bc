//! Header lines, and the values in them.

use crate::Header;
use crate::limits;
use crate::scan::{is_lws, quoted_len, token_len, trim};
use crate::{Fault, ParseError};

/// One header line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line<'a> {
    /// Which header.
    pub header: Header,
    /// Its name as written.
    pub name: &'a str,
    /// Its value without white space at the ends; may hold folding.
    pub value: &'a str,
    /// All of it, with spaces and line end.
    pub(crate) raw: &'a str,
}

/// Where one header line stands in its message.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entry {
    pub(crate) header: Header,
    pub(crate) at: u16,
    pub(crate) name_end: u16,
    pub(crate) value_at: u16,
    pub(crate) value_end: u16,
    pub(crate) end: u16,
}

impl Entry {
    pub(crate) const EMPTY: Entry =
        Entry { header: Header::Other, at: 0, name_end: 0, value_at: 0, value_end: 0, end: 0 };

    pub(crate) fn line<'a>(&self, head: &'a str) -> Line<'a> {
        let text = |from: u16, to: u16| &head[usize::from(from)..usize::from(to)];
        Line {
            header: self.header,
            name: text(self.at, self.name_end),
            value: self.value(head),
            raw: text(self.at, self.end),
        }
    }

    /// The same line, found at the start of a text of its own.
    pub(crate) fn rebased(self) -> Entry {
        Entry {
            header: self.header,
            at: 0,
            name_end: self.name_end - self.at,
            value_at: self.value_at - self.at,
            value_end: self.value_end - self.at,
            end: self.end - self.at,
        }
    }

    pub(crate) fn value<'a>(&self, head: &'a str) -> &'a str {
        &head[usize::from(self.value_at)..usize::from(self.value_end)]
    }
}

/// What comes next in the header block.
pub(crate) enum Next {
    Line(Entry),
    /// The empty line; the body starts here.
    End(usize),
}

/// Reads the header line at `at`. `bytes` holds at most `limits::MESSAGE_MAX`.
#[inline]
pub(crate) fn next_line(bytes: &[u8], at: usize) -> Result<Next, ParseError> {
    match bytes.get(at..) {
        Some([b'\r', b'\n', ..]) => return Ok(Next::End(at + 2)),
        Some([b'\n', ..]) => return Ok(Next::End(at + 1)),
        Some([_, ..]) => {}
        _ => return Err(ParseError::new(Fault::NoEndOfHeaders, at)),
    }
    let name_end = at + token_len(&bytes[at..]);
    let mut colon = name_end;
    while matches!(bytes.get(colon), Some(b' ' | b'\t')) {
        colon += 1;
    }
    if name_end == at || bytes.get(colon) != Some(&b':') {
        return Err(ParseError::new(Fault::BadHeaderName, at));
    }
    let end = line_end(bytes, colon + 1)?;
    if end - at > limits::LINE_MAX {
        return Err(ParseError::new(Fault::LineTooLong, at));
    }
    let value = &bytes[colon + 1..end];
    let value_at = value.iter().position(|&b| !is_lws(b)).unwrap_or(value.len());
    let value_len = value.iter().rposition(|&b| !is_lws(b)).map_or(value_at, |last| last + 1);
    Ok(Next::Line(Entry {
        header: Header::of_bytes(&bytes[at..name_end]),
        at: at as u16,
        name_end: name_end as u16,
        value_at: (colon + 1 + value_at) as u16,
        value_end: (colon + 1 + value_len) as u16,
        end: end as u16,
    }))
}

/// The end of the line, continuations included: behind a line feed that no space or tab follows.
fn line_end(bytes: &[u8], from: usize) -> Result<usize, ParseError> {
    let mut at = from;
    loop {
        match memchr::memchr(b'\n', &bytes[at..]) {
            None => return Err(ParseError::new(Fault::NoEndOfHeaders, bytes.len())),
            Some(len) => at += len + 1,
        }
        if !matches!(bytes.get(at), Some(b' ' | b'\t')) {
            return Ok(at);
        }
    }
}

/// The comma-separated values of one line; commas inside quotes and `<>` don't count.
#[derive(Debug, Clone, Copy)]
pub struct Values<'a> {
    rest: &'a str,
}

impl<'a> Values<'a> {
    /// The values of a header's text.
    pub const fn of(value: &'a str) -> Self {
        Values { rest: value }
    }
}

impl<'a> Iterator for Values<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        loop {
            if self.rest.is_empty() {
                return None;
            }
            let end = value_len(self.rest.as_bytes());
            let value = trim(&self.rest[..end]);
            self.rest = self.rest.get(end + 1..).unwrap_or("");
            if !value.is_empty() {
                return Some(value);
            }
        }
    }
}

fn value_len(bytes: &[u8]) -> usize {
    let mut at = 0;
    loop {
        let Some(len) = memchr::memchr3(b',', b'"', b'<', &bytes[at..]) else { return bytes.len() };
        at += len;
        let skipped = match bytes[at] {
            b',' => return at,
            b'"' => quoted_len(&bytes[at..]),
            _ => memchr::memchr(b'>', &bytes[at..]).map(|len| len + 1),
        };
        match skipped {
            Some(len) => at += len,
            None => return bytes.len(),
        }
    }
}
