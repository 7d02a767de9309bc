//! Where the trace of each call goes.

use std::fmt;
use std::net::Ipv6Addr;
use std::str::FromStr;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::fault::Fault;
use crate::problem::Code;
use crate::spot::Spot;
use crate::text::text_value;

/// `[trace.NAME]`: a collector that is sent a trace of each call when it is over, by OTLP.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Trace {
    pub otlp: Spot<HttpAddress>,
    /// Whether numbers and names of people are told whole.
    #[serde(default)]
    pub people: People,
}

/// How whoever looks at figures sees people.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum People {
    /// Numbers as far as their beginnings, and no names.
    #[default]
    Masked,
    Shown,
}

/// Where HTTP goes, in the clear: `"http://127.0.0.1:4318"`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpAddress {
    /// A name or address; IPv6 without brackets.
    pub host: Arc<str>,
    pub port: u16,
    /// It ends without a slash; nothing at the root.
    pub path: Arc<str>,
}

text_value!(HttpAddress, "HttpAddress", "an address such as \"http://127.0.0.1:4318\"", "^http://[^ ]+$");

impl HttpAddress {
    /// As a Host header names it.
    pub fn authority(&self) -> String {
        match self.host.parse::<Ipv6Addr>() {
            Ok(address) => format!("[{address}]:{}", self.port),
            Err(_) => format!("{}:{}", self.host, self.port),
        }
    }
}

impl fmt::Display for HttpAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "http://{}{}", self.authority(), self.path)
    }
}

impl FromStr for HttpAddress {
    type Err = Fault;

    fn from_str(text: &str) -> Result<HttpAddress, Fault> {
        let wrong = |why: &str| {
            let fault = Fault::new(Code::URI, format!("\"{text}\" {why}"));
            fault.suggest("such as \"http://127.0.0.1:4318\"")
        };
        let Some(rest) = text.strip_prefix("http://") else {
            return Err(wrong("does not begin with http://"));
        };
        let (authority, path) = rest.find('/').map_or((rest, ""), |slash| rest.split_at(slash));
        let is_bare = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
        let (host, after) = match authority.strip_prefix('[').and_then(|six| six.split_once(']')) {
            Some((six, after)) if six.parse::<Ipv6Addr>().is_ok() => (six, after),
            Some(_) => return Err(wrong("has no host that can be")),
            None => authority.find(':').map_or((authority, ""), |colon| authority.split_at(colon)),
        };
        if host.is_empty() || !host.chars().all(|c| is_bare(c) || c == ':') {
            return Err(wrong("has no host that can be"));
        }
        let port = match after.strip_prefix(':') {
            Some(port) => port.parse().ok().filter(|port| *port > 0),
            None => after.is_empty().then_some(80),
        };
        let port = port.ok_or_else(|| wrong("has a port outside 1 to 65535"))?;
        let path = path.trim_end_matches('/');
        if !path.chars().all(|c| is_bare(c) || "/~%".contains(c)) {
            return Err(wrong("has a path that cannot be"));
        }
        Ok(HttpAddress { host: host.into(), port, path: path.into() })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn where_http_goes_is_read_and_written_whole() {
        for (text, whole) in [
            ("http://127.0.0.1:4318", "http://127.0.0.1:4318"),
            ("http://tempo.example.com/", "http://tempo.example.com:80"),
            ("http://[2001:db8::7]:4318/otlp/", "http://[2001:db8::7]:4318/otlp"),
        ] {
            assert_eq!(text.parse::<HttpAddress>().unwrap().to_string(), whole);
        }
    }

    #[test]
    fn what_http_cannot_go_to_is_refused() {
        for text in [
            "https://tempo:4318",
            "tempo:4318",
            "http://:4318",
            "http://a b",
            "http://tempo:0",
            "http://u:p@tempo",
            "http://tempo/a b",
            "http://[tempo]:1",
            "http://tempo/\r\nX: 1",
        ] {
            assert!(text.parse::<HttpAddress>().is_err(), "{text}");
        }
    }
}
