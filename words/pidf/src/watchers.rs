//! Who watches somebody (RFC 3858 3).

use std::fmt;

use crate::escape::Escaped;

/// A whole document: a watcher that it does not name watches no more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Watchers<'a> {
    /// The address of whom they watch.
    pub resource: &'a str,
    /// What they want to know.
    pub package: &'a str,
    /// Begins with 0 and rises by one with each document of a subscription.
    pub version: u32,
    pub watchers: Vec<Watcher<'a>>,
}

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Watcher<'a> {
    /// The same as long as the subscription lasts, and no other's.
    pub id: String,
    pub address: String,
    pub name: Option<&'a str>,
    pub status: Status,
    pub cause: Cause,
}

/// How far they have come (RFC 3857 4.7.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// They wait until somebody says whether they may.
    Pending,
    Active,
}

/// What has brought them there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    Subscribe,
    Approved,
}

impl fmt::Display for Watchers<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (resource, package, version) = (Escaped(self.resource), Escaped(self.package), self.version);
        f.write_str("<?xml version=\"1.0\"?>\n<watcherinfo xmlns=\"urn:ietf:params:xml:ns:watcherinfo\"")?;
        writeln!(f, " version=\"{version}\" state=\"full\">")?;
        writeln!(f, "<watcher-list resource=\"{resource}\" package=\"{package}\">")?;
        for Watcher { id, address, name, status, cause } in &self.watchers {
            let (status, cause) = (status.word(), cause.word());
            write!(f, "<watcher id=\"{}\" status=\"{status}\" event=\"{cause}\"", Escaped(id))?;
            if let Some(name) = name {
                write!(f, " display-name=\"{}\"", Escaped(name))?;
            }
            writeln!(f, ">{}</watcher>", Escaped(address))?;
        }
        f.write_str("</watcher-list>\n</watcherinfo>\n")
    }
}

impl Status {
    pub fn word(self) -> &'static str {
        match self {
            Status::Pending => "pending",
            Status::Active => "active",
        }
    }
}

impl Cause {
    pub fn word(self) -> &'static str {
        match self {
            Cause::Subscribe => "subscribe",
            Cause::Approved => "approved",
        }
    }
}
