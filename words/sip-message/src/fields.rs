//! Small header values: sequence numbers, media types, numbers.

use crate::scan::{Cursor, trim};
use crate::{Fault, Method, Params, ParseError, limits};

/// Which request of a dialog this is, or answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CSeq<'a> {
    /// Below 2^31.
    pub number: u32,
    /// The method of the request.
    pub method: Method<'a>,
}

/// Which reliable provisional response a PRACK confirms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RAck<'a> {
    /// The RSeq of the response.
    pub response: u32,
    /// The CSeq of the response.
    pub cseq: CSeq<'a>,
}

/// What a body is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MediaType<'a> {
    /// `application`, `text`, `multipart` …
    pub kind: &'a str,
    /// `sdp`, `plain`, `mixed` …
    pub subtype: &'a str,
    /// The parameters, such as `boundary`.
    pub params: Params<'a>,
}

impl<'a> CSeq<'a> {
    /// Reads a CSeq value, all of `text`.
    pub fn parse(text: &'a str) -> Result<Self, ParseError> {
        Self::read(Cursor::new(text))
    }

    fn read(mut cursor: Cursor<'a>) -> Result<Self, ParseError> {
        let error = ParseError::new(Fault::BadCSeq, cursor.at());
        let number = cursor.number().ok_or(error)?;
        let gap = cursor.at();
        cursor.lws();
        let spaced = cursor.at() > gap;
        let method = cursor.token();
        if number >= limits::CSEQ_END || !spaced || method.is_empty() || !cursor.is_done() {
            return Err(error);
        }
        Ok(CSeq { number, method: Method::of(method) })
    }
}

impl<'a> RAck<'a> {
    /// Reads a RAck value, all of `text`.
    pub fn parse(text: &'a str) -> Result<Self, ParseError> {
        let mut cursor = Cursor::new(text);
        let response = cursor.number().ok_or(ParseError::new(Fault::BadNumber, 0))?;
        cursor.lws();
        Ok(RAck { response, cseq: CSeq::read(cursor)? })
    }
}

impl<'a> MediaType<'a> {
    /// Reads a media type with its parameters.
    pub fn parse(text: &'a str) -> Option<Self> {
        let mut cursor = Cursor::new(text);
        let kind = cursor.token();
        let slash = cursor.eat_spaced(b'/');
        let subtype = cursor.token();
        if kind.is_empty() || !slash || subtype.is_empty() {
            return None;
        }
        let (params, end) = Params::parse(cursor.rest()).ok()?;
        (end == cursor.rest().len()).then_some(MediaType { kind, subtype, params })
    }

    /// Whether it is this type, in any case.
    pub fn is(&self, kind: &str, subtype: &str) -> bool {
        self.kind.eq_ignore_ascii_case(kind) && self.subtype.eq_ignore_ascii_case(subtype)
    }
}

/// The number at the start of `text`, before parameters or a comment.
pub(crate) fn leading_number(text: &str) -> Result<u32, ParseError> {
    let mut cursor = Cursor::new(text);
    let value = cursor.number().ok_or(ParseError::new(Fault::BadNumber, 0))?;
    let behind = trim(cursor.rest());
    match behind.as_bytes().first() {
        None | Some(b';' | b'(') => Ok(value),
        Some(_) => Err(ParseError::new(Fault::BadNumber, cursor.at())),
    }
}
