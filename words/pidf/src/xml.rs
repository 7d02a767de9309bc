//! Reads XML: elements with their namespaces, attributes where they are asked for, and text.
//!
//! No DTD and no entity of anybody's making: both have cost others their memory.

use std::borrow::Cow;

use crate::escape::is_allowed;

/// Elements within elements: nobody's document needs more.
const DEPTH_MAX: usize = 24;
/// Namespaces in force at once.
const NAMES_MAX: usize = 64;

/// Why something is no document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    NotText,
    /// It ends before its elements do, or they do not fit each other.
    Broken,
    TooDeep,
    /// A document type, an entity or another thing that is not read here.
    Unwelcome,
    /// Well made, and about something else.
    NotPresence,
}

/// What comes next.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Piece<'a> {
    Opens { space: &'a str, name: &'a str },
    Closes,
    Text(Cow<'a, str>),
    End,
}

/// Goes through a document once.
pub(crate) struct Reader<'a> {
    rest: &'a str,
    /// The names of the open elements, as written.
    open: Vec<&'a str>,
    /// Prefix, namespace, and how deep the element is that declared it.
    spaces: Vec<(&'a str, &'a str, usize)>,
    /// Of the element that was opened last: names and values as written.
    attributes: Vec<(&'a str, &'a str)>,
    /// An element that was opened and closed in one.
    is_empty: bool,
    has_begun: bool,
}

impl<'a> Reader<'a> {
    pub fn new(bytes: &'a [u8]) -> Result<Reader<'a>, Fault> {
        let text = std::str::from_utf8(bytes).map_err(|_| Fault::NotText)?;
        let rest = text.trim_start_matches('\u{feff}');
        let (spaces, attributes) = (Vec::new(), Vec::new());
        Ok(Reader { rest, open: Vec::new(), spaces, attributes, is_empty: false, has_begun: false })
    }

    pub fn next(&mut self) -> Result<Piece<'a>, Fault> {
        if std::mem::take(&mut self.is_empty) {
            return Ok(self.leave());
        }
        loop {
            if self.rest.is_empty() {
                let is_whole = self.has_begun && self.open.is_empty();
                return if is_whole { Ok(Piece::End) } else { Err(Fault::Broken) };
            }
            if let Some(after) = self.rest.strip_prefix("<!--") {
                self.rest = after.split_once("-->").ok_or(Fault::Broken)?.1;
            } else if let Some(after) = self.rest.strip_prefix("<?") {
                self.rest = after.split_once("?>").ok_or(Fault::Broken)?.1;
            } else if let Some(after) = self.rest.strip_prefix("<![CDATA[") {
                let (text, rest) = after.split_once("]]>").ok_or(Fault::Broken)?;
                self.rest = rest;
                return self.text(Cow::Borrowed(text));
            } else if self.rest.starts_with("<!") {
                return Err(Fault::Unwelcome);
            } else if let Some(after) = self.rest.strip_prefix("</") {
                return self.close(after);
            } else if let Some(after) = self.rest.strip_prefix('<') {
                return self.open(after);
            } else {
                let end = self.rest.find('<').unwrap_or(self.rest.len());
                let (text, rest) = self.rest.split_at(end);
                self.rest = rest;
                if self.open.is_empty() && text.trim().is_empty() {
                    continue;
                }
                return self.text(plain(text)?);
            }
        }
    }

