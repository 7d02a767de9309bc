//! What a presence document says, as elements below its root; and the documents that are made of them.

use crate::changes;
use crate::element::{Element, MODEL, PIDF, RPID};
use crate::escape::Escaped;

/// The namespace of documents that say what has changed (RFC 5262 3).
const CHANGES: &str = "urn:ietf:params:xml:ns:pidf-diff";
const DECLARED: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";

/// What a presence document says of somebody, whoever is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contents<'a> {
    pub(crate) root: Element<'a>,
}

impl Contents<'_> {
    /// The document of whoever asks for nothing else (RFC 3863).
    pub fn document(&self, entity: &str) -> String {
        let mut text =
            format!("{DECLARED}<presence xmlns=\"{PIDF}\" xmlns:dm=\"{MODEL}\" xmlns:rpid=\"{RPID}\"");
        text.push_str(&format!(" entity=\"{}\">\n", Escaped(entity)));
        self.root.children.iter().for_each(|child| text.push_str(&format!("{child}\n")));
        text.push_str("</presence>\n");
        text
    }

    /// All of it, for whoever is told what changes from then on (RFC 5262 3).
    pub fn numbered(&self, entity: &str, version: u32) -> String {
        let mut text = format!(
            "{DECLARED}<p:pidf-full xmlns=\"{PIDF}\" xmlns:p=\"{CHANGES}\" xmlns:dm=\"{MODEL}\" \
             xmlns:rpid=\"{RPID}\" entity=\"{}\" version=\"{version}\">",
            Escaped(entity)
        );
        self.root.children.iter().for_each(|child| text.push_str(&child.to_string()));
        text.push_str("</p:pidf-full>\n");
        text
    }

    /// What makes it of what was told before; all of it where that is no longer. The two differ.
    ///
    /// XML 1.0 2.8 and 4.3.3 do without a declaration in UTF-8, and here each byte counts.
    pub fn changes(&self, before: &Contents<'_>, entity: &str, version: u32) -> String {
        let operations = changes::between(&before.root, &self.root);
        // One more declaration than needed does no harm, where a note speaks of prefixes.
        let space = |prefix: &str, space: &str| match operations.contains(&format!("{prefix}:")) {
            true => format!(" xmlns:{prefix}=\"{space}\""),
            false => String::new(),
        };
        let text = format!(
            "<p:pidf-diff xmlns=\"{PIDF}\" xmlns:p=\"{CHANGES}\"{}{} entity=\"{}\" \
             version=\"{version}\">{operations}</p:pidf-diff>",
            space("dm", MODEL),
            space("rpid", RPID),
            Escaped(entity)
        );
        let all = self.numbered(entity, version);
        if text.len() < all.len() { text } else { all }
    }
}
