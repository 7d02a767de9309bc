//! SIP URIs that an operator writes: where a server or a device is reached.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::fault::Fault;
use crate::problem::Code;
use crate::suggest::nearest;
use crate::text::text_value;

/// How bytes travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Transport {
    Udp,
    Tcp,
    Tls,
    /// WebSocket: phones in browsers come by it.
    Ws,
    Wss,
}

impl Transport {
    /// The word that URIs and configuration use.
    pub fn word(self) -> &'static str {
        match self {
            Transport::Udp => "udp",
            Transport::Tcp => "tcp",
            Transport::Tls => "tls",
            Transport::Ws => "ws",
            Transport::Wss => "wss",
        }
    }
}

impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// A SIP URI with what an operator may say in it: user, host, port, transport.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SipUri {
    pub secure: Secure,
    pub user: Option<Arc<str>>,
    /// A name or address; IPv6 without brackets.
    pub host: Arc<str>,
    pub port: Option<u16>,
    pub transport: Option<Transport>,
}

/// Whether the scheme is `sips`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Secure {
    Sip,
    Sips,
}

text_value!(SipUri, "SipUri", "a SIP URI such as \"sip:sbc.example.net;transport=tls\"", "^sips?:[^ ]+$");

impl SipUri {
    /// The address, where the host is one.
    pub fn address(&self) -> Option<IpAddr> {
        self.host.parse().ok()
    }

    /// The transport it says, else what its scheme makes likely before anybody looks into DNS.
    pub fn likely_transport(&self) -> Transport {
        match (self.transport, self.secure) {
            (Some(transport), _) => transport,
            (None, Secure::Sips) => Transport::Tls,
            (None, Secure::Sip) => Transport::Udp,
        }
    }
}

impl fmt::Display for SipUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.secure {
            Secure::Sip => "sip:",
            Secure::Sips => "sips:",
        })?;
        if let Some(user) = &self.user {
            write!(f, "{user}@")?;
        }
        match self.host.parse::<Ipv6Addr>() {
            Ok(address) => write!(f, "[{address}]")?,
            Err(_) => f.write_str(&self.host)?,
        }
        if let Some(port) = self.port {
            write!(f, ":{port}")?;
        }
        if let Some(transport) = self.transport {
            write!(f, ";transport={transport}")?;
        }
        Ok(())
    }
}

impl FromStr for SipUri {
    type Err = Fault;

    fn from_str(text: &str) -> Result<SipUri, Fault> {
        let wrong = |why: &str| Fault::new(Code::URI, format!("\"{text}\" {why}"));
        let (secure, rest) = match text.split_once(':') {
            Some(("sip", rest)) => (Secure::Sip, rest),
            Some(("sips", rest)) => (Secure::Sips, rest),
            _ => {
                let fault = wrong("is not a SIP URI");
                let host = text.trim_start_matches('/');
                let plausible = !host.is_empty() && !host.contains(['/', ' ']);
                return Err(if plausible {
                    fault.suggest(format!("did you mean \"sip:{host}\"?"))
                } else {
                    fault
                });
            }
        };
        let (address, params) =
            rest.split_once(';').map_or((rest, ""), |(address, params)| (address, params));
        let (user, host_port) = match address.rsplit_once('@') {
            Some((user, host_port)) => (Some(user), host_port),
            None => (None, address),
        };
        if user.is_some_and(|user| user.is_empty() || user.contains([' ', ':', '<', '>', '"', '@'])) {
            return Err(wrong("has a user part that cannot be"));
        }
        let (host, port) = split_host(host_port).ok_or_else(|| wrong("has no host that can be"))?;
        let port = match port.map(|port| port.parse::<u16>().ok().filter(|port| *port > 0)) {
            None => None,
            Some(Some(port)) => Some(port),
            Some(None) => {
                return Err(Fault::new(Code::PORT, format!("\"{text}\" has a port outside 1 to 65535")));
            }
        };
        let transport = transport_of(params, text)?;
        Ok(SipUri { secure, user: user.map(Arc::from), host, port, transport })
    }
}

fn split_host(text: &str) -> Option<(Arc<str>, Option<&str>)> {
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let (host, after) = rest.split_once(']')?;
            host.parse::<Ipv6Addr>().ok()?;
            (host, if after.is_empty() { None } else { Some(after.strip_prefix(':')?) })
        }
        None => text.split_once(':').map_or((text, None), |(host, port)| (host, Some(port))),
    };
    let letters = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':');
    if host.is_empty() || !host.chars().all(letters) {
        return None;
    }
    Some((host.into(), port))
}

fn transport_of(params: &str, text: &str) -> Result<Option<Transport>, Fault> {
    let mut transport = None;
    for param in params.split(';').filter(|param| !param.is_empty()) {
        match param.split_once('=') {
            Some(("transport", word)) => transport = Some(transport_word(word)?),
            _ => {
                let message = format!("\"{text}\": parameter \"{param}\" is not for configuration");
                return Err(Fault::new(Code::URI, message).suggest("only transport= may stand here"));
            }
        }
    }
    Ok(transport)
}

fn transport_word(word: &str) -> Result<Transport, Fault> {
    const ALL: [Transport; 3] = [Transport::Udp, Transport::Tcp, Transport::Tls];
    let lower = word.to_ascii_lowercase();
    if matches!(lower.as_str(), "ws" | "wss") {
        let fault =
            Fault::new(Code::TRANSPORT, "nobody can be called by WebSocket: browsers open it themselves");
        return Err(fault.suggest("udp, tcp or tls; browsers are let in by ws or wss of an [interface.*]"));
    }
    ALL.into_iter().find(|transport| transport.word() == lower).ok_or_else(|| {
        let fault = Fault::new(Code::TRANSPORT, format!("transport \"{word}\" is not known"));
        match nearest(&lower, ALL.iter().map(|transport| transport.word())) {
            Some(near) => fault.suggest(format!("did you mean \"{near}\"?")),
            None => fault.suggest("udp, tcp or tls"),
        }
    })
}
