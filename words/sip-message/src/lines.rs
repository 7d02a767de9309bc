//! Header lines, and the values in them.

use crate::Header;
use crate::limits;
use crate::scan::{self, is_lws, quoted_len, trim};
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

/// One header line of the block: it starts where the line before it ends.
/// Its alignment makes one word of it.
#[derive(Debug, Clone, Copy)]
#[repr(align(8))]
pub(crate) struct Entry {
    pub(crate) header: Header,
    /// Whether a control character stands in the value that is neither tab nor line end.
    pub(crate) has_control: bool,
    pub(crate) value_at: u16,
    pub(crate) value_end: u16,
    pub(crate) end: u16,
}

impl Entry {
    pub(crate) const EMPTY: Entry =
        Entry { header: Header::Other, has_control: false, value_at: 0, value_end: 0, end: 0 };

    /// Whether no line was put here: a line has at least its end.
    pub(crate) const fn is_empty(&self) -> bool {
        self.end == 0
    }

    /// The line whose text is `raw`, which starts at `at`.
    pub(crate) fn line<'a>(&self, raw: &'a str, at: usize) -> Line<'a> {
        Line {
            header: self.header,
            name: &raw[..scan::token_len(raw.as_bytes())],
            value: &raw[usize::from(self.value_at) - at..usize::from(self.value_end) - at],
            raw,
        }
    }

    pub(crate) fn value<'a>(&self, head: &'a str) -> &'a str {
        &head[usize::from(self.value_at)..usize::from(self.value_end)]
    }
}

/// The lines of a header block one after another, up to the empty line or the first that can't be read.
pub(crate) fn entries(bytes: &[u8], mut at: usize) -> impl Iterator<Item = Entry> + '_ {
    std::iter::from_fn(move || match next_line(bytes, at) {
        Ok(Next::Line(entry)) => {
            at = usize::from(entry.end);
            Some(entry)
        }
        Ok(Next::End(_)) | Err(_) => None,
    })
}

/// The lines of these entries, the first of which starts at `at`.
pub(crate) fn lines<'a>(
    entries: impl Iterator<Item = Entry>,
    head: &'a str,
    at: usize,
) -> impl Iterator<Item = Line<'a>> {
    entries.scan(at, move |at, entry| {
        let from = std::mem::replace(at, usize::from(entry.end));
        Some(entry.line(&head[from..*at], from))
    })
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
    let (header, value_at) = name(bytes, at)?;
    let End { text_end, end, has_control } = line_end(bytes, value_at)?;
    if end - at > limits::LINE_MAX {
        return Err(ParseError::new(Fault::LineTooLong, at));
    }
    // Nearly always one space stands here, and nothing else to trim.
    let value_at = value_at + usize::from(bytes[value_at] == b' ');
    let value = &bytes[value_at..text_end];
    let from = value.iter().position(|&b| !is_lws(b)).unwrap_or(value.len());
    let to = value.iter().rposition(|&b| !is_lws(b)).map_or(from, |last| last + 1);
    Ok(Next::Line(Entry {
        header,
        has_control,
        value_at: (value_at + from) as u16,
        value_end: (value_at + to) as u16,
        end: end as u16,
    }))
}

/// The header whose name stands at `at`, and where its value starts: behind the colon.
#[inline]
fn name(bytes: &[u8], at: usize) -> Result<(Header, usize), ParseError> {
    // A name of the house needs no further look: it is a token.
    let window = bytes[at..].first_chunk::<NAME_WINDOW>();
    if let Some((window, colon)) = window.and_then(|window| Some((window, scan::colon(window)?)))
        && let header = Header::of_bytes(&window[..colon])
        && header != Header::Other
    {
        return Ok((header, at + colon + 1));
    }
    other_name(bytes, at)
}

/// Room for every name of the house with its colon.
const NAME_WINDOW: usize = 32;

/// The same for every other name, for one with space before the colon, and close to the end.
fn other_name(bytes: &[u8], at: usize) -> Result<(Header, usize), ParseError> {
    let name = &bytes[at..at + scan::token_len(&bytes[at..])];
    let behind = &bytes[at + name.len()..];
    let gap = behind.iter().take_while(|b| matches!(b, b' ' | b'\t')).count();
    if name.is_empty() || behind.get(gap) != Some(&b':') {
        return Err(ParseError::new(Fault::BadHeaderName, at));
    }
    Ok((Header::of_bytes(name), at + name.len() + gap + 1))
}

/// Where a line ends, and what was met on the way there.
pub(crate) struct End {
    /// Before the line end.
    pub(crate) text_end: usize,
    /// Behind the line end.
    pub(crate) end: usize,
    pub(crate) has_control: bool,
}

/// The end of the line, continuations included: behind a line feed that no space or tab follows.
#[inline]
fn line_end(bytes: &[u8], from: usize) -> Result<End, ParseError> {
    let mut at = from;
    let mut has_control = false;
    loop {
        let line = feed(bytes, at)?;
        has_control |= line.has_control;
        if !matches!(bytes.get(line.end), Some(b' ' | b'\t')) {
            return Ok(End { has_control, ..line });
        }
        at = line.end;
    }
}

/// The first line feed, and the return before it.
#[inline(always)]
pub(crate) fn feed(bytes: &[u8], from: usize) -> Result<End, ParseError> {
    let mut at = from;
    let mut has_control = false;
    loop {
        at += scan::until_control(&bytes[at..]);
        match &bytes[at..] {
            [b'\r', b'\n', ..] => return Ok(End { text_end: at, end: at + 2, has_control }),
            [b'\n', ..] => return Ok(End { text_end: at, end: at + 1, has_control }),
            [] => return Err(ParseError::new(Fault::NoEndOfHeaders, at)),
            [other, ..] => {
                has_control |= *other != b'\t';
                at += 1;
            }
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
