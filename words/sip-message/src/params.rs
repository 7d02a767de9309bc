//! `;name=value` lists, as headers and URIs carry them.

use std::borrow::Cow;

use crate::scan::{Cursor, trim};
use crate::{Fault, ParseError, limits};

/// One parameter. A quoted value keeps its quotes; [`unquote`] removes them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Param<'a> {
    /// As written; names match in any case.
    pub name: &'a str,
    /// `None` for a parameter without `=`.
    pub value: Option<&'a str>,
}

/// A list of parameters, borrowed; iterating it yields each [`Param`] in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Params<'a> {
    rest: &'a str,
}

impl<'a> Params<'a> {
    /// Splits `value;name=value;…` into its head and its parameters; nothing after a malformed one.
    pub fn of_value(value: &'a str) -> (&'a str, Params<'a>) {
        let mut cursor = Cursor::new(value);
        if cursor.peek() == Some(b'"') {
            let _ = cursor.quoted();
        }
        let end = cursor.at() + cursor.rest().find(';').unwrap_or(cursor.rest().len());
        (trim(&value[..end]), Params { rest: &value[end..] })
    }

    /// Reads parameters as far as they go; says where that is.
    pub(crate) fn parse(text: &'a str) -> Result<(Params<'a>, usize), ParseError> {
        let mut cursor = Cursor::new(text);
        let mut count = 0;
        let mut end = 0;
        while cursor.eat_spaced(b';') {
            if next_param(&mut cursor).is_none() {
                return Err(ParseError::new(Fault::BadParam, cursor.at()));
            }
            end = cursor.at();
            count += 1;
            if count > limits::PARAMS_MAX {
                return Err(ParseError::new(Fault::TooManyParams, end));
            }
        }
        Ok((Params { rest: &text[..end] }, cursor.at()))
    }

    /// Reads the parameters at the cursor, behind which the value ends or a comma starts the next.
    pub(crate) fn at_end_of_value(cursor: Cursor<'a>) -> Result<(Params<'a>, usize), ParseError> {
        let base = cursor.at();
        if cursor.is_done() {
            return Ok((Params::default(), base));
        }
        let moved = |error: ParseError| ParseError { at: error.at + base, ..error };
        let (params, len) = Params::parse(cursor.rest()).map_err(moved)?;
        match cursor.rest().as_bytes().get(len) {
            None | Some(b',') => Ok((params, base + len)),
            Some(_) => Err(ParseError::new(Fault::BadParam, base + len)),
        }
    }

    /// The text of the list as written, with its leading semicolon.
    pub const fn as_str(&self) -> &'a str {
        self.rest
    }

    /// A parameter by name: `None` if absent, `Some(None)` if it has no value.
    pub fn get(&self, name: &str) -> Option<Option<&'a str>> {
        let mut params = *self;
        params.find(|param| param.name.eq_ignore_ascii_case(name)).map(|param| param.value)
    }

    /// The value of a parameter that has one.
    pub fn value(&self, name: &str) -> Option<&'a str> {
        self.get(name).flatten()
    }
}

impl<'a> Iterator for Params<'a> {
    type Item = Param<'a>;

    fn next(&mut self) -> Option<Param<'a>> {
        let mut cursor = Cursor::new(self.rest);
        if !cursor.eat_spaced(b';') {
            return None;
        }
        let param = next_param(&mut cursor)?;
        self.rest = cursor.rest();
        Some(param)
    }
}

/// The parameter at the cursor; leaves the cursor right behind it.
fn next_param<'a>(cursor: &mut Cursor<'a>) -> Option<Param<'a>> {
    let name = cursor.param_name();
    if name.is_empty() {
        return None;
    }
    let behind_name = *cursor;
    if !cursor.eat_spaced(b'=') {
        *cursor = behind_name;
        return Some(Param { name, value: None });
    }
    let value = match cursor.peek() {
        Some(b'"') => cursor.quoted()?,
        _ => cursor.param_value(),
    };
    Some(Param { name, value: Some(value) })
}

/// A quoted string without its quotes and escapes; other text as it is.
pub fn unquote(text: &str) -> Cow<'_, str> {
    let Some(inner) = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')) else {
        return Cow::Borrowed(text);
    };
    if !inner.contains('\\') {
        return Cow::Borrowed(inner);
    }
    let mut plain = String::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(char) = chars.next() {
        match char {
            '\\' => plain.extend(chars.next()),
            other => plain.push(other),
        }
    }
    Cow::Owned(plain)
}
