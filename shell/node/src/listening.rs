//! Interfaces of the policy as sockets to open: listeners, and each shard's part of the media ports.

use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::ops::RangeInclusive;
use std::path::Path;

use anyhow::{Context, Result, anyhow};
use certificates::Keeper;
use model::{KernelPath, PortRange};
use policy::{Interface, Policy};
use sip_stack::{Listener, ListenerId, Transport};
use switch::MediaRange;
use switch_io::{Callers, ListenerSettings, Origins, Pages, Tls, TlsFiles, Wildcards};

/// Every address that the policy's interfaces listen on. Files of certificates are looked for from `base`;
/// those that an authority gives, where they are kept.
pub fn listeners(policy: &Policy, base: &Path, keeper: &Keeper) -> Result<Vec<ListenerSettings>> {
    let mut listeners = Vec::new();
    let callers = match policy.wants_certificates() {
        true => Callers::AskedForProof,
        false => Callers::NotAsked,
    };
    for interface in policy.interfaces() {
        let ports = [
            (Transport::Udp, interface.udp),
            (Transport::Tcp, interface.tcp),
            (Transport::Tls, interface.tls),
            (Transport::Ws, interface.ws),
            (Transport::Wss, interface.wss),
        ];
        for (transport, port) in ports {
            let Some(port) = port else { continue };
            let id = u8::try_from(listeners.len()).context("there are more than 256 listening addresses")?;
            let tls = match transport {
                Transport::Tls => Some(tls_of(interface, base, keeper, callers)?),
                // A browser that is asked for a certificate asks whoever sits before it.
                Transport::Wss => Some(tls_of(interface, base, keeper, Callers::NotAsked)?),
                Transport::Udp | Transport::Tcp | Transport::Ws => None,
            };
            let bind = SocketAddr::new(interface.address, port);
            let sent_by = sent_by(interface, port).into();
            let listener =
                Listener { id: ListenerId(id), transport, bind, sent_by, interface: interface.id.0 };
            let (origins, mark) = (origins_of(interface), interface.dscp.signalling.point());
            let pages = if interface.has_phone { phone::pages() } else { Pages::default() };
            listeners.push(ListenerSettings { listener, tls, origins, pages, mark });
        }
    }
    Ok(listeners)
}

/// How media that leaves our addresses is marked.
pub fn marks(policy: &Policy) -> Vec<(IpAddr, u8)> {
    policy.interfaces().iter().map(|one| (one.address, one.dscp.media.point())).collect()
}

/// Where sessions of messages are relayed, and how what leaves there is marked.
pub fn chats(policy: &Policy) -> Vec<(SocketAddr, u8)> {
    let place =
        |one: &Interface| Some((SocketAddr::new(one.address, one.msrp?), one.dscp.signalling.point()));
    policy.interfaces().iter().filter_map(place).collect()
}

/// Our addresses whose media the kernel may carry, and at how many ports it may arrive.
pub fn kernel_path(policy: &Policy) -> (Vec<IpAddr>, u32) {
    let of = policy.interfaces().iter().filter(|one| one.kernel_path == KernelPath::Auto);
    let pairs = |ports: PortRange| (u32::from(ports.last) + 1).saturating_sub(ports.first.into()) / 2;
    of.fold((Vec::new(), 0), |(mut addresses, ports), one| {
        addresses.push(one.address);
        (addresses, ports + pairs(one.media_ports))
    })
}

/// The media ports of one shard.
pub fn media_of(policy: &Policy, shard: u8, shards: u8) -> Result<Vec<MediaRange>> {
    let of = |interface: &Interface| {
        Ok(MediaRange {
            interface: interface.id,
            address: interface.address,
            advertise: advertised(interface)?,
            ports: part(interface.media_ports.first..=interface.media_ports.last, shard, shards),
            chats: interface.msrp,
        })
    };
    policy.interfaces().iter().map(of).collect()
}

/// One of equal parts of a range, each beginning with an even port.
fn part(ports: RangeInclusive<u16>, shard: u8, shards: u8) -> RangeInclusive<u16> {
    let first = u32::from(*ports.start()).next_multiple_of(2);
    let pairs = (u32::from(*ports.end()) + 1).saturating_sub(first) / 2;
    let each = pairs / u32::from(shards);
    let start = first + 2 * each * u32::from(shard);
    let end = start + 2 * each - 1;
    // Inside the range that it is a part of.
    start as u16..=end as u16
}

fn sent_by(interface: &Interface, port: u16) -> String {
    match &interface.advertise {
        Some(name) => match name.parse::<IpAddr>() {
            Ok(address) => SocketAddr::new(address, port).to_string(),
            Err(_) => format!("{name}:{port}"),
        },
        None => SocketAddr::new(interface.address, port).to_string(),
    }
}

fn advertised(interface: &Interface) -> Result<IpAddr> {
    let Some(name) = &interface.advertise else { return Ok(interface.address) };
    if let Ok(address) = name.parse() {
        return Ok(address);
    }
    let found =
        (&**name, 0).to_socket_addrs().with_context(|| format!("interface {}: {name}", interface.name))?;
    let mut fitting = found.filter(|found| found.is_ipv4() == interface.address.is_ipv4());
    fitting
        .next()
        .map(|found| found.ip())
        .ok_or_else(|| anyhow!("{name} has no address of the interface's family"))
}

fn origins_of(interface: &Interface) -> Origins {
    if interface.origins.iter().any(|origin| **origin == *"*") {
        return Origins::Any;
    }
    Origins::Listed(interface.origins.iter().map(|origin| Box::from(&**origin)).collect())
}

fn tls_of(interface: &Interface, base: &Path, keeper: &Keeper, callers: Callers) -> Result<Tls> {
    let missing = |key| anyhow!("interface {}: tls needs {key}", interface.name);
    let (certificate, key) = if interface.tls_names.is_empty() {
        let certificate = interface.tls_certificate.as_deref().ok_or_else(|| missing("tls_certificate"))?;
        let key = interface.tls_key.as_deref().ok_or_else(|| missing("tls_key"))?;
        (base.join(certificate), base.join(key))
    } else {
        let file = keeper.file(&interface.tls_names).ok_or_else(|| missing("[system.acme]"))?;
        (file.to_owned(), file.to_owned())
    };
    let files = TlsFiles {
        certificate,
        key,
        roots: interface.tls_verify.as_deref().map(|path| base.join(path)),
        callers,
        wildcards: match interface.tls_wildcards {
            model::Wildcards::Refused => Wildcards::Refused,
            model::Wildcards::Accepted => Wildcards::Accepted,
        },
    };
    Tls::load(files).with_context(|| format!("interface {}", interface.name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_share_the_ports_without_overlap() {
        let parts: Vec<_> = (0..3).map(|shard| part(30_001..=30_020, shard, 3)).collect();

        assert_eq!(parts, [30_002..=30_007, 30_008..=30_013, 30_014..=30_019]);
    }

    #[test]
    fn one_shard_has_them_all_up_to_the_last_port() {
        assert_eq!(part(30_000..=65_535, 0, 1), 30_000..=65_535);
    }
}
