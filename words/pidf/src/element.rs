//! An element of a presence document.

use std::borrow::Cow;
use std::fmt;

use crate::escape::Escaped;

pub(crate) const PIDF: &str = "urn:ietf:params:xml:ns:pidf";
pub(crate) const MODEL: &str = "urn:ietf:params:xml:ns:pidf:data-model";
pub(crate) const RPID: &str = "urn:ietf:params:xml:ns:pidf:rpid";

/// One element. None of ours has text and children both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Element<'a> {
    pub space: &'static str,
    pub name: &'static str,
    /// The one attribute that elements of ours have: letters and digits.
    pub id: Option<Cow<'a, str>>,
    pub text: &'a str,
    pub children: Vec<Element<'a>>,
}

impl<'a> Element<'a> {
    pub fn of(space: &'static str, name: &'static str, children: Vec<Element<'a>>) -> Element<'a> {
        Element { space, name, id: None, text: "", children }
    }

    pub fn saying(space: &'static str, name: &'static str, text: &'a str) -> Element<'a> {
        Element { text, ..Element::of(space, name, Vec::new()) }
    }

    /// Its name as it stands in a document.
    pub fn name(&self) -> String {
        let prefix = match self.space {
            MODEL => "dm:",
            RPID => "rpid:",
            _ => "",
        };
        format!("{prefix}{}", self.name)
    }
}

impl fmt::Display for Element<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.name();
        write!(f, "<{name}")?;
        if let Some(id) = &self.id {
            write!(f, " id=\"{}\"", Escaped(id))?;
        }
        if self.children.is_empty() && self.text.is_empty() {
            return f.write_str("/>");
        }
        write!(f, ">{}", Escaped(self.text))?;
        self.children.iter().try_for_each(|child| child.fmt(f))?;
        write!(f, "</{name}>")
    }
}
