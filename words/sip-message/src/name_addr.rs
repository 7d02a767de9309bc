//! Addresses: `"Name" <uri>;params`, or a bare URI.

use std::borrow::Cow;

use crate::scan::{self, Cursor, trim};
use crate::{Fault, Params, ParseError, Uri, unquote};

/// An address as in From, To, Contact, Route and their like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NameAddr<'a> {
    /// The display name as written, quotes included; empty if there is none.
    pub raw_display: &'a str,
    /// The URI's text; `*` for a Contact that stands for all.
    pub uri: &'a str,
    /// The header parameters, behind the URI.
    pub params: Params<'a>,
}

impl<'a> NameAddr<'a> {
    /// Reads one address, all of `text`.
    pub fn parse(text: &'a str) -> Result<Self, ParseError> {
        let (address, end) = Self::parse_first(text)?;
        if end < text.len() {
            return Err(ParseError::new(Fault::BadAddress, end));
        }
        Ok(address)
    }

    /// Reads the address at the start of a comma-separated list; says where it ends.
    pub(crate) fn parse_first(text: &'a str) -> Result<(Self, usize), ParseError> {
        let mut cursor = Cursor::new(text);
        if cursor.peek() == Some(b'"') {
            cursor.quoted().ok_or(ParseError::new(Fault::UnclosedQuote, 0))?;
            cursor.lws();
            if cursor.peek() != Some(b'<') {
                return Err(ParseError::new(Fault::BadAddress, cursor.at()));
            }
        }
        if cursor.eat(b'<') {
            return in_brackets(text, cursor);
        }
        let is_bare = is_bare_uri(text);
        match cursor.up_to(b'<') {
            Some(_) if !is_bare => in_brackets(text, cursor),
            _ => bare(text),
        }
    }

    /// The display name without quotes and escapes.
    pub fn display(&self) -> Option<Cow<'a, str>> {
        let display = unquote(self.raw_display);
        (!display.is_empty()).then_some(display)
    }

    /// The URI, read.
    pub fn parsed_uri(&self) -> Result<Uri<'a>, ParseError> {
        Uri::parse(self.uri)
    }

    /// The `tag`, by which a dialog knows this side.
    pub fn tag(&self) -> Option<&'a str> {
        self.params.value("tag")
    }

    /// A header parameter by name: `None` if absent, `Some(None)` if it has no value.
    pub fn param(&self, name: &str) -> Option<Option<&'a str>> {
        self.params.get(name)
    }

    /// All header parameters, in order.
    pub fn params(&self) -> Params<'a> {
        self.params
    }

    /// Whether this is the Contact `*`.
    pub fn is_star(&self) -> bool {
        self.uri == "*"
    }
}

/// A `<` that comes only behind a parameter, comma or the like belongs to what follows a bare URI.
fn is_bare_uri(text: &str) -> bool {
    let colon = scan::token_len(text.as_bytes());
    if colon == 0 || text.as_bytes().get(colon) != Some(&b':') {
        return false;
    }
    let stop = text.bytes().position(|b| matches!(b, b'<' | b',' | b';'));
    stop.is_some_and(|at| text.as_bytes()[at] != b'<')
}

fn in_brackets<'a>(text: &'a str, mut cursor: Cursor<'a>) -> Result<(NameAddr<'a>, usize), ParseError> {
    let raw_display = trim(&text[..cursor.at() - 1]);
    let uri_at = cursor.at();
    let uri = cursor.up_to(b'>').ok_or(ParseError::new(Fault::BadAddress, uri_at))?;
    let uri = checked_uri(trim(uri), uri_at)?;
    with_params(raw_display, uri, cursor)
}

/// Without brackets, what follows a semicolon belongs to the header, and `?` and `,` can't be told apart
/// from what they would mean inside (RFC 3261, 20.10).
fn bare(text: &str) -> Result<(NameAddr<'_>, usize), ParseError> {
    let end = text.bytes().position(|b| matches!(b, b';' | b',')).unwrap_or(text.len());
    let uri = trim(&text[..end]);
    if uri == "*" {
        return with_params("", uri, behind(text, end));
    }
    if uri.bytes().any(|b| b == b'?') {
        return Err(ParseError::new(Fault::BadAddress, 0));
    }
    with_params("", checked_uri(uri, 0)?, behind(text, end))
}

fn behind(text: &str, at: usize) -> Cursor<'_> {
    let mut cursor = Cursor::new(text);
    cursor.skip(at);
    cursor
}

fn with_params<'a>(
    raw_display: &'a str,
    uri: &'a str,
    cursor: Cursor<'a>,
) -> Result<(NameAddr<'a>, usize), ParseError> {
    let (params, end) = Params::at_end_of_value(cursor)?;
    Ok((NameAddr { raw_display, uri, params }, end))
}

/// What is true of every URI of any scheme; the rest waits until somebody reads it.
fn checked_uri(uri: &str, base: usize) -> Result<&str, ParseError> {
    let scheme = scan::token_len(uri.as_bytes());
    if scheme == 0 || uri.as_bytes().get(scheme) != Some(&b':') || scheme + 1 == uri.len() {
        return Err(ParseError::new(Fault::BadUri, base));
    }
    match scan::first_not_uri(uri) {
        Some(at) => Err(ParseError::new(Fault::BadUri, base + at)),
        None => Ok(uri),
    }
}
