//! A description as it was read: every line in place, the telling ones understood.

use std::fmt;

use crate::address::names_an_address;
use crate::connection::{Connection, Origin};
use crate::direction::Direction;
use crate::line::{Line, attribute};

const BYTES_MAX: usize = 32 * 1024;
const LINES_MAX: usize = 1000;
const LINE_MAX: usize = 4096;
const MEDIA_MAX: usize = 16;
const FORMATS_MAX: usize = 64;
/// So many lines a session and a medium usually have.
const LINES_USUAL: usize = 8;
const PTIME_MAX: u16 = 400;

/// A description that could be understood. It is read, not edited: [`rewrite`](crate::rewrite) makes
/// a new one.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Session<'a> {
    pub origin: Origin<'a>,
    pub connection: Option<Connection<'a>>,
    pub direction: Option<Direction>,
    /// Lines before the first `m=`, in order.
    pub lines: Vec<Line<'a>>,
    pub media: Vec<Media<'a>>,
}

/// One `m=` line and what follows it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Media<'a> {
    pub kind: &'a str,
    /// 0 where the stream is refused or ended.
    pub port: u16,
    /// How many ports in a row; 1 where nothing is said.
    pub count: u16,
    pub protocol: &'a str,
    pub formats: Vec<&'a str>,
    /// Its own `c=`; see [`Session::connection_of`].
    pub connection: Option<Connection<'a>>,
    /// Its own direction; see [`Session::direction_of`].
    pub direction: Option<Direction>,
    /// The lines after the `m=` line, in order.
    pub lines: Vec<Line<'a>>,
    line: Line<'a>,
}

/// Why a text is no description, and at which line (from 1; 0 for the whole).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {what}")]
pub struct Error {
    pub what: &'static str,
    pub line: usize,
}

impl<'a> Session<'a> {
    /// Reads a description. Bare LF, a missing last line end and unknown lines are let pass.
    pub fn parse(text: &'a [u8]) -> Result<Self, Error> {
        let whole = |what| Error { what, line: 0 };
        if text.len() > BYTES_MAX {
            return Err(whole("longer than 32 KiB"));
        }
        let mut origin = None;
        let mut lines = Vec::with_capacity(LINES_USUAL);
        let mut media: Vec<Media<'a>> = Vec::with_capacity(1);

        for (at, raw) in text.split_inclusive(|byte| *byte == b'\n').enumerate() {
            let wrong = |what| Error { what, line: at + 1 };
            if at == LINES_MAX {
                return Err(wrong("more than 1000 lines"));
            }
            let line = line(raw).map_err(wrong)?;
            if at == 0 && (line.letter, line.value) != (b'v', b"0") {
                return Err(wrong("v=0 is missing"));
            }
            match line.letter {
                b'm' if media.len() == MEDIA_MAX => return Err(wrong("more than 16 media lines")),
                b'm' => media.push(Media::parse(line).map_err(wrong)?),
                b'o' if origin.is_none() && media.is_empty() => {
                    let parsed = line.text().and_then(Origin::parse);
                    origin = Some(parsed.ok_or(wrong("o= cannot be read"))?);
                    lines.push(line);
                }
                _ => media.last_mut().map_or(&mut lines, |media| &mut media.lines).push(line),
            }
        }

        let origin = origin.ok_or(whole("o= is missing"))?;
        let connection = connection(&lines)?;
        for media in &mut media {
            media.connection = self::connection(&media.lines)?;
            media.direction = direction(&media.lines);
            if media.port != 0 && media.connection.or(connection).is_none() {
                return Err(whole("a media line has no c="));
            }
        }
        Ok(Session { origin, connection, direction: direction(&lines), lines, media })
    }

    /// Appends the text as it was read, byte for byte.
    pub fn print(&self, out: &mut Vec<u8>) {
        self.all_lines().for_each(|line| out.extend_from_slice(line.raw));
    }

