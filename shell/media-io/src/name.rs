//! Addresses as the system reads and writes them.

use std::mem;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::ptr;

use libc::{in6_addr, sockaddr_in, sockaddr_in6, socklen_t};

pub(crate) const NAME_LENGTH: socklen_t = mem::size_of::<Name>() as socklen_t;

/// Room for an address of either family; the first field says which of the two it is.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub(crate) struct Name(sockaddr_in6);

// SAFETY of every cast below: IPv4's structure is the smaller one and asks for no more alignment.
const _: () = assert!(mem::size_of::<sockaddr_in>() <= mem::size_of::<sockaddr_in6>());
const _: () = assert!(mem::align_of::<sockaddr_in>() <= mem::align_of::<sockaddr_in6>());

impl Name {
    pub const EMPTY: Name = Name(sockaddr_in6 {
        sin6_family: libc::AF_UNSPEC as u16,
        sin6_port: 0,
        sin6_flowinfo: 0,
        sin6_addr: in6_addr { s6_addr: [0; 16] },
        sin6_scope_id: 0,
    });

    /// The address, where it is one of the Internet's.
    pub fn read(&self) -> Option<SocketAddr> {
        match i32::from(self.0.sin6_family) {
            libc::AF_INET => {
                // SAFETY: the family says that it is this structure.
                let name = unsafe { &*ptr::from_ref(&self.0).cast::<sockaddr_in>() };
                let ip = Ipv4Addr::from(u32::from_be(name.sin_addr.s_addr));
                Some(SocketAddrV4::new(ip, u16::from_be(name.sin_port)).into())
            }
            libc::AF_INET6 => {
                let ip = Ipv6Addr::from(self.0.sin6_addr.s6_addr);
                let scope = if ip.is_unicast_link_local() { self.0.sin6_scope_id } else { 0 };
                Some(SocketAddrV6::new(ip, u16::from_be(self.0.sin6_port), 0, scope).into())
            }
            _ => None,
        }
    }

    /// Writes an address, and says how long it is.
    pub fn write(&mut self, to: SocketAddr) -> socklen_t {
        match to {
            SocketAddr::V4(to) => {
                // SAFETY: there is room and alignment for this structure.
                let name = unsafe { &mut *ptr::from_mut(&mut self.0).cast::<sockaddr_in>() };
                name.sin_family = libc::AF_INET as u16;
                name.sin_port = to.port().to_be();
                name.sin_addr.s_addr = u32::from(*to.ip()).to_be();
                mem::size_of::<sockaddr_in>() as socklen_t
            }
            SocketAddr::V6(to) => {
                self.0.sin6_family = libc::AF_INET6 as u16;
                self.0.sin6_port = to.port().to_be();
                self.0.sin6_flowinfo = to.flowinfo();
                self.0.sin6_addr.s6_addr = to.ip().octets();
                self.0.sin6_scope_id = to.scope_id();
                NAME_LENGTH
            }
        }
    }
}
