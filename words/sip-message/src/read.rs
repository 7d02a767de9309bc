//! Parsing a message: index every line, check what everybody relies on.

use crate::fields::CSeq;
use crate::limits::{self, INDEXED_MAX};
use crate::lines::{Entry, Next, next_line};
use crate::message::Message;
use crate::scan;
use crate::{Fault, Header, NameAddr, ParseError, Start, Uri, Via};

/// The first line of each header that may stand only once.
#[derive(Default)]
struct Singles {
    via: Option<Entry>,
    from: Option<Entry>,
    to: Option<Entry>,
    call_id: Option<Entry>,
    cseq: Option<Entry>,
    content_length: Option<Entry>,
    max_forwards: Option<Entry>,
}

pub(crate) fn message(datagram: &[u8]) -> Result<Message<'_>, ParseError> {
    let skipped = datagram.iter().take_while(|b| matches!(b, b'\r' | b'\n')).count();
    let bytes = &datagram[skipped..];
    if bytes.is_empty() {
        return Err(ParseError::new(Fault::Empty, 0));
    }
    if bytes.len() > limits::MESSAGE_MAX {
        return Err(ParseError::new(Fault::MessageTooLong, limits::MESSAGE_MAX));
    }
    parse(bytes).map_err(|error| ParseError { at: error.at + skipped, ..error })
}

fn parse(bytes: &[u8]) -> Result<Message<'_>, ParseError> {
    let first = memchr::memchr(b'\n', bytes).ok_or(ParseError::new(Fault::NoEndOfHeaders, bytes.len()))?;
    if first > limits::LINE_MAX {
        return Err(ParseError::new(Fault::LineTooLong, 0));
    }
    let mut entries = [Entry::EMPTY; INDEXED_MAX];
    let mut count = 0;
    let mut singles = Singles::default();
    let mut at = first + 1;
    let head_end = loop {
        match next_line(bytes, at)? {
            Next::End(end) => break end,
            Next::Line(entry) => {
                at = usize::from(entry.end);
                if count == limits::HEADERS_MAX {
                    return Err(ParseError::new(Fault::TooManyHeaders, at));
                }
                singles.note(bytes, entry)?;
                if let Some(slot) = entries.get_mut(count) {
                    *slot = entry;
                }
                count += 1;
            }
        }
    };
    let head = text(&bytes[..head_end])?;
    let start_line = head[..first].strip_suffix('\r').unwrap_or(&head[..first]);
    let start = Start::parse(start_line)?;
    let uri = request_uri(&start)?;
    let end = head_end + body_len(&singles, head, bytes.len() - head_end)?;
    let cseq = read_cseq(&singles, head, &start)?;
    Ok(Message {
        bytes: &bytes[..end],
        head,
        start,
        uri,
        via: read(singles.via, Header::Via, head, |value| Via::parse_first(value).map(|(via, _)| via))?,
        from: read(singles.from, Header::From, head, party)?,
        to: read(singles.to, Header::To, head, party)?,
        call_id: read(singles.call_id, Header::CallId, head, call_id)?,
        cseq,
        count: count as u16,
        lines_at: (first + 1) as u16,
        entries,
    })
}

impl Singles {
    /// Remembers the line if it is the first of its kind, and refuses a second that says something else.
    fn note(&mut self, bytes: &[u8], entry: Entry) -> Result<(), ParseError> {
        let place = match entry.header {
            Header::Via => {
                self.via.get_or_insert(entry);
                return Ok(());
            }
            Header::From => &mut self.from,
            Header::To => &mut self.to,
            Header::CallId => &mut self.call_id,
            Header::CSeq => &mut self.cseq,
            Header::ContentLength => &mut self.content_length,
            Header::MaxForwards => &mut self.max_forwards,
            _ => return Ok(()),
        };
        let value = |entry: &Entry| &bytes[usize::from(entry.value_at)..usize::from(entry.value_end)];
        match place {
            None => *place = Some(entry),
            Some(first) if value(first) == value(&entry) => {}
            Some(_) => {
                let error = ParseError::new(Fault::RepeatedHeader, usize::from(entry.at));
                return Err(error.within(entry.header, 0));
            }
        }
        Ok(())
    }
}

