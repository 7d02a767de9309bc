//! Documents about several people, in one body (RFC 4662 5).

use std::fmt::{self, Write};

use crate::escape::Escaped;

/// What is told of a list: who is on it, and how each of some of them stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct List<'a> {
    /// The URI that was asked for.
    pub uri: &'a str,
    /// Begins with 0 and rises by one with each.
    pub version: u32,
    pub extent: Extent,
    pub resources: Vec<Resource>,
    /// What parts are told apart by; it stands in none of them.
    pub boundary: &'a str,
    /// Behind the sign of the identifiers of parts.
    pub domain: &'a str,
}

/// Whether it names everybody who is on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    Everybody,
    Some,
}

/// Somebody who is on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resource {
    pub uri: String,
    pub name: Option<String>,
    /// The same as long as the list lasts, and nobody else's.
    pub number: usize,
    pub told: Told,
}

/// What is told of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// That they are on it.
    Nothing,
    /// That they are not to be watched.
    Rejected,
    /// That they have not said yet whether they are.
    Pending,
    Document {
        content_type: &'static str,
        body: String,
    },
}

impl List<'_> {
    pub fn content_type(&self) -> String {
        let List { boundary, domain, version, .. } = self;
        format!(
            "{};type=\"{LIST_TYPE}\";start=\"<list.{version}@{domain}>\";boundary=\"{boundary}\"",
            crate::LISTS_TYPE
        )
    }

    fn root(&self) -> String {
        let is_full = self.extent == Extent::Everybody;
        let mut root = format!(
            "<?xml version=\"1.0\"?>\n<list xmlns=\"urn:ietf:params:xml:ns:rlmi\" uri=\"{}\" version=\"{}\" \
             fullState=\"{is_full}\">\n",
            Escaped(self.uri),
            self.version
        );
        // Writing to a string cannot fail.
        for one in &self.resources {
            let _ = write!(root, "<resource uri=\"{}\">", Escaped(&one.uri));
            if let Some(name) = &one.name {
                let _ = write!(root, "<name>{}</name>", Escaped(name));
            }
            let _ = match one.told {
                Told::Nothing => Ok(()),
                Told::Rejected => {
                    let id = one.number;
                    write!(root, "<instance id=\"{id}\" state=\"terminated\" reason=\"rejected\"/>")
                }
                Told::Pending => {
                    let id = one.number;
                    write!(root, "<instance id=\"{id}\" state=\"pending\"/>")
                }
                Told::Document { .. } => {
                    let (id, cid) = (one.number, Escaped(&self.part(one)).to_string());
                    write!(root, "<instance id=\"{id}\" state=\"active\" cid=\"{cid}\"/>")
                }
            };
            root.push_str("</resource>\n");
        }
        root.push_str("</list>\n");
        root
    }

    fn part(&self, one: &Resource) -> String {
        format!("{}.{}@{}", one.number, self.version, self.domain)
    }
}

/// The content type of its first part.
pub const LIST_TYPE: &str = "application/rlmi+xml";

/// The body: the list, then a part for each document.
impl fmt::Display for List<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let List { boundary, domain, version, .. } = self;
        let mut part = |id: String, kind: &str, body: &str| {
            write!(
                f,
                "--{boundary}\r\nContent-Transfer-Encoding: binary\r\nContent-ID: <{id}>\r\n\
                 Content-Type: {kind};charset=\"UTF-8\"\r\n\r\n{body}\r\n"
            )
        };
        part(format!("list.{version}@{domain}"), LIST_TYPE, &self.root())?;
        for one in &self.resources {
            if let Told::Document { content_type, body } = &one.told {
                part(self.part(one), content_type, body)?;
            }
        }
        write!(f, "--{boundary}--\r\n")
    }
}
