//! Where copies of SIP messages go as they cross the wire.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::str::FromStr;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::fault::Fault;
use crate::problem::Code;
use crate::secret::SecretRef;
use crate::spot::Spot;
use crate::text::text_value;

/// `[capture.NAME]`: a server that is sent every SIP message as HEP version 3, such as HOMER.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Capture {
    pub hep: HepAddress,
    /// Which capture agent we are there; 1 where it is missing.
    #[serde(default = "first")]
    pub agent: u32,
    /// What shows the server that we may send: it crosses the wire as it is.
    pub key: Option<Spot<SecretRef>>,
}

fn first() -> u32 {
    1
}

/// Where HEP is sent to: `"udp:homer.example.com:9060"`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HepAddress {
    pub transport: HepTransport,
    /// A name or address; IPv6 without brackets.
    pub host: Arc<str>,
    pub port: u16,
}

impl HepAddress {
    /// The address itself, where it is written as one.
    pub fn socket(&self) -> Option<SocketAddr> {
        self.host.parse::<IpAddr>().ok().map(|address| SocketAddr::new(address, self.port))
    }
}

/// What HEP travels by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HepTransport {
    Udp,
    Tcp,
}

text_value!(
    HepAddress,
    "HepAddress",
    "a transport, a host and a port such as \"udp:homer.example.com:9060\"",
    "^(udp|tcp):[^ ]+:[0-9]+$"
);

impl fmt::Display for HepAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.transport {
            HepTransport::Udp => "udp:",
            HepTransport::Tcp => "tcp:",
        })?;
        match self.host.parse::<Ipv6Addr>() {
            Ok(address) => write!(f, "[{address}]:{}", self.port),
            Err(_) => write!(f, "{}:{}", self.host, self.port),
        }
    }
}

impl FromStr for HepAddress {
    type Err = Fault;

    fn from_str(text: &str) -> Result<HepAddress, Fault> {
        let wrong = |code: Code, why: &str| {
            Fault::new(code, format!("\"{text}\" {why}")).suggest("such as \"udp:homer.example.com:9060\"")
        };
        let (transport, rest) = match text.split_once(':') {
            Some(("udp", rest)) => (HepTransport::Udp, rest),
            Some(("tcp", rest)) => (HepTransport::Tcp, rest),
            _ => return Err(wrong(Code::TRANSPORT, "begins with neither udp: nor tcp:")),
        };
        let Some((host, port)) = rest.rsplit_once(':') else {
            return Err(wrong(Code::PORT, "has no port"));
        };
        let six = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        let is_host = match six {
            Some(six) => six.parse::<Ipv6Addr>().is_ok(),
            None => !host.is_empty() && host.chars().all(|c| c.is_ascii_alphanumeric() || "-._".contains(c)),
        };
        if !is_host {
            return Err(wrong(Code::ADDRESS, "has no host that can be"));
        }
        let port = port.parse().ok().filter(|port| *port > 0);
        let port = port.ok_or_else(|| wrong(Code::PORT, "has a port outside 1 to 65535"))?;
        Ok(HepAddress { transport, host: six.unwrap_or(host).into(), port })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn where_hep_goes_is_read_and_written_the_same() {
        for text in ["udp:homer.example.com:9060", "tcp:192.0.2.7:9061", "udp:[2001:db8::7]:9060"] {
            assert_eq!(text.parse::<HepAddress>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_hep_cannot_be_sent_to_is_refused() {
        for text in ["homer:9060", "tls:homer:9060", "udp:homer", "udp::9060", "udp:homer:0", "udp:2001::7:9"]
        {
            assert!(text.parse::<HepAddress>().is_err(), "{text}");
        }
    }
}
