//! Things by the addresses they are at: found by a few searches, not by asking each.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use model::{Network, Source};

/// Things by networks. An address is in the narrowest that contains it.
#[derive(Debug)]
pub(crate) struct Networks<T> {
    /// How many leading bits are told apart, the most first; each width once.
    widths: Vec<Width>,
    things: BTreeMap<Leading, Vec<T>>,
}

/// Things by sources: an address with its port counts before every network.
#[derive(Debug)]
pub(crate) struct Sources<T> {
    sockets: BTreeMap<(IpAddr, u16), Vec<T>>,
    networks: Networks<T>,
}

/// So many leading bits of an address of one family.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Width {
    bits: u8,
    is_v4: bool,
}

/// The leading bits of an address, the others being 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Leading {
    width: Width,
    address: u128,
}

impl<T> Networks<T> {
    /// Things of one network stay in their order.
    pub fn new(rows: impl Iterator<Item = (Network, T)>) -> Networks<T> {
        let mut things: BTreeMap<Leading, Vec<T>> = BTreeMap::new();
        for (network, thing) in rows {
            let width = Width { bits: network.bits, is_v4: network.address.is_ipv4() };
            things.entry(width.leading(network.address)).or_default().push(thing);
        }
        let mut widths: Vec<Width> = things.keys().map(|leading| leading.width).rev().collect();
        widths.dedup();
        Networks { widths, things }
    }

    /// What is at the narrowest network that contains an address; an IPv4 address mapped into IPv6 counts as
    /// IPv4.
    pub fn at(&self, address: IpAddr) -> &[T] {
        let address = address.to_canonical();
        let widths = self.widths.iter().filter(|width| width.is_v4 == address.is_ipv4());
        let mut found = widths.filter_map(|width| self.things.get(&width.leading(address)));
        found.next().map_or(&[], Vec::as_slice)
    }
}

impl<T> Sources<T> {
    /// Things of one source stay in their order.
    pub fn new(rows: impl Iterator<Item = (Source, T)>) -> Sources<T> {
        let mut sockets: BTreeMap<(IpAddr, u16), Vec<T>> = BTreeMap::new();
        let mut networks = Vec::new();
        for (source, thing) in rows {
            match source {
                Source::Socket(socket) => {
                    sockets.entry((socket.ip(), socket.port())).or_default().push(thing);
                }
                Source::Network(network) => networks.push((network, thing)),
            }
        }
        Sources { sockets, networks: Networks::new(networks.into_iter()) }
    }

    /// What is at the most exact source that covers an address.
    pub fn at(&self, from: SocketAddr) -> &[T] {
        match self.sockets.get(&(from.ip().to_canonical(), from.port())) {
            Some(things) => things,
            None => self.networks.at(from.ip()),
        }
    }
}

impl Width {
    fn leading(self, address: IpAddr) -> Leading {
        let (all, width): (u128, u32) = match address {
            IpAddr::V4(address) => (address.to_bits().into(), 32),
            IpAddr::V6(address) => (address.to_bits(), 128),
        };
        let ignored = width.saturating_sub(u32::from(self.bits));
        let kept = u128::MAX.checked_shl(ignored).unwrap_or(0);
        Leading { width: self, address: all & kept }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn networks(texts: &[&str]) -> Networks<String> {
        let rows = texts.iter().map(|text| {
            let (network, name) = text.split_once(' ').expect("a network and a name");
            (network.parse().expect("a network"), name.to_owned())
        });
        Networks::new(rows)
    }

    #[test]
    fn the_narrowest_network_that_contains_an_address_is_found_with_all_that_is_there() {
        let networks = networks(&[
            "0.0.0.0/0 world",
            "10.0.0.0/8 ten",
            "10.1.0.0/16 one",
            "10.1.77.1/16 other",
            "10.1.2.3/32 host",
            "::/0 six",
            "2001:db8::/32 doc",
            "::ffff:0:0/96 mapped",
        ]);
        let at = |address: &str| networks.at(address.parse().expect("an address")).join(" ");

        assert_eq!(at("10.1.2.3"), "host");
        assert_eq!(at("10.1.2.4"), "one other");
        assert_eq!(at("::ffff:10.1.2.4"), "one other");
        assert_eq!(at("10.2.0.1"), "ten");
        assert_eq!(at("192.0.2.1"), "world");
        assert_eq!(at("2001:db8::1"), "doc");
        assert_eq!(at("2001:db9::1"), "six");
    }

    #[test]
    fn whoever_asks_each_network_finds_the_same() {
        let texts: Vec<String> = (0..300_u32)
            .map(|n| {
                let bits = n.wrapping_mul(2_654_435_761);
                let family = if n % 3 == 0 {
                    IpAddr::V6((u128::from(bits) << 96).into())
                } else {
                    IpAddr::V4(bits.into())
                };
                let width = if n % 3 == 0 { n % 129 } else { n % 33 };
                format!("{family}/{width} {n}")
            })
            .collect();
        let refs: Vec<&str> = texts.iter().map(String::as_str).collect();
        let networks = networks(&refs);
        let rows: Vec<(Network, &str)> = refs
            .iter()
            .filter_map(|text| text.split_once(' '))
            .map(|(network, name)| (network.parse().expect("a network"), name))
            .collect();

        for n in 0..600_u32 {
            let bits = n.wrapping_mul(2_654_435_761) ^ (n % 7);
            let address: IpAddr = match n % 3 {
                0 => IpAddr::V6((u128::from(bits) << 96).into()),
                _ => IpAddr::V4(bits.into()),
            };
            let containing = || rows.iter().filter(|(network, _)| network.contains(address));
            let most = containing().map(|(network, _)| network.bits).max();
            let slow: Vec<&str> = containing()
                .filter(|(network, _)| Some(network.bits) == most)
                .map(|(_, name)| *name)
                .collect();
            assert_eq!(networks.at(address), slow, "{address}");
        }
    }
}
