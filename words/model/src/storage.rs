//! Where records are searched.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::fault::Fault;
use crate::problem::Code;
use crate::secret::SecretRef;
use crate::spot::Spot;
use crate::text::text_value;

/// `[system.storage]`: what searches records. They are kept in files on the node whatever it is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Storage {
    /// A file of the data folder where it is missing.
    pub engine: Option<Spot<StorageEngine>>,
    /// The servers of one database, such as "db.example.com" or "/run/postgresql": the first that may be
    /// written to is taken.
    #[serde(default)]
    pub hosts: Vec<Spot<StorageHost>>,
    /// "tandem" where it is missing; so are the user and the schema.
    pub database: Option<String>,
    pub user: Option<String>,
    pub password: Option<Spot<SecretRef>>,
    /// Whose tables are ours alone.
    pub schema: Option<Spot<String>>,
    /// What signs the servers' certificates, such as "/etc/ssl/certs/ca-certificates.crt". Nothing goes to
    /// another machine without.
    pub tls_verify: Option<String>,
    /// What this node is called there; the name of the house where it is missing.
    pub node: Option<String>,
}

/// What rows are kept in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum StorageEngine {
    #[default]
    Sqlite,
    Postgresql,
}

/// A server of PostgreSQL: a name, an address or the folder of its socket, and a port where it is not 5432.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StorageHost {
    pub host: String,
    pub port: u16,
}

const PORT: u16 = 5432;

text_value!(
    StorageHost,
    "StorageHost",
    "a host such as \"db.example.com:5432\", or the folder of a socket such as \"/run/postgresql\"",
    "^[^ ]+$"
);

impl Storage {
    pub fn is_postgresql(&self) -> bool {
        self.engine.as_ref().is_some_and(|engine| engine.value == StorageEngine::Postgresql)
    }

    pub fn database(&self) -> &str {
        self.database.as_deref().unwrap_or("tandem")
    }

    pub fn user(&self) -> &str {
        self.user.as_deref().unwrap_or("tandem")
    }

    pub fn schema(&self) -> &str {
        self.schema.as_ref().map_or("tandem", |schema| schema.value.as_str())
    }
}

impl StorageHost {
    pub fn is_socket(&self) -> bool {
        self.host.starts_with('/')
    }

    /// Whether nobody beyond this machine can read along.
    pub fn is_here(&self) -> bool {
        let is_loopback = |ip: IpAddr| ip.to_canonical().is_loopback();
        self.is_socket() || self.host == "localhost" || self.host.parse().is_ok_and(is_loopback)
    }
}

impl fmt::Display for StorageHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host.parse::<Ipv6Addr>() {
            Ok(address) => write!(f, "[{address}]:{}", self.port),
            Err(_) => write!(f, "{}:{}", self.host, self.port),
        }
    }
}

impl FromStr for StorageHost {
    type Err = Fault;

    fn from_str(text: &str) -> Result<StorageHost, Fault> {
        let wrong = |code: Code, why: &str| {
            Fault::new(code, format!("\"{text}\" {why}")).suggest("such as \"db.example.com:5432\"")
        };
        let six = text.strip_prefix('[').and_then(|rest| rest.split_once(']'));
        let (host, port) = match six {
            Some((host, port)) => (host, port.strip_prefix(':')),
            None => text.split_once(':').map_or((text, None), |(host, port)| (host, Some(port))),
        };
        let is_host = match six {
            Some((host, port)) => {
                host.parse::<Ipv6Addr>().is_ok() && (port.is_empty() || port.starts_with(':'))
            }
            None if host.starts_with('/') => !host.contains(char::is_whitespace),
            None => !host.is_empty() && host.chars().all(|c| c.is_ascii_alphanumeric() || "-._".contains(c)),
        };
        if !is_host {
            return Err(wrong(Code::ADDRESS, "has no host that can be"));
        }
        let port = port.map_or(Some(PORT), |port| port.parse().ok().filter(|port| *port > 0));
        let port = port.ok_or_else(|| wrong(Code::PORT, "has a port outside 1 to 65535"))?;
        Ok(StorageHost { host: host.to_owned(), port })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_server_is_read_and_written_the_same() {
        for (text, shown) in [
            ("db.example.com", "db.example.com:5432"),
            ("192.0.2.7:6432", "192.0.2.7:6432"),
            ("[2001:db8::7]", "[2001:db8::7]:5432"),
            ("[::1]:6432", "[::1]:6432"),
            ("/run/postgresql", "/run/postgresql:5432"),
        ] {
            let host: StorageHost = text.parse().unwrap();
            assert_eq!(host.to_string(), shown);
            assert_eq!(shown.parse::<StorageHost>().unwrap(), host);
        }
        for text in ["", ":5432", "db:0", "db:x", "a b", "[::1", "[::1]x", "2001:db8::7"] {
            assert!(text.parse::<StorageHost>().is_err(), "{text}");
        }
    }

    #[test]
    fn what_is_on_this_machine_is_known_by_its_name() {
        let is_here = |text: &str| text.parse::<StorageHost>().unwrap().is_here();

        assert!(["/run/postgresql", "localhost", "127.0.0.3", "[::1]"].into_iter().all(is_here));
        assert!(!["db.example.com", "192.0.2.7", "localhost.example.com"].into_iter().any(is_here));
    }
}
