//! Cuts a stream into messages (RFC 3261 18.3), wherever the network cut it before.

use memchr::memmem;
use sip_message::limits::MESSAGE_MAX;

/// Takes what a connection delivers and gives back whole messages.
#[derive(Debug, Default)]
pub struct Framer {
    buffer: Vec<u8>,
    start: usize,
    /// How far the end of the header block has been looked for already.
    looked: usize,
}

/// One thing cut out of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Frame<'a> {
    Message(&'a [u8]),
    /// The far end asks whether we are there: to be answered with `PONG` (RFC 5626 4.4.1).
    Ping,
}

/// The answer to a ping.
pub const PONG: &[u8] = b"\r\n";

/// The place of the next message is lost; the connection has to be closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameFault {
    TooLong,
    NoLength,
    BadLength,
    TwoLengths,
}

enum Cut {
    Message { end: usize },
    Ping,
    NotYet,
}

impl Framer {
    pub fn new() -> Framer {
        Framer::default()
    }

    /// Adds what has arrived. Call `next` until it gives nothing before adding more.
    pub fn feed(&mut self, bytes: &[u8]) {
        if self.start > 0 {
            self.buffer.drain(..self.start);
            self.looked -= self.start.min(self.looked);
            self.start = 0;
        }
        self.buffer.extend_from_slice(bytes);
    }

    /// The next whole message, or what is wrong with it. After a fault nothing more is to be had.
    #[allow(clippy::should_implement_trait)]
    pub fn next(&mut self) -> Option<Result<Frame<'_>, FrameFault>> {
        match self.cut() {
            Ok(Cut::NotYet) => {
                if self.start == self.buffer.len() {
                    self.buffer.clear();
                    (self.start, self.looked) = (0, 0);
                }
                None
            }
            Ok(Cut::Ping) => Some(Ok(Frame::Ping)),
            Ok(Cut::Message { end }) => {
                let message = self.start..end;
                self.start = end;
                self.looked = end;
                Some(Ok(Frame::Message(&self.buffer[message])))
            }
            Err(fault) => Some(Err(fault)),
        }
    }

    /// Whether nothing is half received.
    pub fn is_empty(&self) -> bool {
        self.start == self.buffer.len()
    }

    fn cut(&mut self) -> Result<Cut, FrameFault> {
        loop {
            match &self.buffer[self.start..] {
                [b'\r', b'\n', b'\r', b'\n', ..] => {
                    self.start += 4;
                    return Ok(Cut::Ping);
                }
                [] | [b'\r'] | [b'\r', b'\n'] | [b'\r', b'\n', b'\r'] => return Ok(Cut::NotYet),
                [b'\r' | b'\n', ..] => self.start += 1,
                _ => break,
            }
        }
        let from = self.looked.max(self.start);
        let Some(found) = memmem::find(&self.buffer[from..], b"\r\n\r\n") else {
            self.looked = self.buffer.len().saturating_sub(3).max(self.start);
            return match self.buffer.len() - self.start > MESSAGE_MAX {
                true => Err(FrameFault::TooLong),
                false => Ok(Cut::NotYet),
            };
        };
        let head_end = from + found + 4;
        self.looked = from + found;
        let length = content_length(&self.buffer[self.start..head_end])?;
        let end = head_end.saturating_add(length);
        match () {
            () if end - self.start > MESSAGE_MAX => Err(FrameFault::TooLong),
            () if end > self.buffer.len() => Ok(Cut::NotYet),
            () => Ok(Cut::Message { end }),
        }
    }
}

/// The one length that all Content-Length lines agree on.
fn content_length(head: &[u8]) -> Result<usize, FrameFault> {
    let mut length = None;
    for line in head.split(|byte| *byte == b'\n').skip(1) {
        let Some(colon) = memchr::memchr(b':', line) else { continue };
        let name = line[..colon].trim_ascii();
        if !name.eq_ignore_ascii_case(b"content-length") && !name.eq_ignore_ascii_case(b"l") {
            continue;
        }
        let digits = line[colon + 1..].trim_ascii();
        if digits.is_empty() || digits.len() > 9 || !digits.iter().all(u8::is_ascii_digit) {
            return Err(FrameFault::BadLength);
        }
        let value = digits.iter().fold(0, |sum, digit| sum * 10 + usize::from(digit - b'0'));
        match length {
            Some(other) if other != value => return Err(FrameFault::TwoLengths),
            _ => length = Some(value),
        }
    }
    length.ok_or(FrameFault::NoLength)
}
