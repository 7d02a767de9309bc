//! Printing a new message into a buffer that is used again and again.

use std::fmt::{self, Display};

use crate::digits::Digits;
use crate::scan::{is_token_byte, token_len};
use crate::{Header, Line};

/// Prints one message, front to back. Nothing that is printed through it can start a line of its own.
#[derive(Debug)]
pub struct Writer<'b> {
    out: &'b mut Vec<u8>,
}

impl<'b> Writer<'b> {
    /// Starts a request; what `out` held is gone.
    pub fn request(out: &'b mut Vec<u8>, method: &str, uri: impl Display) -> Self {
        out.clear();
        token(out, method);
        out.push(b' ');
        put(&mut Escaped(out), uri);
        out.extend_from_slice(b" SIP/2.0\r\n");
        Writer { out }
    }

    /// Starts a response; what `out` held is gone.
    pub fn response(out: &'b mut Vec<u8>, status: u16, reason: &str) -> Self {
        out.clear();
        out.extend_from_slice(b"SIP/2.0 ");
        let written = Digits::of(status.into());
        out.extend_from_slice(&b"000"[written.bytes().len().min(3)..]);
        out.extend_from_slice(written.bytes());
        out.push(b' ');
        one_line(out, reason);
        out.extend_from_slice(b"\r\n");
        Writer { out }
    }

    /// Starts with the start line of another message, byte for byte.
    pub fn start_of(out: &'b mut Vec<u8>, message: &crate::Message<'_>) -> Self {
        out.clear();
        out.extend_from_slice(message.start_line().as_bytes());
        Writer { out }
    }

    /// One header line. `Header::Other` has no name to print: use [`Writer::raw`].
    pub fn header(&mut self, name: Header, value: impl Display) -> &mut Self {
        assert!(name != Header::Other, "a header is printed by its name, and `Other` has none");
        self.line_of(name.name(), |out| put(&mut OneLine(out), value))
    }

    /// One header line of any name; what can't stand in a name becomes `-`.
    pub fn raw(&mut self, name: &str, value: &str) -> &mut Self {
        self.line_of(name, |out| one_line(out, value))
    }

    /// The same, with a value that stands in pieces one after another.
    pub fn pieces(&mut self, name: &str, value: &[&str]) -> &mut Self {
        self.line_of(name, |out| value.iter().for_each(|piece| one_line(out, piece)))
    }

    /// Lines that are whole: each has a name, stays a line, and ends as lines end. Nothing is asked of them.
    pub fn whole(&mut self, lines: &str) -> &mut Self {
        self.out.extend_from_slice(lines.as_bytes());
        self
    }

    /// One line of another message, byte for byte.
    pub fn copy(&mut self, line: Line<'_>) -> &mut Self {
        self.out.extend_from_slice(line.raw.as_bytes());
        self
    }

    /// Ends the message with a body.
    pub fn body(mut self, content_type: &str, body: &[u8]) {
        self.raw("Content-Type", content_type);
        self.raw("Content-Length", Digits::of(body.len() as u64).text());
        self.out.extend_from_slice(b"\r\n");
        self.out.extend_from_slice(body);
    }

    /// Ends the message without a body.
    pub fn end(self) {
        self.out.extend_from_slice(b"Content-Length: 0\r\n\r\n");
    }

    /// Ends the message with a body whose headers, Content-Length among them, were printed already.
    pub fn end_copied(self, body: &[u8]) {
        self.out.extend_from_slice(b"\r\n");
        self.out.extend_from_slice(body);
    }

    fn line_of(&mut self, name: &str, value: impl FnOnce(&mut Vec<u8>)) -> &mut Self {
        token(self.out, name);
        self.out.extend_from_slice(b": ");
        value(self.out);
        self.out.extend_from_slice(b"\r\n");
        self
    }
}

fn put(out: &mut impl fmt::Write, value: impl Display) {
    write!(out, "{value}").expect("a Display of ours does not fail, and a Vec takes every byte");
}

fn token(out: &mut Vec<u8>, text: &str) {
    let from = out.len();
    out.extend_from_slice(text.as_bytes());
    if token_len(text.as_bytes()) < text.len() {
        out[from..].iter_mut().filter(|b| !is_token_byte(**b)).for_each(|b| *b = b'-');
    }
}

/// Appends text that stays within its line.
fn one_line(out: &mut Vec<u8>, text: &str) {
    let from = out.len();
    out.extend_from_slice(text.as_bytes());
    if memchr::memchr3(b'\r', b'\n', 0, text.as_bytes()).is_some() {
        out[from..].iter_mut().filter(|b| matches!(b, b'\r' | b'\n' | 0)).for_each(|b| *b = b' ');
    }
}

/// Text that stays within its line: line ends and NUL become spaces.
struct OneLine<'b>(&'b mut Vec<u8>);

impl fmt::Write for OneLine<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        one_line(self.0, text);
        Ok(())
    }
}

/// Text that stays one word: what would end it is escaped.
struct Escaped<'b>(&'b mut Vec<u8>);

impl fmt::Write for Escaped<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let is_cut = |b: &u8| (*b <= b' ') | (*b == 0x7f);
        if !text.as_bytes().iter().fold(false, |found, b| found | is_cut(b)) {
            self.0.extend_from_slice(text.as_bytes());
            return Ok(());
        }
        for b in text.bytes() {
            match b {
                b if is_cut(&b) => {
                    const HEX: &[u8; 16] = b"0123456789ABCDEF";
                    self.0.extend([b'%', HEX[usize::from(b >> 4)], HEX[usize::from(b & 15)]]);
                }
                _ => self.0.push(b),
            }
        }
        Ok(())
    }
}
