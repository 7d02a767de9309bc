//! Where the phones of somebody are registered (RFC 3680 5).

use std::fmt;

use crate::escape::Escaped;

/// A whole document: a contact that it does not name is registered no more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registrations<'a> {
    /// The address that phones register.
    pub address: &'a str,
    /// Begins with 0 and rises by one with each document of a subscription.
    pub version: u32,
    pub contacts: Vec<Contact<'a>>,
}

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contact<'a> {
    /// The same as long as it is registered.
    pub id: u64,
    pub uri: &'a str,
    /// Which device it is, where it says so.
    pub instance: Option<&'a str>,
    /// The address that reaches that device alone (RFC 5628).
    pub gruu: Option<&'a str>,
}

impl fmt::Display for Registrations<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (address, version) = (Escaped(self.address), self.version);
        let state = if self.contacts.is_empty() { "init" } else { "active" };
        f.write_str("<?xml version=\"1.0\"?>\n<reginfo xmlns=\"urn:ietf:params:xml:ns:reginfo\"")?;
        if self.contacts.iter().any(|contact| contact.gruu.is_some()) {
            f.write_str(" xmlns:gr=\"urn:ietf:params:xml:ns:gruuinfo\"")?;
        }
        writeln!(f, " version=\"{version}\" state=\"full\">")?;
        writeln!(f, "<registration aor=\"{address}\" id=\"r\" state=\"{state}\">")?;
        for Contact { id, uri, instance, gruu } in &self.contacts {
            write!(f, "<contact id=\"{id:x}\" state=\"active\" event=\"registered\">")?;
            write!(f, "<uri>{}</uri>", Escaped(uri))?;
            if let Some(instance) = instance {
                let instance = format!("\"<{instance}>\"");
                write!(f, "<unknown-param name=\"+sip.instance\">{}</unknown-param>", Escaped(&instance))?;
            }
            if let Some(gruu) = gruu {
                write!(f, "<gr:pub-gruu uri=\"{}\"/>", Escaped(gruu))?;
            }
            f.write_str("</contact>\n")?;
        }
        f.write_str("</registration>\n</reginfo>\n")
    }
}
