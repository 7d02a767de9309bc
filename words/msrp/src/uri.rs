//! Addresses of ends of sessions: `msrp://host:port/session;tcp` (RFC 4975, 6).

use std::net::IpAddr;

/// One address of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Uri<'a> {
    /// As it was read.
    pub text: &'a str,
    /// Whether it is reached within TLS (`msrps`).
    pub is_sealed: bool,
    /// A name, or an address without brackets.
    pub host: &'a str,
    pub port: Option<u16>,
    /// What names the session at its end.
    pub session: Option<&'a str>,
}

impl<'a> Uri<'a> {
    /// Reads one address; nothing, where it is reached by anything else than TCP.
    pub fn parse(text: &'a str) -> Option<Uri<'a>> {
        let (scheme, rest) = text.split_once("://")?;
        let is_sealed = match scheme {
            _ if scheme.eq_ignore_ascii_case("msrp") => false,
            _ if scheme.eq_ignore_ascii_case("msrps") => true,
            _ => return None,
        };
        let (place, parameters) = rest.split_once(';')?;
        let transport = parameters.split(';').next().unwrap_or_default();
        let is_text = place.bytes().all(|byte| byte.is_ascii_graphic());
        if !transport.eq_ignore_ascii_case("tcp") || !is_text {
            return None;
        }
        let (authority, session) = match place.split_once('/') {
            Some((authority, session)) => (authority, Some(session).filter(|session| !session.is_empty())),
            None => (place, None),
        };
        let (host, port) = host_and_port(authority.rsplit_once('@').map_or(authority, |(_, host)| host))?;
        Some(Uri { text, is_sealed, host, port, session })
    }

    /// The addresses of a path, in order; nothing, where one of them is none or there is none at all.
    pub fn parse_path(path: &'a str) -> Option<Vec<Uri<'a>>> {
        let all: Option<Vec<Uri<'a>>> = path.split_ascii_whitespace().map(Uri::parse).collect();
        all.filter(|all| !all.is_empty())
    }

    /// Where it is, if it says so by an address.
    pub fn address(&self) -> Option<IpAddr> {
        self.host.parse().ok()
    }
}

fn host_and_port(text: &str) -> Option<(&str, Option<u16>)> {
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let (host, rest) = rest.split_once(']')?;
            (host, rest.strip_prefix(':').or(rest.is_empty().then_some(""))?)
        }
        None => text.split_once(':').unwrap_or((text, "")),
    };
    let port = if port.is_empty() { None } else { Some(port.parse().ok().filter(|port| *port != 0)?) };
    (!host.is_empty()).then_some((host, port))
}
