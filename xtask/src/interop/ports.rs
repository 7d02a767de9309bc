//! Ports for programs that are started one after the other.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::ops::Range;

/// Below the ports that the system hands out by itself, and below those for media.
const RANGE: Range<u16> = 11_000..19_000;
/// Where this process marks what it has taken, so that others running at the same time choose something else.
const MARKS: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 77, 0, 1));

/// A port that neither UDP nor TCP uses at an address. It stays this process's own until that ends.
pub fn free_port(address: IpAddr) -> Option<u16> {
    let size = u32::from(RANGE.end - RANGE.start);
    // Processes that begin at the same moment look in different places.
    let first = std::process::id().wrapping_mul(67) % size;
    let candidates = (0..size).map(|step| RANGE.start + ((first + step) % size) as u16);
    candidates.into_iter().find(|port| {
        let Ok(mark) = TcpListener::bind(SocketAddr::new(MARKS, *port)) else { return false };
        let is_free = TcpListener::bind(SocketAddr::new(address, *port)).is_ok()
            && UdpSocket::bind(SocketAddr::new(address, *port)).is_ok();
        // Kept open for as long as the process lives.
        std::mem::forget(mark);
        is_free
    })
}