    /// An attribute of the element that was opened last.
    pub fn attribute(&self, name: &str) -> Result<Option<Cow<'a, str>>, Fault> {
        let named = self.attributes.iter().find(|(known, _)| *known == name);
        named.map(|(_, value)| plain(value)).transpose()
    }

    fn text(&self, text: Cow<'a, str>) -> Result<Piece<'a>, Fault> {
        if self.open.is_empty() { Err(Fault::Broken) } else { Ok(Piece::Text(text)) }
    }

    fn close(&mut self, after: &'a str) -> Result<Piece<'a>, Fault> {
        let (name, rest) = after.split_once('>').ok_or(Fault::Broken)?;
        if self.open.last() != Some(&name.trim_end()) {
            return Err(Fault::Broken);
        }
        self.rest = rest;
        Ok(self.leave())
    }

    fn leave(&mut self) -> Piece<'a> {
        let depth = self.open.len();
        self.spaces.retain(|(_, _, at)| *at < depth);
        self.open.pop();
        Piece::Closes
    }

    fn open(&mut self, after: &'a str) -> Result<Piece<'a>, Fault> {
        if self.has_begun && self.open.is_empty() {
            return Err(Fault::Broken);
        }
        if self.open.len() >= DEPTH_MAX {
            return Err(Fault::TooDeep);
        }
        self.has_begun = true;
        let end = after.find(|letter: char| letter.is_whitespace() || matches!(letter, '>' | '/'));
        let (name, mut rest) = after.split_at(end.ok_or(Fault::Broken)?);
        if name.is_empty() || name.contains(['<', '&', '"', '=']) {
            return Err(Fault::Broken);
        }
        self.open.push(name);
        self.attributes.clear();
        loop {
            rest = rest.trim_start();
            if let Some(after) = rest.strip_prefix("/>") {
                (self.rest, self.is_empty) = (after, true);
                break;
            }
            if let Some(after) = rest.strip_prefix('>') {
                self.rest = after;
                break;
            }
            rest = self.pass(rest)?;
        }
        let (prefix, local) = name.split_once(':').unwrap_or(("", name));
        let space = self.spaces.iter().rev().find(|(known, ..)| *known == prefix).map(|(_, space, _)| *space);
        match (space, prefix) {
            (Some(space), _) => Ok(Piece::Opens { space, name: local }),
            (None, "") => Ok(Piece::Opens { space: "", name: local }),
            (None, _) => Err(Fault::Broken),
        }
    }

    /// Goes past one attribute, and remembers it.
    fn pass(&mut self, text: &'a str) -> Result<&'a str, Fault> {
        let (name, after) = text.split_once('=').ok_or(Fault::Broken)?;
        let (name, after) = (name.trim_end(), after.trim_start());
        let quote =
            after.chars().next().filter(|letter| matches!(letter, '"' | '\'')).ok_or(Fault::Broken)?;
        let (value, rest) = after[1..].split_once(quote).ok_or(Fault::Broken)?;
        if name.is_empty() || name.contains(['<', '>', '"', '\'']) || value.contains('<') {
            return Err(Fault::Broken);
        }
        let prefix = if name == "xmlns" { Some("") } else { name.strip_prefix("xmlns:") };
        if let Some(prefix) = prefix {
            if self.spaces.len() >= NAMES_MAX {
                return Err(Fault::TooDeep);
            }
            self.spaces.push((prefix, value, self.open.len()));
        } else {
            if self.attributes.len() >= NAMES_MAX {
                return Err(Fault::TooDeep);
            }
            self.attributes.push((name, value));
        }
        Ok(rest)
    }
}

/// Text with its references resolved: to characters, and to the five names that XML brings along.
fn plain(text: &str) -> Result<Cow<'_, str>, Fault> {
    if !text.contains('&') {
        return Ok(Cow::Borrowed(text));
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        let (name, after) = after.split_once(';').ok_or(Fault::Broken)?;
        out.push_str(before);
        out.push(match name {
            "amp" => '&',
            "lt" => '<',
            "gt" => '>',
            "quot" => '"',
            "apos" => '\'',
            _ => character(name).ok_or(Fault::Unwelcome)?,
        });
        rest = after;
    }
    out.push_str(rest);
    Ok(Cow::Owned(out))
}

fn character(name: &str) -> Option<char> {
    let digits = name.strip_prefix('#')?;
    let code = match digits.strip_prefix('x') {
        Some(hex) => u32::from_str_radix(hex, 16).ok()?,
        None => digits.parse().ok()?,
    };
    char::from_u32(code).filter(|letter| is_allowed(*letter))
}
