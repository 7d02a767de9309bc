//! What a reply repeats of its request, kept until the final answer.

use std::fmt::Write;

use sip_message::{Header, Line, Message, NameAddr, Salvaged, Via, Writer, reason_phrase};

use crate::flow::Flow;
use crate::request::{Reply, finish};

/// The methods that this house knows: what a 405 or an OPTIONS answer lists.
pub const ALLOW: &str =
    "INVITE, ACK, CANCEL, BYE, OPTIONS, PRACK, UPDATE, INFO, REFER, NOTIFY, SUBSCRIBE, PUBLISH";

/// The extensions that this house knows: what may be required of it, and what an OPTIONS answer lists.
pub const EXTENSIONS: [&str; 4] = ["100rel", "timer", "replaces", "norefersub"];

/// The lines of a request that its replies repeat, and our tag.
#[derive(Clone, Debug)]
pub struct Head {
    /// One line each, unfolded; Via with `received` and `rport`; To as it came.
    lines: Box<str>,
    tag: Tag,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Tag {
    /// The request came with one: it is in a dialog.
    Given,
    Unset,
    Ours(Box<str>),
}

impl Head {
    pub fn of(message: &Message<'_>, flow: Flow) -> Head {
        let tag = match message.to().tag() {
            Some(_) => Tag::Given,
            None => Tag::Unset,
        };
        Head::from_lines(message.lines(), tag, flow)
    }

    /// Of a request that could not be parsed: what can be found of it. A To that makes no sense gets no tag.
    pub fn of_salvaged(salvaged: &Salvaged<'_>, flow: Flow) -> Head {
        let tag = match salvaged.line(Header::To).map(NameAddr::parse) {
            Some(Ok(to)) if to.tag().is_none() => Tag::Unset,
            _ => Tag::Given,
        };
        Head::from_lines(salvaged.lines(), tag, flow)
    }

    fn from_lines<'a>(request: impl Iterator<Item = Line<'a>>, tag: Tag, flow: Flow) -> Head {
        let mut lines = String::with_capacity(512);
        let mut is_first_via = true;
        for line in request {
            match line.header {
                Header::Via => {
                    lines.push_str("Via: ");
                    if is_first_via {
                        stamp_via(&mut lines, line.value, flow);
                    } else {
                        unfold(&mut lines, line.value);
                    }
                    is_first_via = false;
                }
                Header::From | Header::To | Header::CallId | Header::CSeq | Header::RecordRoute => {
                    lines.push_str(line.header.name());
                    lines.push_str(": ");
                    unfold(&mut lines, line.value);
                }
                _ if line.name.eq_ignore_ascii_case("Timestamp") => {
                    lines.push_str("Timestamp: ");
                    unfold(&mut lines, line.value);
                }
                _ => continue,
            }
            lines.push('\n');
        }
        Head { lines: lines.into_boxed_str(), tag }
    }

    /// Whether replies still lack a To tag of ours.
    pub fn lacks_tag(&self) -> bool {
        self.tag == Tag::Unset
    }

    /// The port that the sender says it listens on.
    pub fn sent_by_port(&self) -> Option<u16> {
        let via = self.lines.lines().find_map(|line| line.strip_prefix("Via: "))?;
        let (top, _) = split_unquoted(via, b',');
        Via::parse(top.trim()).ok()?.port
    }

    /// Our tag, once a reply has borne it.
    pub fn own_tag(&self) -> Option<&str> {
        match &self.tag {
            Tag::Ours(tag) => Some(tag),
            Tag::Given | Tag::Unset => None,
        }
    }

    /// The tag that all replies of this transaction bear from here on.
    pub fn set_tag(&mut self, tag: &str) {
        if self.tag != Tag::Given {
            self.tag = Tag::Ours(tag.into());
        }
    }

    /// Writes a whole reply.
    pub fn write(&self, page: &mut Vec<u8>, server_header: &str, reply: &Reply<'_>) {
        page.clear();
        let status = reply.status;
        let mut writer = Writer::response(page, status, reply.reason.unwrap_or(reason_phrase(status)));
        for line in self.lines.lines() {
            let (name, value) = line.split_once(": ").unwrap_or((line, ""));
            match (name, &self.tag) {
                ("To", Tag::Ours(tag)) if status > 100 => {
                    writer.header(Header::To, format_args!("{value};tag={tag}"));
                }
                ("Record-Route", _) if !(101..300).contains(&status) => {}
                ("Timestamp", _) if status != 100 => {}
                _ => {
                    writer.raw(name, value);
                }
            }
        }
        if let Some(contact) = reply.contact {
            writer.raw("Contact", contact);
        }
        if status == 405 && !says(reply, "Allow") {
            writer.raw("Allow", ALLOW);
        }
        writer.raw("Server", server_header);
        finish(writer, reply.headers, reply.body);
    }
}

fn says(reply: &Reply<'_>, header: &str) -> bool {
    reply.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case(header))
}

/// Tells the sender in its own Via where it was heard (RFC 3581); done for everybody, NAT or not.
fn stamp_via(out: &mut String, value: &str, flow: Flow) {
    let (top, rest) = split_unquoted(value, b',');
    let mut left = top;
    let mut is_sent_by = true;
    while !left.is_empty() {
        let (piece, more) = split_unquoted(left, b';');
        left = more;
        let name = piece.split('=').next().unwrap_or_default().trim();
        if !is_sent_by {
            if name.is_empty() || name.eq_ignore_ascii_case("received") || name.eq_ignore_ascii_case("rport")
            {
                continue;
            }
            out.push(';');
        }
        is_sent_by = false;
        unfold(out, piece.trim());
    }
    let written = write!(out, ";received={};rport={}", flow.remote.ip().to_canonical(), flow.remote.port());
    written.expect("a String takes everything");
    if !rest.is_empty() {
        out.push_str(", ");
        unfold(out, rest.trim());
    }
}

/// Cuts at the first `mark` outside of quotes; without one, everything stands before it.
fn split_unquoted(text: &str, mark: u8) -> (&str, &str) {
    let mut is_quoted = false;
    let mut is_escaped = false;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if is_quoted => is_escaped = true,
            b'"' => is_quoted = !is_quoted,
            _ if byte == mark && !is_quoted => return (&text[..at], &text[at + 1..]),
            _ => {}
        }
    }
    (text, "")
}

/// Copies a value onto one line.
fn unfold(out: &mut String, value: &str) {
    let mut pieces = value.split(['\r', '\n']).map(str::trim).filter(|piece| !piece.is_empty());
    out.push_str(pieces.next().unwrap_or_default());
    for piece in pieces {
        out.push(' ');
        out.push_str(piece);
    }
}
