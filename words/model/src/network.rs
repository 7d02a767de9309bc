//! Addresses, networks and ports as configuration writes them.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use crate::fault::Fault;
use crate::problem::Code;
use crate::text::text_value;

/// An address of our own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address(pub IpAddr);

text_value!(Address, "Address", "an IP address such as \"192.0.2.10\"", r"^[0-9a-fA-F:.]+$");

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Address {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Address, Fault> {
        text.parse()
            .map(Address)
            .map_err(|_| Fault::new(Code::ADDRESS, format!("\"{text}\" is not an IP address")))
    }
}

/// Addresses that share their first bits: `"10.20.0.0/16"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Network {
    pub address: IpAddr,
    pub bits: u8,
}

text_value!(Network, "Network", "a network such as \"10.20.0.0/16\"", "^[0-9a-fA-F:.]+(/[0-9]+)?$");

impl Network {
    /// Whether an address belongs to it; an IPv4 address mapped into IPv6 counts as IPv4.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(net), IpAddr::V4(one)) => {
                leading(net.to_bits().into(), one.to_bits().into(), 32, self.bits)
            }
            (IpAddr::V6(net), IpAddr::V6(one)) => leading(net.to_bits(), one.to_bits(), 128, self.bits),
            _ => false,
        }
    }
}

fn leading(net: u128, one: u128, width: u32, bits: u8) -> bool {
    let ignored = width - u32::from(bits);
    ignored >= width || (net >> ignored) == (one >> ignored)
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.bits)
    }
}

impl FromStr for Network {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Network, Fault> {
        let wrong = || Fault::new(Code::ADDRESS, format!("\"{text}\" is not an address or a network"));
        let (address, bits) =
            text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
        let address: IpAddr = address.parse().map_err(|_| wrong())?;
        let width = if address.is_ipv4() { 32 } else { 128 };
        let bits = match bits {
            None => width,
            Some(bits) => bits.parse().ok().filter(|bits| *bits <= width).ok_or_else(wrong)?,
        };
        Ok(Network { address, bits })
    }
}

/// Where a trunk's requests may come from: an address with port, an address, or a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    Socket(SocketAddr),
    Network(Network),
}

text_value!(
    Source,
    "Source",
    "a source such as \"198.51.100.0/28\", \"203.0.113.9\" or \"203.0.113.9:5060\"",
    r"^[0-9a-fA-F:.\[\]]+(/[0-9]+)?$"
);

impl Source {
    /// Whether it covers an address; the port counts only where one is written.
    pub fn covers(&self, from: SocketAddr) -> bool {
        match self {
            Source::Socket(socket) => socket.ip() == from.ip().to_canonical() && socket.port() == from.port(),
            Source::Network(network) => network.contains(from.ip()),
        }
    }

    /// How exact it is; the most exact of several that cover an address wins.
    pub fn exactness(&self) -> u32 {
        match self {
            Source::Socket(_) => 1_000,
            Source::Network(network) => {
                let width = if network.address.is_ipv4() { 32 } else { 128 };
                128 - (width - u32::from(network.bits))
            }
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::Socket(socket) => socket.fmt(f),
            Source::Network(network) => network.fmt(f),
        }
    }
}

impl FromStr for Source {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Source, Fault> {
        if let Ok(socket) = text.parse() {
            return Ok(Source::Socket(socket));
        }
        text.parse().map(Source::Network)
    }
}

/// Ports from the first to the last: `"30000-39999"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PortRange {
    pub first: u16,
    pub last: u16,
}

text_value!(PortRange, "PortRange", "a range of ports such as \"30000-39999\"", "^[0-9]+-[0-9]+$");

impl fmt::Display for PortRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.first, self.last)
    }
}

impl FromStr for PortRange {
    type Err = Fault;

    fn from_str(text: &str) -> Result<PortRange, Fault> {
        let wrong = |why: &str| Fault::new(Code::PORT, format!("\"{text}\" {why}"));
        let (first, last) = text.split_once('-').ok_or_else(|| wrong("is not a range of ports"))?;
        let port = |text: &str| text.trim().parse::<u16>().ok().filter(|port| *port > 0);
        let (Some(first), Some(last)) = (port(first), port(last)) else {
            return Err(wrong("has a port outside 1 to 65535"));
        };
        if first > last {
            let fault = Fault::new(Code::REVERSED, format!("\"{text}\" ends before it begins"));
            return Err(fault.suggest(format!("did you mean \"{last}-{first}\"?")));
        }
        Ok(PortRange { first, last })
    }
}
