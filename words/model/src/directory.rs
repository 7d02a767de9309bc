//! Where users come from who stand in no document: a directory (LDAP, Active Directory).

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;
use std::sync::Arc;
use std::time;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::duration::Duration;
use crate::fault::Fault;
use crate::problem::Code;
use crate::secret::SecretRef;
use crate::spot::Spot;
use crate::text::text_value;

/// `[directory.NAME]`: a directory that is read time and again, and whose people are users.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Directory {
    pub url: Spot<LdapAddress>,
    /// Whether a connection to `ldap://` is sealed before anything is said.
    pub start_tls: Option<Spot<StartTls>>,
    /// A file of the authorities that its certificate is believed by; those of this machine where it is
    /// missing.
    pub tls_verify: Option<String>,
    /// As whom the house reads; as nobody where it is missing.
    pub bind: Option<Spot<String>>,
    pub password: Option<Spot<SecretRef>>,
    /// Below which entry people are, such as `"ou=people,dc=contoso,dc=example"`.
    pub base: String,
    /// Which entries are people (RFC 4515).
    pub filter: Option<Spot<String>>,
    #[serde(default)]
    pub attributes: DirectoryAttributes,
    /// The site of those whose entry names none.
    pub site: Option<Spot<String>>,
    /// The `[rights.*]` of all of them.
    pub rights: Option<Spot<String>>,
    /// A folder in the configuration's directory with files `NAME.secret`: the passwords of those whose entry
    /// holds none.
    pub folder: Option<Spot<String>>,
    /// How often it is read; an hour where it is missing.
    pub interval: Option<Spot<Duration>>,
    /// Of a hundred known users so many may leave at once; more are held until somebody says that they left.
    pub leave_at_most: Option<Spot<u8>>,
    /// The most entries that are taken.
    pub entries: Option<Spot<u32>>,
    /// Entries that are asked for at once.
    pub page: Option<Spot<u32>>,
}

/// `attributes = { … }`: what an entry says of a user, and under which name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DirectoryAttributes {
    /// The name that phones register as.
    #[serde(default = "user")]
    pub user: String,
    /// As phones show it.
    #[serde(default = "name")]
    pub name: String,
    #[serde(default = "number")]
    pub number: String,
    #[serde(default = "mobile")]
    pub mobile: String,
    pub private_number: Option<String>,
    pub extension: Option<String>,
    pub site: Option<String>,
    /// What digests make of the password, as `tandem user secret` prints it.
    pub ha1: Option<String>,
}

impl Default for DirectoryAttributes {
    fn default() -> DirectoryAttributes {
        DirectoryAttributes {
            user: user(),
            name: name(),
            number: number(),
            mobile: mobile(),
            private_number: None,
            extension: None,
            site: None,
            ha1: None,
        }
    }
}

/// Whether a connection is sealed that begins in the clear (RFC 4511 4.14).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum StartTls {
    Required,
    /// Names, numbers and the password cross as they are: to this machine alone.
    Off,
}

/// Where a directory is: `"ldaps://ldap.contoso.example"`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LdapAddress {
    pub seal: LdapSeal,
    /// A name or address; IPv6 without brackets.
    pub host: Arc<str>,
    pub port: u16,
}

/// Whether the connection is sealed from its first byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LdapSeal {
    /// `ldap://`
    Later,
    /// `ldaps://`
    Tls,
}

text_value!(
    LdapAddress,
    "LdapAddress",
    "an address such as \"ldaps://ldap.example.com\"",
    "^ldaps?://[^ /]+/?$"
);

/// A computer is a person, too, in Active Directory.
const PEOPLE: &str = "(&(objectClass=person)(!(objectClass=computer)))";

impl Directory {
    /// Which entries are people.
    pub fn filter(&self) -> &str {
        self.filter.as_ref().map_or(PEOPLE, |filter| filter.as_str())
    }

