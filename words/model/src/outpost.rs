//! Servers outside that see our media ports from there, or have places for them.

use std::fmt;
use std::net::Ipv6Addr;
use std::str::FromStr;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::fault::Fault;
use crate::problem::Code;
use crate::secret::SecretRef;
use crate::spot::Spot;
use crate::text::text_value;

/// Where STUN and TURN are, unless somebody says otherwise (RFC 8489, 8.1; RFC 8656, 5).
const USUAL_PORT: u16 = 3478;

/// `turn` of an interface: a server of TURN, and who we are there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TurnServer {
    pub server: OutpostAddress,
    pub user: String,
    pub password: Spot<SecretRef>,
}

/// A server that is asked by UDP: `"stun.example.com:3478"`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutpostAddress {
    /// A name or address; IPv6 without brackets.
    pub host: Arc<str>,
    pub port: u16,
}

text_value!(
    OutpostAddress,
    "OutpostAddress",
    "a server such as \"stun.example.com:3478\"; that port where none is written",
    "^[^ /]+(:[0-9]+)?$"
);

impl fmt::Display for OutpostAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host.parse::<Ipv6Addr>() {
            Ok(address) => write!(f, "[{address}]:{}", self.port),
            Err(_) => write!(f, "{}:{}", self.host, self.port),
        }
    }
}

impl FromStr for OutpostAddress {
    type Err = Fault;

    fn from_str(text: &str) -> Result<OutpostAddress, Fault> {
        let wrong = |code: Code, why: &str| {
            Fault::new(code, format!("\"{text}\" {why}")).suggest("such as \"stun.example.com:3478\"")
        };
        let bracketed = text.strip_prefix('[').and_then(|rest| rest.split_once(']'));
        let (host, port) = match bracketed {
            Some((six, "")) => (six, None),
            Some((six, rest)) => (six, Some(rest.strip_prefix(':').unwrap_or_default())),
            None => text.split_once(':').map_or((text, None), |(host, port)| (host, Some(port))),
        };
        let is_host = match bracketed {
            Some(_) => host.parse::<Ipv6Addr>().is_ok(),
            None => !host.is_empty() && host.chars().all(|c| c.is_ascii_alphanumeric() || "-._".contains(c)),
        };
        if !is_host {
            return Err(wrong(Code::ADDRESS, "has no host that can be"));
        }
        let port = port.map_or(Some(USUAL_PORT), |port| port.parse().ok().filter(|port| *port > 0));
        let port = port.ok_or_else(|| wrong(Code::PORT, "has a port outside 1 to 65535"))?;
        Ok(OutpostAddress { host: host.into(), port })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn where_a_server_is_asked_is_read_and_written_the_same() {
        for (text, whole) in [
            ("stun.example.com:3479", "stun.example.com:3479"),
            ("192.0.2.7", "192.0.2.7:3478"),
            ("[2001:db8::7]:3479", "[2001:db8::7]:3479"),
            ("[2001:db8::7]", "[2001:db8::7]:3478"),
        ] {
            assert_eq!(text.parse::<OutpostAddress>().unwrap().to_string(), whole);
        }
    }

    #[test]
    fn where_nobody_can_be_asked_is_refused() {
        for text in ["", ":3478", "stun:host", "stun.example.com:0", "2001:db8::7", "[here]", "a b", "[::1]3"]
        {
            assert!(text.parse::<OutpostAddress>().is_err(), "{text}");
        }
    }
}
