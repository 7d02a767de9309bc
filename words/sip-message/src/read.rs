//! Parsing a message: index every line, check what everybody relies on.

use crate::fields::CSeq;
use crate::limits::{self, INDEXED_MAX};
use crate::lines::{self, Entry, Next, next_line};
use crate::message::Message;
use crate::scan;
use crate::{Fault, Header, NameAddr, ParseError, Start, Uri, Via};

/// The first line of each header that may stand only once, and of Via.
struct Singles([Entry; Header::ContentLength as usize + 1]);

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
    let first = lines::feed(bytes, 0)?;
    if first.end > limits::LINE_MAX + 1 {
        return Err(ParseError::new(Fault::LineTooLong, 0));
    }
    let mut entries = [Entry::EMPTY; INDEXED_MAX];
    let mut count = 0;
    let mut singles = Singles([Entry::EMPTY; _]);
    let mut has_control = first.has_control;
    let mut at = first.end;
    let head_end = loop {
        match next_line(bytes, at)? {
            Next::End(end) => break end,
            Next::Line(entry) => {
                if count == limits::HEADERS_MAX {
                    return Err(ParseError::new(Fault::TooManyHeaders, usize::from(entry.end)));
                }
                singles.note(bytes, at, entry)?;
                has_control |= entry.has_control;
                if let Some(slot) = entries.get_mut(count) {
                    *slot = entry;
                }
                count += 1;
                at = usize::from(entry.end);
            }
        }
    };
    let head = text(&bytes[..head_end])?;
    if has_control && let Some(at) = first_stray_control(head.as_bytes()) {
        return Err(ParseError::new(Fault::ControlCharacter, at));
    }
    let start = Start::parse(&head[..first.text_end])?;
    let uri = request_uri(&start)?;
    let end = head_end + body_len(&singles, head, bytes.len() - head_end)?;
    let cseq = read_cseq(&singles, head, &start)?;
    Ok(Message {
        bytes: &bytes[..end],
        head,
        start,
        uri,
        via: read(&singles, Header::Via, head, |value| Via::parse_first(value).map(|(via, _)| via))?,
        from: read(&singles, Header::From, head, party)?,
        to: read(&singles, Header::To, head, party)?,
        call_id: read(&singles, Header::CallId, head, call_id)?,
        cseq,
        count: count as u16,
        lines_at: first.end as u16,
        entries,
    })
}

impl Singles {
    /// Remembers the line if it is the first of its kind, and refuses a second that says something else.
    #[inline]
    fn note(&mut self, bytes: &[u8], at: usize, entry: Entry) -> Result<(), ParseError> {
        let Some(first) = self.0.get_mut(entry.header as usize) else { return Ok(()) };
        if first.is_empty() {
            *first = entry;
            return Ok(());
        }
        let value = |entry: &Entry| &bytes[usize::from(entry.value_at)..usize::from(entry.value_end)];
        if entry.header != Header::Via && value(first) != value(&entry) {
            return Err(ParseError::new(Fault::RepeatedHeader, at).within(entry.header, 0));
        }
        Ok(())
    }

    fn get(&self, header: Header) -> Option<&Entry> {
        self.0.get(header as usize).filter(|entry| !entry.is_empty())
    }
}

fn text(head: &[u8]) -> Result<&str, ParseError> {
    std::str::from_utf8(head).map_err(|error| ParseError::new(Fault::NotUtf8, error.valid_up_to()))
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
    if parsed.has_headers() {
        return Err(ParseError::new(Fault::BadUri, base));
    }
    Ok(Some(parsed))
}

fn body_len(singles: &Singles, head: &str, present: usize) -> Result<usize, ParseError> {
    let Some(entry) = singles.get(Header::ContentLength) else { return Ok(present) };
    let error = |what| ParseError::new(what, usize::from(entry.value_at)).within(Header::ContentLength, 0);
    let said = scan::number(entry.value(head)).ok_or(error(Fault::BadContentLength))? as usize;
    if said > present {
        return Err(error(Fault::BodyCutShort));
    }
    Ok(said)
}

fn read_cseq<'a>(singles: &Singles, head: &'a str, start: &Start<'a>) -> Result<CSeq<'a>, ParseError> {
    let cseq = read(singles, Header::CSeq, head, CSeq::parse)?;
    match start {
        Start::Request { method, .. } if *method != cseq.method => {
            let at = singles.get(Header::CSeq).map_or(0, |entry| usize::from(entry.value_at));
            Err(ParseError::new(Fault::MethodMismatch, at).within(Header::CSeq, 0))
        }
        _ => Ok(cseq),
    }
}

fn read<'a, T>(
    singles: &Singles,
    header: Header,
    head: &'a str,
    parse: impl FnOnce(&'a str) -> Result<T, ParseError>,
) -> Result<T, ParseError> {
    match singles.get(header) {
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
    if value.is_empty() || scan::has_any(value, |b| b <= b' ') && value.bytes().any(scan::is_lws) {
        return Err(ParseError::new(Fault::BadCallId, 0));
    }
    Ok(value)
}
