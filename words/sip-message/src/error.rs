//! Why a message, or a part of it, can't be read.

use std::fmt;

use crate::Header;

/// What is wrong, where, and in which header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ParseError {
    /// What is wrong.
    pub what: Fault,
    /// Byte offset: into the message for `Message::parse`, into the parsed text otherwise.
    pub at: usize,
    /// The header it is wrong in, if it is a header's fault.
    pub header: Option<Header>,
}

/// The ways in which text fails to be SIP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fault {
    /// No bytes besides line ends.
    Empty,
    /// More than `limits::MESSAGE_MAX` bytes.
    MessageTooLong,
    /// A line of more than `limits::LINE_MAX` bytes.
    LineTooLong,
    /// More than `limits::HEADERS_MAX` header lines.
    TooManyHeaders,
    /// More than `limits::PARAMS_MAX` parameters in one value.
    TooManyParams,
    /// A URI of more than `limits::URI_MAX` bytes.
    UriTooLong,
    /// The headers don't end with an empty line.
    NoEndOfHeaders,
    /// The headers aren't UTF-8.
    NotUtf8,
    /// A control character outside a quoted pair.
    ControlCharacter,
    /// A start line that is neither request line nor status line.
    BadStartLine,
    /// A SIP version other than 2.0.
    BadVersion,
    /// A status code outside 100–699, or not of three digits.
    BadStatus,
    /// A header name that isn't a token followed by a colon.
    BadHeaderName,
    /// A header every message needs is missing.
    MissingHeader,
    /// A header that may stand once stands twice, with different values.
    RepeatedHeader,
    /// A CSeq that isn't a number below 2^31 and a method.
    BadCSeq,
    /// The CSeq names another method than the request line.
    MethodMismatch,
    /// An empty Call-ID, or one with spaces.
    BadCallId,
    /// A Content-Length that isn't a number.
    BadContentLength,
    /// Fewer body bytes than Content-Length says.
    BodyCutShort,
    /// A Via that isn't protocol, sent-by and parameters.
    BadVia,
    /// An address that is neither a name with `<URI>` nor a bare URI.
    BadAddress,
    /// A quoted string that doesn't end.
    UnclosedQuote,
    /// A URI that doesn't follow its scheme's grammar.
    BadUri,
    /// A host that is neither a name, nor an IPv4 address, nor an IPv6 address in brackets.
    BadHost,
    /// A port that isn't a number from 1 to 65535.
    BadPort,
    /// An empty or malformed parameter.
    BadParam,
    /// A number that isn't one, or is too large.
    BadNumber,
}

impl ParseError {
    pub(crate) const fn new(what: Fault, at: usize) -> Self {
        ParseError { what, at, header: None }
    }

    /// The same fault, found in `header` whose value starts at `base`.
    pub(crate) const fn within(mut self, header: Header, base: usize) -> Self {
        self.header = Some(header);
        self.at += base;
        self
    }

    /// The status with which a request of this kind is answered.
    pub const fn status(&self) -> u16 {
        match self.what {
            Fault::BadVersion => 505,
            Fault::MessageTooLong | Fault::LineTooLong | Fault::TooManyHeaders => 513,
            Fault::UriTooLong => 414,
            _ => 400,
        }
    }
}

impl Fault {
    /// The fault in words, fit for a reason phrase.
    pub const fn words(self) -> &'static str {
        match self {
            Fault::Empty => "empty message",
            Fault::MessageTooLong => "message too long",
            Fault::LineTooLong => "line too long",
            Fault::TooManyHeaders => "too many header lines",
            Fault::TooManyParams => "too many parameters",
            Fault::UriTooLong => "URI too long",
            Fault::NoEndOfHeaders => "headers without end",
            Fault::NotUtf8 => "headers are not UTF-8",
            Fault::ControlCharacter => "control character",
            Fault::BadStartLine => "malformed start line",
            Fault::BadVersion => "SIP version not supported",
            Fault::BadStatus => "malformed status code",
            Fault::BadHeaderName => "malformed header name",
            Fault::MissingHeader => "missing header",
            Fault::RepeatedHeader => "header repeated with another value",
            Fault::BadCSeq => "malformed CSeq",
            Fault::MethodMismatch => "CSeq names another method",
            Fault::BadCallId => "malformed Call-ID",
            Fault::BadContentLength => "malformed Content-Length",
            Fault::BodyCutShort => "body shorter than Content-Length",
            Fault::BadVia => "malformed Via",
            Fault::BadAddress => "malformed address",
            Fault::UnclosedQuote => "unclosed quote",
            Fault::BadUri => "malformed URI",
            Fault::BadHost => "malformed host",
            Fault::BadPort => "malformed port",
            Fault::BadParam => "malformed parameter",
            Fault::BadNumber => "malformed number",
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.words())
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.header {
            Some(header) => write!(f, "{} ({}, byte {})", self.what, header.name(), self.at),
            None => write!(f, "{} (byte {})", self.what, self.at),
        }
    }
}

impl std::error::Error for ParseError {}
