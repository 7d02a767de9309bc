//! What can still be read of a request that doesn't parse: enough to answer it.

use crate::header::Header;
use crate::lines::{Line, Next, next_line};
use crate::scan::is_token;
use crate::{Via, Writer, limits};

/// The remains of a malformed request.
#[derive(Debug, Clone, Copy)]
pub struct Salvaged<'a> {
    bytes: &'a [u8],
    lines_at: usize,
}

/// Finds what an answer needs in a request that doesn't parse; `None` for what must not be answered: a
/// response, an ACK, or something without a Via.
pub fn salvage(bytes: &[u8]) -> Option<Salvaged<'_>> {
    let skipped = bytes.iter().take_while(|b| matches!(b, b'\r' | b'\n')).count();
    let bytes = &bytes[skipped..bytes.len().min(skipped + limits::MESSAGE_MAX)];
    let first = memchr::memchr(b'\n', bytes)?;
    let (method, _) = std::str::from_utf8(&bytes[..first]).ok()?.split_once(' ')?;
    if !is_token(method) || method == "ACK" {
        return None;
    }
    let salvaged = Salvaged { bytes, lines_at: first + 1 };
    salvaged.lines().any(|line| line.header == Header::Via).then_some(salvaged)
}

impl<'a> Salvaged<'a> {
    /// Every Via line, and the first From, To, Call-ID and CSeq, in order, as far as they are found.
    pub fn lines(&self) -> impl Iterator<Item = Line<'a>> + use<'a> {
        let Salvaged { bytes, lines_at } = *self;
        let mut at = lines_at;
        let mut seen = [false; 4];
        let mut left = limits::HEADERS_MAX;
        std::iter::from_fn(move || {
            while left > 0 {
                left -= 1;
                let Ok(next) = next_line(bytes, at) else {
                    at += memchr::memchr(b'\n', bytes.get(at..)?)? + 1;
                    continue;
                };
                let Next::Line(entry) = next else { return None };
                let from = std::mem::replace(&mut at, usize::from(entry.end));
                let raw = &bytes[from..at];
                if is_wanted(entry.header, &mut seen)
                    && let Ok(text) = std::str::from_utf8(raw)
                    && !has_stray_return(raw)
                {
                    return Some(entry.line(text, from));
                }
            }
            None
        })
    }

    /// The value of the first line of one of these headers.
    pub fn line(&self, header: Header) -> Option<&'a str> {
        self.lines().find(|line| line.header == header).map(|line| line.value)
    }

    /// The topmost Via, if it can be read.
    pub fn via(&self) -> Option<Via<'a>> {
        let value = self.line(Header::Via)?;
        Via::parse_first(value).ok().map(|(via, _)| via)
    }

    /// Prints the answer with this status.
    pub fn answer(&self, out: &mut Vec<u8>, status: u16, reason: &str) {
        let mut writer = Writer::response(out, status, reason);
        for line in self.lines() {
            writer.copy(line);
        }
        writer.end();
    }
}

fn is_wanted(header: Header, seen: &mut [bool; 4]) -> bool {
    let place = match header {
        Header::Via => return true,
        Header::From => 0,
        Header::To => 1,
        Header::CallId => 2,
        Header::CSeq => 3,
        _ => return false,
    };
    !std::mem::replace(&mut seen[place], true)
}

fn has_stray_return(line: &[u8]) -> bool {
    memchr::memchr_iter(b'\r', line).any(|at| line.get(at + 1) != Some(&b'\n'))
}
