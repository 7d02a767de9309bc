//! Printing a new message into a buffer that is used again and again.

use std::fmt::{self, Display};

use crate::scan::is_token_byte;
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
        put(&mut OneLine(out), format_args!("{status:03} {reason}"));
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
        self.line(name.name(), value)
    }

    /// One header line of any name; what can't stand in a name becomes `-`.
    pub fn raw(&mut self, name: &str, value: &str) -> &mut Self {
        self.line(name, value)
    }

    /// One line of another message, byte for byte.
    pub fn copy(&mut self, line: Line<'_>) -> &mut Self {
        self.out.extend_from_slice(line.raw.as_bytes());
        self
    }

    /// Ends the message with a body.
    pub fn body(mut self, content_type: &str, body: &[u8]) {
        self.header(Header::ContentType, content_type);
        self.header(Header::ContentLength, body.len());
        self.out.extend_from_slice(b"\r\n");
        self.out.extend_from_slice(body);
    }

    /// Ends the message without a body.
    pub fn end(mut self) {
        self.header(Header::ContentLength, 0);
        self.out.extend_from_slice(b"\r\n");
    }

    /// Ends the message with a body whose headers, Content-Length among them, were printed already.
    pub fn end_copied(self, body: &[u8]) {
        self.out.extend_from_slice(b"\r\n");
        self.out.extend_from_slice(body);
    }

    fn line(&mut self, name: &str, value: impl Display) -> &mut Self {
        token(self.out, name);
        self.out.extend_from_slice(b": ");
        put(&mut OneLine(self.out), value);
        self.out.extend_from_slice(b"\r\n");
        self
    }
}

fn put(out: &mut impl fmt::Write, value: impl Display) {
    write!(out, "{value}").expect("a Display of ours does not fail, and a Vec takes every byte");
}

fn token(out: &mut Vec<u8>, text: &str) {
    out.extend(text.bytes().map(|b| if is_token_byte(b) { b } else { b'-' }));
}

/// Text that stays within its line: line ends and NUL become spaces.
struct OneLine<'b>(&'b mut Vec<u8>);

impl fmt::Write for OneLine<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let from = self.0.len();
        self.0.extend_from_slice(text.as_bytes());
        for b in &mut self.0[from..] {
            if matches!(b, b'\r' | b'\n' | 0) {
                *b = b' ';
            }
        }
        Ok(())
    }
}

/// Text that stays one word: what would end it is escaped.
struct Escaped<'b>(&'b mut Vec<u8>);

impl fmt::Write for Escaped<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for b in text.bytes() {
            match b {
                0..=b' ' | 0x7f => {
                    const HEX: &[u8; 16] = b"0123456789ABCDEF";
                    self.0.extend([b'%', HEX[usize::from(b >> 4)], HEX[usize::from(b & 15)]]);
                }
                _ => self.0.push(b),
            }
        }
        Ok(())
    }
}
