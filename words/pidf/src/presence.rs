//! The presence document that a watcher is given (RFC 3863, with the person of RFC 4479 and RFC 4480).

use std::borrow::Cow;
use std::fmt;

use crate::activity::Activity;
use crate::contents::Contents;
use crate::element::{Element, MODEL, PIDF, RPID};

/// Whether somebody takes calls there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Basic {
    Open,
    Closed,
}

impl Basic {
    /// As it stands in a document.
    pub fn word(self) -> &'static str {
        match self {
            Basic::Open => "open",
            Basic::Closed => "closed",
        }
    }
}

/// One way to reach somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tuple<'a> {
    /// Unique within the document: letters and digits.
    pub id: String,
    pub basic: Basic,
    pub contact: Option<&'a str>,
    pub notes: Vec<&'a str>,
}

/// All that a watcher is told of one person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Presence<'a> {
    /// The URI that was asked for.
    pub entity: &'a str,
    pub tuples: Vec<Tuple<'a>>,
    pub activities: &'a [Activity],
    /// About the person.
    pub notes: Vec<&'a str>,
}

impl<'a> Presence<'a> {
    /// Tuples stand before what other namespaces add: the schema of RFC 3863 wants it so.
    pub fn contents(&'a self) -> Contents<'a> {
        let tuple = |tuple: &'a Tuple<'a>| {
            let basic = Element::saying(PIDF, "basic", tuple.basic.word());
            let contact = tuple.contact.map(|contact| Element::saying(PIDF, "contact", contact));
            let notes = tuple.notes.iter().map(|note| Element::saying(PIDF, "note", note));
            let status = std::iter::once(Element::of(PIDF, "status", vec![basic]));
            let children = status.chain(contact).chain(notes).collect();
            Element { id: Some(Cow::Borrowed(&tuple.id)), ..Element::of(PIDF, "tuple", children) }
        };
        let mut children: Vec<Element<'a>> = self.tuples.iter().map(tuple).collect();
        let mut person = Vec::new();
        if !self.activities.is_empty() {
            let all = self.activities.iter().map(|one| Element::saying(RPID, one.word(), ""));
            person.push(Element::of(RPID, "activities", all.collect()));
        }
        person.extend(self.notes.iter().map(|note| Element::saying(MODEL, "note", note)));
        if !person.is_empty() {
            let id = Some(Cow::Borrowed("person"));
            children.push(Element { id, ..Element::of(MODEL, "person", person) });
        }
        Contents { root: Element::of(PIDF, "presence", children) }
    }
}

impl fmt::Display for Presence<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.contents().document(self.entity))
    }
}
