//! A parsed message: an index over borrowed bytes.

use std::fmt;

use crate::fields::{self, CSeq, MediaType, RAck};
use crate::limits::INDEXED_MAX;
use crate::lines::{self, Entry, Line, Values};
use crate::{Header, Method, NameAddr, ParseError, Start, Uri, Via, read};

/// One SIP message, borrowed from its bytes. Reading it allocates nothing.
#[derive(Clone)]
pub struct Message<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) head: &'a str,
    pub(crate) start: Start<'a>,
    pub(crate) uri: Option<Uri<'a>>,
    pub(crate) via: Via<'a>,
    pub(crate) from: NameAddr<'a>,
    pub(crate) to: NameAddr<'a>,
    pub(crate) call_id: &'a str,
    pub(crate) cseq: CSeq<'a>,
    pub(crate) count: u16,
    pub(crate) lines_at: u16,
    pub(crate) entries: [Entry; INDEXED_MAX],
}

impl<'a> Message<'a> {
    /// Reads one datagram, or one framed message; what follows the body is ignored, as are empty lines
    /// in front. Without Content-Length the body goes to the end.
    pub fn parse(bytes: &'a [u8]) -> Result<Message<'a>, ParseError> {
        read::message(bytes)
    }

    /// Exactly the bytes of this message.
    pub const fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The first line.
    pub const fn start(&self) -> Start<'a> {
        self.start
    }

