//! Bodies of several parts (RFC 2046, 5.1; RFC 5621).

use memchr::memmem;

use crate::lines::{Next, entries, lines, next_line};
use crate::{Line, MediaType, limits};

/// One part of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part<'a> {
    /// Its header lines as written.
    pub headers: &'a str,
    /// Its body, untouched.
    pub body: &'a [u8],
}

/// The parts of `body` between lines of `--boundary`; what stands before the first and behind the last
/// is left out, and so is a part whose headers can't be read.
pub fn parts<'a>(body: &'a [u8], boundary: &'a str) -> impl Iterator<Item = Part<'a>> {
    let mut rest = delimiter(body, boundary).map(|found| found.behind);
    std::iter::from_fn(move || {
        loop {
            let inside = rest?;
            let found = delimiter(inside, boundary)?;
            rest = (!found.is_last).then_some(found.behind);
            if let Some(part) = part(&inside[..found.at]) {
                return Some(part);
            }
        }
    })
}

impl<'a> Part<'a> {
    /// A header's value by name, in any case.
    pub fn named(&self, name: &str) -> Option<&'a str> {
        self.lines().find(|line| line.name.eq_ignore_ascii_case(name)).map(|line| line.value)
    }

    /// What the part is.
    pub fn content_type(&self) -> Option<MediaType<'a>> {
        self.named("Content-Type").and_then(MediaType::parse)
    }

    /// Every header line of the part.
    pub fn lines(&self) -> impl Iterator<Item = Line<'a>> + use<'a> {
        lines(entries(self.headers.as_bytes(), 0), self.headers, 0)
    }
}

struct Delimiter<'a> {
    /// Where the part before it ends: the line end in front belongs to the delimiter.
    at: usize,
    behind: &'a [u8],
    is_last: bool,
}

fn delimiter<'a>(bytes: &'a [u8], boundary: &str) -> Option<Delimiter<'a>> {
    if boundary.is_empty() {
        return None;
    }
    memmem::find_iter(bytes, b"--").find_map(|at| {
        let starts_line = at == 0 || bytes[at - 1] == b'\n';
        let behind = bytes[at + 2..].strip_prefix(boundary.as_bytes()).filter(|_| starts_line)?;
        let (behind, is_last) = match behind.strip_prefix(b"--") {
            Some(behind) => (behind, true),
            None => (behind, false),
        };
        let line = memchr::memchr(b'\n', behind).map_or(behind.len(), |at| at + 1);
        let padding = behind[..line].iter().all(|&b| crate::scan::is_lws(b));
        let ended = is_last || line > 0;
        (padding && ended).then(|| Delimiter { at: text_end(&bytes[..at]), behind: &behind[line..], is_last })
    })
}

fn text_end(before: &[u8]) -> usize {
    let cut = before.strip_suffix(b"\n").unwrap_or(before);
    cut.strip_suffix(b"\r").unwrap_or(cut).len()
}

fn part(bytes: &[u8]) -> Option<Part<'_>> {
    if bytes.len() > limits::MESSAGE_MAX {
        return None;
    }
    let mut at = 0;
    let body_at = loop {
        match next_line(bytes, at).ok()? {
            Next::Line(entry) => at = usize::from(entry.end),
            Next::End(body_at) => break body_at,
        }
    };
    let headers = std::str::from_utf8(&bytes[..at]).ok()?;
    Some(Part { headers, body: &bytes[body_at..] })
}