    /// Where the media of that line goes: its own `c=`, else the session's.
    pub fn connection_of(&self, media: &Media<'a>) -> Option<Connection<'a>> {
        media.connection.or(self.connection)
    }

    /// The direction of that line: its own, else the session's, else both ways.
    pub fn direction_of(&self, media: &Media<'a>) -> Direction {
        media.direction.or(self.direction).unwrap_or(Direction::SendRecv)
    }

    /// Whether the writer puts us on hold: it has streams, and wants to hear none of them.
    pub fn is_hold(&self) -> bool {
        let mut open = self.media.iter().filter(|media| media.port != 0).peekable();
        open.peek().is_some() && open.all(|media| self.is_held(media))
    }

    /// Whether the writer does not want to hear that stream: by direction, or by a zero address.
    pub fn is_held(&self, media: &Media<'a>) -> bool {
        self.is_nowhere(media) || !self.direction_of(media).receives()
    }

    pub(crate) fn all_lines(&self) -> impl Iterator<Item = &Line<'a>> {
        let of_media = self.media.iter().flat_map(|media| std::iter::once(&media.line).chain(&media.lines));
        self.lines.iter().chain(of_media)
    }
}

impl fmt::Display for Session<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.all_lines().try_for_each(|line| f.write_str(&String::from_utf8_lossy(line.raw)))
    }
}

impl<'a> Media<'a> {
    fn parse(line: Line<'a>) -> Result<Self, &'static str> {
        let text = line.text().ok_or("m= is not UTF-8")?;
        if names_an_address(text) {
            return Err("m= names an address");
        }
        let mut fields = text.split_ascii_whitespace();
        let kind = fields.next().ok_or("m= is empty")?;
        let ports = fields.next().ok_or("m= has no port")?;
        let protocol = fields.next().ok_or("m= has no protocol")?;
        let formats: Vec<_> = fields.take(FORMATS_MAX + 1).collect();
        if formats.is_empty() {
            return Err("m= has no format");
        }
        if formats.len() > FORMATS_MAX {
            return Err("m= has more than 64 formats");
        }
        let (port, count) = ports.split_once('/').unwrap_or((ports, "1"));
        Ok(Media {
            kind,
            port: port.parse().map_err(|_| "m= has no such port")?,
            count: count.parse().ok().filter(|count| *count > 0).ok_or("m= has no such number of ports")?,
            protocol,
            formats,
            connection: None,
            direction: None,
            lines: Vec::with_capacity(LINES_USUAL),
            line,
        })
    }

    /// Whether its formats are RTP payload types.
    pub fn is_rtp(&self) -> bool {
        self.protocol.split('/').any(|part| part == "RTP")
    }

    /// Whether its keys are carried in the description itself (RFC 4568).
    pub fn is_keyed_by_sdes(&self) -> bool {
        matches!(self.protocol, "RTP/SAVP" | "RTP/SAVPF")
    }

    /// Milliseconds in a packet, where a plausible number is given.
    pub fn ptime(&self) -> Option<u16> {
        let ms = attribute(&self.lines, "ptime")?.trim().parse().ok()?;
        (1..=PTIME_MAX).contains(&ms).then_some(ms)
    }

    /// The value of the first attribute of that name.
    pub fn attribute(&self, name: &str) -> Option<&'a str> {
        attribute(&self.lines, name)
    }
}

fn line(raw: &[u8]) -> Result<Line<'_>, &'static str> {
    let body = raw.strip_suffix(b"\n").unwrap_or(raw);
    let body = body.strip_suffix(b"\r").unwrap_or(body);
    if body.len() > LINE_MAX {
        return Err("longer than 4096 bytes");
    }
    // Without branches: the compiler looks at many bytes together.
    if body.iter().fold(false, |found, byte| found | (*byte == 0) | (*byte == b'\r')) {
        return Err("a NUL or a CR within the line");
    }
    match body {
        [] => Ok(Line { letter: 0, value: body, raw }),
        [letter, b'=', value @ ..] if letter.is_ascii_alphabetic() => {
            Ok(Line { letter: *letter, value, raw })
        }
        _ => Err("not of the form letter=value"),
    }
}

/// Of several `c=` lines, which only multicast needs, the first.
fn connection<'a>(lines: &[Line<'a>]) -> Result<Option<Connection<'a>>, Error> {
    let Some(line) = lines.iter().find(|line| line.letter == b'c') else { return Ok(None) };
    let parsed = line.text().and_then(Connection::parse);
    parsed.map(Some).ok_or(Error { what: "c= cannot be read", line: 0 })
}

fn direction(lines: &[Line<'_>]) -> Option<Direction> {
    let may_be = |line: &&Line<'_>| Direction::BEGINNINGS.iter().any(|four| line.value.starts_with(*four));
    lines.iter().filter(may_be).filter_map(Line::attribute).find_map(|(name, _)| Direction::parse(name))
}
