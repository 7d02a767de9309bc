//! Where a scenario takes place: its folder, its transport, its addresses and ports.

use std::fs;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use super::ports;
use crate::step::{Failure, root};

const TAKEN_WITHIN: Duration = Duration::from_secs(30);
/// How the kernel writes that a TCP socket listens.
const LISTENS: &str = "0A";

/// How SIP travels.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    Udp,
    Tcp,
    Tls,
}

/// One cell of the matrix.
#[derive(Clone, Copy)]
pub struct Way {
    pub name: &'static str,
    pub transport: Transport,
    pub address: IpAddr,
}

const V4: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const V6: IpAddr = IpAddr::V6(Ipv6Addr::LOCALHOST);

pub const UDP_V4: Way = Way { name: "calls-udp-v4", transport: Transport::Udp, address: V4 };
pub const UDP_V6: Way = Way { name: "calls-udp-v6", transport: Transport::Udp, address: V6 };
pub const TCP_V4: Way = Way { name: "calls-tcp-v4", transport: Transport::Tcp, address: V4 };
pub const TCP_V6: Way = Way { name: "calls-tcp-v6", transport: Transport::Tcp, address: V6 };
pub const TLS_V4: Way = Way { name: "calls-tls-v4", transport: Transport::Tls, address: V4 };
pub const TLS_V6: Way = Way { name: "calls-tls-v6", transport: Transport::Tls, address: V6 };

impl Transport {
    /// As a URI parameter and a key of configuration.
    pub fn word(self) -> &'static str {
        match self {
            Transport::Udp => "udp",
            Transport::Tcp => "tcp",
            Transport::Tls => "tls",
        }
    }
}

/// A fresh folder below target/interop.
pub fn folder(name: &str) -> Result<PathBuf, Failure> {
    let folder = root().join("target/interop").join(name);
    let make = || {
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        fs::create_dir_all(folder.join("conf"))
    };
    make().map_err(|error| io_failure(&format!("{}", folder.display()), &error))?;
    Ok(folder)
}

/// A port that neither UDP nor TCP uses, and that nobody else takes while we run.
pub fn free_port(address: IpAddr) -> Result<u16, Failure> {
    let none = || Failure::new(format!("no free port on {address}"), "is loopback up, with IPv6?");
    ports::free_port(address).ok_or_else(none)
}

/// An even port that SIPp can take for media: it binds that one and the second after it.
pub fn free_media_port(address: IpAddr) -> Result<u16, Failure> {
    let mut taken = [free_port(address)?, free_port(address)?, free_port(address)?];
    while taken[0] % 2 == 1 || taken[2] != taken[0] + 2 {
        taken = [taken[1], taken[2], free_port(address)?];
    }
    Ok(taken[0])
}

/// Waits until some program takes what is sent to an address.
pub fn wait_until_taken(transport: Transport, address: SocketAddr) -> Result<(), Failure> {
    let until = Instant::now() + TAKEN_WITHIN;
    while !is_taken(transport, address) {
        if Instant::now() > until {
            let what = format!("nobody listens at {address} after {} s", TAKEN_WITHIN.as_secs());
            return Err(Failure::new(what, "read the logs in the scenario's folder"));
        }
        thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}

/// Looks it up where the kernel lists its sockets: to try the port would take it from whoever is about to.
fn is_taken(transport: Transport, address: SocketAddr) -> bool {
    let table = match (transport, address.ip()) {
        (Transport::Udp, IpAddr::V4(_)) => "udp",
        (Transport::Udp, IpAddr::V6(_)) => "udp6",
        (_, IpAddr::V4(_)) => "tcp",
        (_, IpAddr::V6(_)) => "tcp6",
    };
    let sockets = fs::read_to_string(format!("/proc/self/net/{table}")).unwrap_or_default();
    let wanted = as_listed(address);
    sockets.lines().any(|line| {
        let mut columns = line.split_whitespace().skip(1);
        let (local, state) = (columns.next(), columns.nth(1));
        local == Some(&wanted) && (transport == Transport::Udp || state == Some(LISTENS))
    })
}

/// Words of four bytes as this machine keeps them, then the port.
fn as_listed(address: SocketAddr) -> String {
    let bytes = match address.ip() {
        IpAddr::V4(ip) => ip.octets().to_vec(),
        IpAddr::V6(ip) => ip.octets().to_vec(),
    };
    let words = bytes.chunks_exact(4).map(|word| u32::from_ne_bytes([word[0], word[1], word[2], word[3]]));
    let host: String = words.map(|word| format!("{word:08X}")).collect();
    format!("{host}:{:04X}", address.port())
}

pub fn io_failure(what: &str, error: &io::Error) -> Failure {
    Failure::new(format!("{what}: {error}"), "may target/interop be written, and is the program installed?")
}
