//! The `o=` and `c=` lines.

use std::net::{IpAddr, Ipv4Addr};

/// Who made the description, and which version of it this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origin<'a> {
    pub user: &'a str,
    pub session_id: &'a str,
    pub version: &'a str,
    pub host: Host<'a>,
}

/// Where media is to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Connection<'a> {
    pub host: Host<'a>,
}

/// An address, or a name that somebody would have to look up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Host<'a> {
    Ip(IpAddr),
    Name(&'a str),
}

impl<'a> Origin<'a> {
    pub(crate) fn parse(text: &'a str) -> Option<Self> {
        let mut fields = text.split_ascii_whitespace();
        let (user, session_id, version) = (fields.next()?, fields.next()?, fields.next()?);
        let host = network(fields)?;
        Some(Origin { user, session_id, version, host })
    }
}

impl<'a> Connection<'a> {
    pub(crate) fn parse(text: &'a str) -> Option<Self> {
        network(text.split_ascii_whitespace()).map(|host| Connection { host })
    }

    /// The old form of hold (RFC 2543), and a browser that has not gathered its candidates.
    pub fn is_zero(&self) -> bool {
        matches!(self.host, Host::Ip(ip) if ip.is_unspecified())
    }

    pub fn is_multicast(&self) -> bool {
        matches!(self.host, Host::Ip(ip) if ip.is_multicast() || ip == IpAddr::V4(Ipv4Addr::BROADCAST))
    }
}

/// Reads `IN IP4 address`, or `IN IP6 address`; a TTL or a count after a slash is left off.
pub(crate) fn network<'a>(mut fields: impl Iterator<Item = &'a str>) -> Option<Host<'a>> {
    let (net, family, address) = (fields.next()?, fields.next()?, fields.next()?);
    if net != "IN" || !matches!(family, "IP4" | "IP6") || fields.next().is_some() {
        return None;
    }
    let address = address.split('/').next().filter(|address| !address.is_empty())?;
    Some(address.parse().map_or(Host::Name(address), Host::Ip))
}