    /// Whether a connection to `ldap://` is sealed before anything is said.
    pub fn start_tls(&self) -> StartTls {
        self.start_tls.as_ref().map_or(StartTls::Required, |one| one.value)
    }

    /// How often it is read.
    pub fn interval(&self) -> time::Duration {
        self.interval.as_ref().map_or(time::Duration::from_secs(3_600), |interval| interval.0)
    }

    /// The most entries that are taken.
    pub fn entries(&self) -> u32 {
        self.entries.as_ref().map_or(20_000, |entries| entries.value)
    }

    /// Entries that are asked for at once.
    pub fn page(&self) -> u32 {
        self.page.as_ref().map_or(500, |page| page.value)
    }

    /// Of a hundred known users so many may leave at once.
    pub fn leave_at_most(&self) -> u8 {
        self.leave_at_most.as_ref().map_or(10, |percent| percent.value)
    }
}

impl LdapAddress {
    /// Whether nobody else hears what is said there.
    pub fn is_here(&self) -> bool {
        let host = &*self.host;
        host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.to_canonical().is_loopback())
    }
}

impl fmt::Display for LdapAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match self.seal {
            LdapSeal::Later => "ldap",
            LdapSeal::Tls => "ldaps",
        };
        match self.host.parse::<Ipv6Addr>() {
            Ok(address) => write!(f, "{scheme}://[{address}]:{}", self.port),
            Err(_) => write!(f, "{scheme}://{}:{}", self.host, self.port),
        }
    }
}

impl FromStr for LdapAddress {
    type Err = Fault;

    fn from_str(text: &str) -> Result<LdapAddress, Fault> {
        let wrong = |why: &str| {
            let fault = Fault::new(Code::URI, format!("\"{text}\" {why}"));
            fault.suggest("such as \"ldaps://ldap.example.com\"")
        };
        let (seal, usual, rest) = match text.split_once("://") {
            Some(("ldaps", rest)) => (LdapSeal::Tls, 636, rest),
            Some(("ldap", rest)) => (LdapSeal::Later, 389, rest),
            _ => return Err(wrong("does not begin with ldaps:// or ldap://")),
        };
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let (host, after) = match rest.strip_prefix('[').and_then(|six| six.split_once(']')) {
            Some((six, after)) if six.parse::<Ipv6Addr>().is_ok() => (six, after),
            Some(_) => return Err(wrong("has no host that can be")),
            None => rest.find(':').map_or((rest, ""), |colon| rest.split_at(colon)),
        };
        let is_bare = |letter: char| letter.is_ascii_alphanumeric() || "-._:".contains(letter);
        if host.is_empty() || !host.chars().all(is_bare) {
            return Err(wrong("has no host that can be"));
        }
        let port = match after.strip_prefix(':') {
            Some(port) => port.parse().ok().filter(|port| *port > 0),
            None => after.is_empty().then_some(usual),
        };
        let port = port.ok_or_else(|| wrong("has a port outside 1 to 65535"))?;
        Ok(LdapAddress { seal, host: host.into(), port })
    }
}

fn user() -> String {
    "uid".to_owned()
}

fn name() -> String {
    "cn".to_owned()
}

fn number() -> String {
    "telephoneNumber".to_owned()
}

fn mobile() -> String {
    "mobile".to_owned()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn where_a_directory_is_is_read_and_written_whole() {
        for (text, whole) in [
            ("ldaps://ldap.example.com", "ldaps://ldap.example.com:636"),
            ("ldap://10.0.0.7/", "ldap://10.0.0.7:389"),
            ("ldap://[2001:db8::7]:3389", "ldap://[2001:db8::7]:3389"),
        ] {
            assert_eq!(text.parse::<LdapAddress>().unwrap().to_string(), whole);
        }
        for text in
            ["http://a", "ldap://", "ldap://a b", "ldap://a:0", "ldaps://u@a", "ldap://a/o=x", "ldap://[a]"]
        {
            assert!(text.parse::<LdapAddress>().is_err(), "{text}");
        }
    }
}
