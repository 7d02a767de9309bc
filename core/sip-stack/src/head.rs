//! What a reply repeats of its request, kept until the final answer.

use sip_message::{
    Digits, Header, Message, NameAddr, Salvaged, SessionId, Via, Writer, push_address, reason_phrase,
};

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
    /// Whole lines as they are written, unfolded; Via with `received` and `rport`; To as it came.
    lines: Box<str>,
    tag: Tag,
    /// What replies say of the session's two ends: the request's words turned round, until told otherwise.
    session: Option<Box<SessionId>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Tag {
    /// The request came with one: it is in a dialog.
    Given,
    Unset,
    Ours(Box<str>),
}

impl Head {
    /// `page` is written on and left as it comes.
    pub fn of(message: &Message<'_>, flow: Flow, page: &mut String) -> Head {
        let tag = match message.to().tag() {
            Some(_) => Tag::Given,
            None => Tag::Unset,
        };
        Head::from_fields(message.fields(), tag, flow, page)
    }

    /// Of a request that could not be parsed: what can be found of it. A To that makes no sense gets no tag.
    pub fn of_salvaged(salvaged: &Salvaged<'_>, flow: Flow, page: &mut String) -> Head {
        let tag = match salvaged.line(Header::To).map(NameAddr::parse) {
            Some(Ok(to)) if to.tag().is_none() => Tag::Unset,
            _ => Tag::Given,
        };
        let fields = salvaged.lines().map(|line| (line.header, line.value));
        Head::from_fields(fields, tag, flow, page)
    }

    fn from_fields<'a>(
        request: impl Iterator<Item = (Header, &'a str)>,
        tag: Tag,
        flow: Flow,
        lines: &mut String,
    ) -> Head {
        lines.clear();
        let mut is_first_via = true;
        let mut session = None;
        for (header, value) in request {
            if header == Header::SessionId {
                session = SessionId::parse(value).map(|said| Box::new(said.back()));
            }
            let (Header::Via
            | Header::From
            | Header::To
            | Header::CallId
            | Header::CSeq
            | Header::RecordRoute
            | Header::Timestamp) = header
            else {
                continue;
            };
            lines.push_str(header.name());
            lines.push_str(": ");
            match header {
                Header::Via if is_first_via => {
                    is_first_via = false;
                    stamp_via(lines, value, flow);
                }
                _ => unfold(lines, value),
            }
            lines.push_str("\r\n");
        }
        if memchr::memchr(0, lines.as_bytes()).is_some() {
            *lines = lines.replace('\0', " ");
        }
        Head { lines: lines.as_str().into(), tag, session }
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

    /// What replies say of the session's two ends from now on.
    pub fn set_session(&mut self, session: Option<SessionId>) {
        self.session = session.map(Box::new);
    }

    /// Writes a whole reply, with the tag that it names or else with ours.
    pub fn write(&self, page: &mut Vec<u8>, server_header: &str, reply: &Reply<'_>) {
        page.clear();
        let status = reply.status;
        let tag = match &self.tag {
            Tag::Given => None,
            Tag::Unset => reply.to_tag,
            Tag::Ours(own) => reply.to_tag.or(Some(own)),
        };
        let mut writer = Writer::response(page, status, reply.reason.unwrap_or(reason_phrase(status)));
        let mut rest = &*self.lines;
        while let Some(at) = memchr::memchr(b'\n', rest.as_bytes()) {
            let (line, behind) = rest.split_at(at + 1);
            rest = behind;
            match (line.as_bytes(), tag) {
                ([b'T', b'o', b':', ..], Some(tag)) if status > 100 => {
                    writer.pieces("To", &[line["To:".len()..].trim(), ";tag=", tag]);
                }
                ([b'R', ..], _) if !(101..300).contains(&status) => {}
                ([b'T', b'i', ..], _) if status != 100 => {}
                _ => {
                    writer.whole(line);
                }
            }
        }
        if let Some(contact) = reply.contact {
            writer.raw("Contact", contact);
        }
        if status == 405 && !says(reply, "Allow") {
            writer.raw("Allow", ALLOW);
        }
        if let Some(session) = self.session.as_ref().filter(|session| session.says_anything()) {
            writer.raw("Session-ID", session.letters().text());
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
    let is_plain = memchr::memchr3(b'"', b'\r', b'\n', value.as_bytes()).is_none();
    let cut = |text, mark| if is_plain { split_at(text, mark) } else { split_unquoted(text, mark) };
    let (top, rest) = cut(value, b',');
    let mut left = top;
    let mut is_sent_by = true;
    while !left.is_empty() {
        let (piece, more) = cut(left, b';');
        left = more;
        let piece = piece.trim_ascii();
        if !is_sent_by {
            if says_where(piece) {
                continue;
            }
            out.push(';');
        }
        is_sent_by = false;
        if is_plain { out.push_str(piece) } else { unfold(out, piece) }
    }
    out.push_str(";received=");
    push_address(out, flow.remote.ip().to_canonical());
    out.push_str(";rport=");
    Digits::of(flow.remote.port().into()).push_to(out);
    if !rest.is_empty() {
        out.push_str(", ");
        unfold(out, rest.trim());
    }
}

/// Whether a parameter is of those that we write ourselves, or none.
fn says_where(piece: &str) -> bool {
    if !matches!(piece.as_bytes(), [] | [b'=' | b'r' | b'R', ..]) {
        return false;
    }
    let name = split_at(piece, b'=').0.trim_ascii_end();
    name.is_empty() || name.eq_ignore_ascii_case("received") || name.eq_ignore_ascii_case("rport")
}

/// Cuts at the first `mark`; without one, everything stands before it.
fn split_at(text: &str, mark: u8) -> (&str, &str) {
    memchr::memchr(mark, text.as_bytes()).map_or((text, ""), |at| (&text[..at], &text[at + 1..]))
}

/// The same outside of quotes.
fn split_unquoted(text: &str, mark: u8) -> (&str, &str) {
    let is_plain = memchr::memchr(b'"', text.as_bytes()).is_none();
    if is_plain {
        return split_at(text, mark);
    }
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
    if memchr::memchr2(b'\r', b'\n', value.as_bytes()).is_none() {
        return out.push_str(value.trim_ascii());
    }
    let mut pieces = value.split(['\r', '\n']).map(str::trim).filter(|piece| !piece.is_empty());
    out.push_str(pieces.next().unwrap_or_default());
    for piece in pieces {
        out.push(' ');
        out.push_str(piece);
    }
}
