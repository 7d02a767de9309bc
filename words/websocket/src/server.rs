//! One connection as the server sees it: a handshake, then messages, then a goodbye.

use memchr::memmem;

use crate::frame::{self, Head, Kind, NOT_UTF8, PROTOCOL_ERROR, Part, TOO_BIG};
use crate::handshake::{self, Door, Given, Refusal};
use crate::origin::Origins;
use crate::pages::Pages;

/// A handshake has so many bytes at most.
const HANDSHAKE_MAX: usize = 8 * 1024;

/// Reads what a client sends.
#[derive(Debug)]
pub struct Server {
    door: Door,
    message_max: usize,
    stage: Stage,
    buffer: Vec<u8>,
    start: usize,
    /// The parts of a message that has not ended yet.
    parts: Vec<u8>,
    /// What the message is that they are parts of.
    begun: Option<Kind>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Handshake,
    Open,
    Over,
}

/// Something that came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Came<'a> {
    Message(&'a [u8]),
    /// Nothing to read: the far end is there.
    Life,
    /// It asked for a page, has it now, and may ask for others.
    Page,
}

/// Why nothing more comes. What has to be said about it stands in the answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    Refused(Refusal),
    /// The far end said goodbye.
    Closed,
    /// It broke the protocol; the code is that of RFC 6455 7.4.1.
    Broken(u16),
}

/// What was cut out of the buffer.
enum Cut {
    /// A message that came whole.
    Whole {
        from: usize,
        to: usize,
    },
    /// One that came in parts.
    Gathered,
    Life,
    Page,
    NotYet,
}

impl Server {
    /// A message may have so many bytes.
    pub fn new(origins: Origins, message_max: usize) -> Server {
        Server::with_pages(origins, Pages::default(), message_max)
    }

    /// The same, and who asks for a page gets it.
    pub fn with_pages(origins: Origins, pages: Pages, message_max: usize) -> Server {
        Server {
            door: Door { origins, pages },
            message_max,
            stage: Stage::Handshake,
            buffer: Vec::new(),
            start: 0,
            parts: Vec::new(),
            begun: None,
        }
    }

    /// Whether the handshake is done and nobody has said goodbye.
    pub fn is_open(&self) -> bool {
        self.stage == Stage::Open
    }

    /// Adds what has arrived. Call `next` until it gives nothing before adding more.
    pub fn feed(&mut self, bytes: &[u8]) {
        if self.start > 0 {
            self.buffer.drain(..self.start);
            self.start = 0;
        }
        if self.stage != Stage::Over {
            self.buffer.extend_from_slice(bytes);
        }
    }

    /// What came next. What the far end has to be told for it is added to `out`.
    pub fn next(&mut self, out: &mut Vec<u8>) -> Option<Result<Came<'_>, End>> {
        let cut = match self.stage {
            Stage::Handshake => self.shake_hands(out),
            Stage::Open => self.cut(out),
            Stage::Over => return None,
        };
        match cut {
            Ok(Cut::NotYet) => None,
            Ok(Cut::Life) => Some(Ok(Came::Life)),
            Ok(Cut::Page) => Some(Ok(Came::Page)),
            Ok(Cut::Whole { from, to }) => Some(Ok(Came::Message(&self.buffer[from..to]))),
            Ok(Cut::Gathered) => Some(Ok(Came::Message(&self.parts))),
            Err(end) => {
                self.stage = Stage::Over;
                match end {
                    End::Refused(refusal) => refusal.write(out),
                    End::Broken(code) => frame::put_close(out, code),
                    End::Closed => {}
                }
                Some(Err(end))
            }
        }
    }

    fn shake_hands(&mut self, out: &mut Vec<u8>) -> Result<Cut, End> {
        let came = &self.buffer[self.start..];
        let end = memmem::find(came, b"\r\n\r\n").map(|at| at + 4);
        match end {
            Some(end) if end <= HANDSHAKE_MAX => {
                let given = handshake::answer(&came[..end], &self.door, out).map_err(End::Refused)?;
                self.start += end;
                match given {
                    Given::Page => Ok(Cut::Page),
                    Given::WebSocket => {
                        self.stage = Stage::Open;
                        Ok(Cut::Life)
                    }
                }
            }
            None if came.len() <= HANDSHAKE_MAX => Ok(Cut::NotYet),
            _ => Err(End::Refused(Refusal::TooLong)),
        }
    }

    fn cut(&mut self, out: &mut Vec<u8>) -> Result<Cut, End> {
        if self.begun.is_none() {
            self.parts.clear();
        }
        let room = self.message_max.saturating_sub(self.parts.len()).max(CONTROL_MAX);
        let head = Head::read(&self.buffer[self.start..], room).map_err(End::Broken)?;
        let Some(head) = head else { return Ok(Cut::NotYet) };
        let from = self.start + head.size;
        let to = from + head.payload;
        if self.buffer.len() < to {
            return Ok(Cut::NotYet);
        }
        self.start = to;
        frame::unmask(&mut self.buffer[from..to], head.mask);
        match head.kind {
            Kind::Ping => frame::put(out, Kind::Pong, &self.buffer[from..to]),
            Kind::Pong => {}
            Kind::Close => return Err(goodbye(&self.buffer[from..to], out)),
            Kind::Text | Kind::Binary | Kind::More => return self.take(head, (from, to)),
        }
        Ok(Cut::Life)
    }

    /// A frame of a message.
    fn take(&mut self, head: Head, (from, to): (usize, usize)) -> Result<Cut, End> {
        let kind = match (self.begun, head.kind) {
            (Some(begun), Kind::More) => begun,
            (None, kind @ (Kind::Text | Kind::Binary)) => kind,
            _ => return Err(End::Broken(PROTOCOL_ERROR)),
        };
        let came = &self.buffer[from..to];
        if self.parts.len() + came.len() > self.message_max {
            return Err(End::Broken(TOO_BIG));
        }
        if self.begun.is_none() && head.part == Part::Last {
            check(kind, came)?;
            return Ok(Cut::Whole { from, to });
        }
        self.parts.extend_from_slice(came);
        self.begun = Some(kind).filter(|_| head.part == Part::Earlier);
        match self.begun {
            Some(_) => Ok(Cut::Life),
            None => check(kind, &self.parts).map(|()| Cut::Gathered),
        }
    }
}

/// What a control frame may have is always let in: it is no part of a message.
const CONTROL_MAX: usize = 125;

fn check(kind: Kind, message: &[u8]) -> Result<(), End> {
    match kind == Kind::Text && std::str::from_utf8(message).is_err() {
        true => Err(End::Broken(NOT_UTF8)),
        false => Ok(()),
    }
}

/// A goodbye is returned as it came.
fn goodbye(payload: &[u8], out: &mut Vec<u8>) -> End {
    match payload {
        [] => frame::put(out, Kind::Close, b""),
        [high, low, ..] if is_code(u16::from_be_bytes([*high, *low])) => {
            frame::put(out, Kind::Close, &payload[..2]);
        }
        _ => return End::Broken(PROTOCOL_ERROR),
    }
    End::Closed
}

/// Whether a code may stand in a goodbye (RFC 6455 7.4).
fn is_code(code: u16) -> bool {
    matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999)
}