/// The header block as text: UTF-8, and control characters only where the grammar has them.
fn text(head: &[u8]) -> Result<&str, ParseError> {
    let text =
        std::str::from_utf8(head).map_err(|error| ParseError::new(Fault::NotUtf8, error.valid_up_to()))?;
    if !may_have_stray_control(head) {
        return Ok(text);
    }
    match first_stray_control(head) {
        Some(at) => Err(ParseError::new(Fault::ControlCharacter, at)),
        None => Ok(text),
    }
}

/// One pass without branches, so that the compiler makes vectors of it; true also for quoted pairs.
fn may_have_stray_control(head: &[u8]) -> bool {
    let behind = head.get(1..).unwrap_or_default();
    head.iter().zip(behind).fold(0u8, |found, (&b, &next)| {
        let line_end = (b == b'\n') | ((b == b'\r') & (next == b'\n'));
        let control = ((b < b' ') & (b != b'\t') & !line_end) | (b == 0x7f);
        found | u8::from(control)
    }) != 0
}

/// A control character that is neither tab, line end nor behind a backslash in a quoted pair.
fn first_stray_control(head: &[u8]) -> Option<usize> {
    let mut escaped = false;
    for (at, &b) in head.iter().enumerate() {
        let stray = match b {
            b'\t' | b'\n' => false,
            b'\r' => head.get(at + 1) != Some(&b'\n'),
            _ => (b < b' ' || b == 0x7f) && !escaped,
        };
        if stray {
            return Some(at);
        }
        escaped = b == b'\\' && !escaped;
    }
    None
}

/// The Request-URI, which must be a bare URI without headers (RFC 3261, 19.1.1).
fn request_uri<'a>(start: &Start<'a>) -> Result<Option<Uri<'a>>, ParseError> {
    let Start::Request { method, uri } = *start else { return Ok(None) };
    let base = method.as_str().len() + 1;
    let parsed = Uri::parse(uri).map_err(|error| ParseError { at: error.at + base, ..error })?;
    if parsed.headers().next().is_some() {
        return Err(ParseError::new(Fault::BadUri, base));
    }
    Ok(Some(parsed))
}

fn body_len(singles: &Singles, head: &str, present: usize) -> Result<usize, ParseError> {
    let Some(entry) = singles.content_length else { return Ok(present) };
    let error = |what| ParseError::new(what, usize::from(entry.value_at)).within(Header::ContentLength, 0);
    let said = scan::number(entry.value(head)).ok_or(error(Fault::BadContentLength))? as usize;
    if said > present {
        return Err(error(Fault::BodyCutShort));
    }
    Ok(said)
}

fn read_cseq<'a>(singles: &Singles, head: &'a str, start: &Start<'a>) -> Result<CSeq<'a>, ParseError> {
    let cseq = read(singles.cseq, Header::CSeq, head, CSeq::parse)?;
    match start {
        Start::Request { method, .. } if *method != cseq.method => {
            let at = singles.cseq.map_or(0, |entry| usize::from(entry.value_at));
            Err(ParseError::new(Fault::MethodMismatch, at).within(Header::CSeq, 0))
        }
        _ => Ok(cseq),
    }
}

fn read<'a, T>(
    entry: Option<Entry>,
    header: Header,
    head: &'a str,
    parse: impl FnOnce(&'a str) -> Result<T, ParseError>,
) -> Result<T, ParseError> {
    match entry {
        None => Err(ParseError::new(Fault::MissingHeader, head.len()).within(header, 0)),
        Some(entry) => {
            parse(entry.value(head)).map_err(|error| error.within(header, usize::from(entry.value_at)))
        }
    }
}

fn party(value: &str) -> Result<NameAddr<'_>, ParseError> {
    let address = NameAddr::parse(value)?;
    if address.is_star() {
        return Err(ParseError::new(Fault::BadAddress, 0));
    }
    Ok(address)
}

fn call_id(value: &str) -> Result<&str, ParseError> {
    if value.is_empty() || value.bytes().any(scan::is_lws) {
        return Err(ParseError::new(Fault::BadCallId, 0));
    }
    Ok(value)
}
