//! The presence document that a watcher is given (RFC 3863, with the person of RFC 4479 and RFC 4480).

use std::fmt;

use crate::activity::Activity;
use crate::escape::Escaped;

pub(crate) const PIDF: &str = "urn:ietf:params:xml:ns:pidf";
pub(crate) const MODEL: &str = "urn:ietf:params:xml:ns:pidf:data-model";
pub(crate) const RPID: &str = "urn:ietf:params:xml:ns:pidf:rpid";

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
    /// Unique within the document.
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

impl fmt::Display for Presence<'_> {
    /// Tuples stand before what other namespaces add: the schema of RFC 3863 wants it so.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n")?;
        write!(f, "<presence xmlns=\"{PIDF}\" xmlns:dm=\"{MODEL}\" xmlns:rpid=\"{RPID}\"")?;
        writeln!(f, " entity=\"{}\">", Escaped(self.entity))?;
        for tuple in &self.tuples {
            let (id, basic) = (Escaped(&tuple.id), tuple.basic.word());
            write!(f, "<tuple id=\"{id}\"><status><basic>{basic}</basic></status>")?;
            if let Some(contact) = tuple.contact {
                write!(f, "<contact>{}</contact>", Escaped(contact))?;
            }
            for note in &tuple.notes {
                write!(f, "<note>{}</note>", Escaped(note))?;
            }
            f.write_str("</tuple>\n")?;
        }
        if !self.activities.is_empty() || !self.notes.is_empty() {
            f.write_str("<dm:person id=\"person\">")?;
            if !self.activities.is_empty() {
                f.write_str("<rpid:activities>")?;
                self.activities.iter().try_for_each(|one| write!(f, "<rpid:{}/>", one.word()))?;
                f.write_str("</rpid:activities>")?;
            }
            for note in &self.notes {
                write!(f, "<dm:note>{}</dm:note>", Escaped(note))?;
            }
            f.write_str("</dm:person>\n")?;
        }
        f.write_str("</presence>\n")
    }
}