    /// The first line as written, with its line end.
    pub fn start_line(&self) -> &'a str {
        &self.head[..usize::from(self.lines_at)]
    }

    /// Whether it asks; otherwise it answers.
    pub const fn is_request(&self) -> bool {
        matches!(self.start, Start::Request { .. })
    }

    /// The method of a request.
    pub const fn method(&self) -> Option<Method<'a>> {
        match self.start {
            Start::Request { method, .. } => Some(method),
            Start::Response { .. } => None,
        }
    }

    /// The Request-URI of a request, as written.
    pub const fn request_uri(&self) -> Option<&'a str> {
        match self.start {
            Start::Request { uri, .. } => Some(uri),
            Start::Response { .. } => None,
        }
    }

    /// The Request-URI of a request, read.
    pub const fn uri(&self) -> Option<Uri<'a>> {
        self.uri
    }

    /// The status of a response.
    pub const fn status(&self) -> Option<u16> {
        match self.start {
            Start::Request { .. } => None,
            Start::Response { status, .. } => Some(status),
        }
    }

    /// The body, which may be any bytes.
    pub fn body(&self) -> &'a [u8] {
        &self.bytes[self.head.len()..]
    }

    /// Every header line, in order.
    pub fn lines(&self) -> impl Iterator<Item = Line<'a>> + use<'_, 'a> {
        lines::lines(self.entries(), self.head, usize::from(self.lines_at))
    }

    /// Every header line as what it is and what it says, in order: its name as written costs one look more.
    pub fn fields(&self) -> impl Iterator<Item = (Header, &'a str)> + use<'_, 'a> {
        let head = self.head;
        self.entries().map(move |entry| (entry.header, entry.value(head)))
    }

    /// The value of the first line of a header.
    pub fn line(&self, header: Header) -> Option<&'a str> {
        self.lines_of(header).next()
    }

    /// The value of every line of a header, whole.
    pub fn lines_of(&self, header: Header) -> impl Iterator<Item = &'a str> + use<'_, 'a> {
        let head = self.head;
        self.entries().filter(move |entry| entry.header == header).map(move |entry| entry.value(head))
    }

    /// The value of the first line of this name, in any case; compact and long forms are one.
    pub fn named(&self, name: &str) -> Option<&'a str> {
        match Header::of(name) {
            Header::Other => {
                self.lines().find(|line| line.name.eq_ignore_ascii_case(name)).map(|line| line.value)
            }
            known => self.line(known),
        }
    }

    /// The comma-separated values of a header over all its lines.
    pub fn values(&self, header: Header) -> impl Iterator<Item = &'a str> + use<'_, 'a> {
        self.lines_of(header).flat_map(Values::of)
    }

    /// Whether a list such as Require, Supported or Allow has this token, in any case.
    pub fn has_token(&self, header: Header, token: &str) -> bool {
        self.values(header).any(|value| value.eq_ignore_ascii_case(token))
    }

    /// The topmost Via.
    pub const fn via(&self) -> Via<'a> {
        self.via
    }

    /// Every Via, topmost first.
    pub fn vias(&self) -> impl Iterator<Item = Result<Via<'a>, ParseError>> + use<'_, 'a> {
        self.values(Header::Via).map(Via::parse)
    }

    /// Who calls.
    pub const fn from(&self) -> NameAddr<'a> {
        self.from
    }

    /// Who is called.
    pub const fn to(&self) -> NameAddr<'a> {
        self.to
    }

    /// The Call-ID.
    pub const fn call_id(&self) -> &'a str {
        self.call_id
    }

    /// The CSeq; its method is that of the request line.
    pub const fn cseq(&self) -> CSeq<'a> {
        self.cseq
    }

    /// The first Contact.
    pub fn contact(&self) -> Option<Result<NameAddr<'a>, ParseError>> {
        self.contacts().next()
    }

    /// Every Contact.
    pub fn contacts(&self) -> impl Iterator<Item = Result<NameAddr<'a>, ParseError>> + use<'_, 'a> {
        self.addresses(Header::Contact)
    }

    /// Every Record-Route, topmost first.
    pub fn record_routes(&self) -> impl Iterator<Item = Result<NameAddr<'a>, ParseError>> + use<'_, 'a> {
        self.addresses(Header::RecordRoute)
    }

    /// Every Route, topmost first.
    pub fn routes(&self) -> impl Iterator<Item = Result<NameAddr<'a>, ParseError>> + use<'_, 'a> {
        self.addresses(Header::Route)
    }

    /// Every address of a header that lists addresses, such as P-Asserted-Identity or Diversion.
    pub fn addresses(
        &self,
        header: Header,
    ) -> impl Iterator<Item = Result<NameAddr<'a>, ParseError>> + use<'_, 'a> {
        self.values(header).map(move |value| NameAddr::parse(value).map_err(|error| error.within(header, 0)))
    }

    /// How many hops are left; at most 255.
    pub fn max_forwards(&self) -> Result<Option<u32>, ParseError> {
        match self.number(Header::MaxForwards)? {
            Some(256..) => Err(bad_number(Header::MaxForwards)),
            hops => Ok(hops),
        }
    }

    /// Expires, in seconds.
    pub fn expires(&self) -> Result<Option<u32>, ParseError> {
        self.number(Header::Expires)
    }

    /// Retry-After, in seconds.
    pub fn retry_after(&self) -> Result<Option<u32>, ParseError> {
        self.number(Header::RetryAfter)
    }

    /// The number a header starts with, such as Min-SE, Session-Expires, RSeq or Min-Expires.
    pub fn number(&self, header: Header) -> Result<Option<u32>, ParseError> {
        let number = self.line(header).map(fields::leading_number).transpose();
        number.map_err(|error| error.within(header, 0))
    }

    /// What a PRACK confirms.
    pub fn rack(&self) -> Option<Result<RAck<'a>, ParseError>> {
        let rack = self.line(Header::RAck).map(RAck::parse);
        rack.map(|rack| rack.map_err(|error| error.within(Header::RAck, 0)))
    }

    /// What the body is; `None` if it isn't said, or not in a way one can read.
    pub fn content_type(&self) -> Option<MediaType<'a>> {
        self.line(Header::ContentType).and_then(MediaType::parse)
    }

    fn entries(&self) -> impl Iterator<Item = Entry> + use<'_, 'a> {
        let indexed = &self.entries[..usize::from(self.count).min(INDEXED_MAX)];
        indexed.iter().copied().chain(self.beyond_index())
    }

    /// The lines that found no place in the index, scanned again.
    fn beyond_index(&self) -> impl Iterator<Item = Entry> + use<'a> {
        let left = usize::from(self.count).saturating_sub(INDEXED_MAX);
        let at = usize::from(self.entries[INDEXED_MAX - 1].end);
        lines::entries(self.head.as_bytes(), at).take(left)
    }
}

impl fmt::Debug for Message<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message").field("start", &self.start).field("call_id", &self.call_id).finish()
    }
}

fn bad_number(header: Header) -> ParseError {
    ParseError::new(crate::Fault::BadNumber, 0).within(header, 0)
}
