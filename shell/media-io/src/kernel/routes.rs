//! By which device and which neighbour the system sends to an address, as rtnetlink tells; and when that
//! changes.

use std::io;
use std::mem;
use std::net::Ipv4Addr;
use std::os::fd::{AsRawFd, OwnedFd};
use std::ptr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use super::device;
use crate::socket::{checked, owned};

/// The next step of a packet's way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Route {
    pub device: u32,
    pub neighbour: Ipv4Addr,
    /// Longer packets do not fit through.
    pub length_max: u32,
}

/// A socket on which the system is asked for routes.
#[derive(Debug)]
pub(crate) struct Routes {
    socket: OwnedFd,
    asked: AtomicU32,
}

/// A socket on which the system tells of changes.
#[derive(Debug)]
pub(crate) struct Changes(OwnedFd);

#[repr(C)]
struct Request {
    head: libc::nlmsghdr,
    route: RouteMessage,
    to: Address,
    from: Address,
}

/// `struct rtmsg`.
#[repr(C)]
#[derive(Clone, Copy, Default)]
struct RouteMessage {
    family: u8,
    to_bits: u8,
    from_bits: u8,
    service: u8,
    table: u8,
    protocol: u8,
    scope: u8,
    kind: u8,
    flags: u32,
}

/// `struct rtattr` with an address of IPv4.
#[repr(C)]
#[derive(Clone, Copy)]
struct Address {
    length: u16,
    kind: u16,
    octets: [u8; 4],
}

const HEAD: usize = mem::size_of::<libc::nlmsghdr>();
const BODY: usize = HEAD + mem::size_of::<RouteMessage>();
/// Where a head says which question it answers.
const SEQUENCE: usize = mem::offset_of!(libc::nlmsghdr, nlmsg_seq);
const ANSWER_MAX: usize = 4096;
/// Of `struct rtmsg`: a way to somewhere else, neither to ourselves nor to all.
const UNICAST: u8 = 1;
const METRIC_LENGTH: u16 = 2;
/// Links, addresses of IPv4, routes of IPv4 and the rules for them (`RTMGRP_*`).
const CHANGES: u32 = 0x1 | 0x10 | 0x40 | 0x80;
/// The kernel answers at once; nobody waits for one that does not.
const PATIENCE: Duration = Duration::from_millis(100);

impl Routes {
    pub fn open() -> io::Result<Routes> {
        let socket = netlink(0)?;
        set_patience(&socket, PATIENCE)?;
        Ok(Routes { socket, asked: AtomicU32::new(0) })
    }

    /// The way to an address from one of ours; none where it leads to ourselves, to many, or nowhere.
    pub fn find(&self, from: Ipv4Addr, to: Ipv4Addr) -> Option<Route> {
        if !is_somewhere(to) {
            return None;
        }
        let address = |kind, address: Ipv4Addr| Address {
            length: mem::size_of::<Address>() as u16,
            kind,
            octets: address.octets(),
        };
        let number = self.asked.fetch_add(1, Ordering::Relaxed);
        let request = Request {
            head: libc::nlmsghdr {
                nlmsg_len: mem::size_of::<Request>() as u32,
                nlmsg_type: libc::RTM_GETROUTE,
                nlmsg_flags: libc::NLM_F_REQUEST as u16,
                nlmsg_seq: number,
                nlmsg_pid: 0,
            },
            route: RouteMessage {
                family: libc::AF_INET as u8,
                to_bits: 32,
                from_bits: 32,
                ..RouteMessage::default()
            },
            to: address(libc::RTA_DST, to),
            from: address(libc::RTA_SRC, from),
        };
        let (bytes, size) = (ptr::from_ref(&request).cast(), mem::size_of::<Request>());
        // SAFETY: reads the request, whose size is given.
        let sent = unsafe { libc::send(self.socket.as_raw_fd(), bytes, size, 0) };
        if usize::try_from(sent) != Ok(size) {
            return None;
        }
        let mut answer = [0; ANSWER_MAX];
        // An answer that came too late is another question's.
        let length = loop {
            let length = receive(&self.socket, &mut answer).ok()?;
            let answers = answer.get(SEQUENCE..length)?.first_chunk()?;
            if u32::from_ne_bytes(*answers) == number {
                break length;
            }
        };
        read_route(&answer[..length], to)
    }
}

impl Changes {
    /// Waits for a change so long at most, and says whether there was one.
    pub fn open(patience: Duration) -> io::Result<Changes> {
        let socket = netlink(CHANGES)?;
        set_patience(&socket, patience)?;
        Ok(Changes(socket))
    }

    /// Whether something changed before patience ended. What cannot be heard may have been a change.
    pub fn wait(&self) -> bool {
        match receive(&self.0, &mut [0; ANSWER_MAX]) {
            Ok(_) => true,
            Err(error) => !matches!(error.raw_os_error(), Some(libc::EAGAIN | libc::EINTR)),
        }
    }
}

fn is_somewhere(address: Ipv4Addr) -> bool {
    !address.is_unspecified() && !address.is_loopback() && !address.is_multicast() && !address.is_broadcast()
}

fn read_route(answer: &[u8], to: Ipv4Addr) -> Option<Route> {
    let kind = u16::from_ne_bytes(*answer.get(4..)?.first_chunk()?);
    let route_kind = *answer.get(HEAD + mem::offset_of!(RouteMessage, kind))?;
    if kind != libc::RTM_NEWROUTE || route_kind != UNICAST {
        return None;
    }
    let (mut device, mut neighbour, mut path_length) = (None, to, None);
    for (kind, value) in Attributes(answer.get(BODY..)?) {
        match kind {
            libc::RTA_OIF => device = value.first_chunk().map(|index| u32::from_ne_bytes(*index)),
            libc::RTA_GATEWAY => neighbour = Ipv4Addr::from(*value.first_chunk()?),
            libc::RTA_METRICS => path_length = Attributes(value).find_map(length_in),
            // A neighbour of another family, or several.
            libc::RTA_VIA | libc::RTA_MULTIPATH => return None,
            _ => {}
        }
    }
    let device = device?;
    let length_max = device::length_max(device)?;
    Some(Route { device, neighbour, length_max: path_length.unwrap_or(length_max).min(length_max) })
}

fn length_in((kind, value): (u16, &[u8])) -> Option<u32> {
    let is_it = kind == METRIC_LENGTH;
    value
        .first_chunk()
        .filter(|_| is_it)
        .map(|length| u32::from_ne_bytes(*length))
        .filter(|length| *length > 0)
}

/// Attributes one after the other, each by its kind.
struct Attributes<'a>(&'a [u8]);

impl<'a> Iterator for Attributes<'a> {
    type Item = (u16, &'a [u8]);

    fn next(&mut self) -> Option<(u16, &'a [u8])> {
        let [a, b, c, d] = *self.0.first_chunk()?;
        let length = usize::from(u16::from_ne_bytes([a, b]));
        let value = self.0.get(4..length)?;
        self.0 = self.0.get(length.next_multiple_of(4)..).unwrap_or_default();
        Some((u16::from_ne_bytes([c, d]), value))
    }
}

fn netlink(groups: u32) -> io::Result<OwnedFd> {
    // SAFETY: takes no pointer.
    let socket = owned(unsafe {
        libc::socket(libc::AF_NETLINK, libc::SOCK_RAW | libc::SOCK_CLOEXEC, libc::NETLINK_ROUTE)
    })?;
    // SAFETY: a plain structure, for which all zero is a value.
    let mut name: libc::sockaddr_nl = unsafe { mem::zeroed() };
    (name.nl_family, name.nl_groups) = (libc::AF_NETLINK as u16, groups);
    let (address, size) = (ptr::from_ref(&name).cast(), mem::size_of_val(&name) as libc::socklen_t);
    // SAFETY: reads the name, whose size is given.
    checked(unsafe { libc::bind(socket.as_raw_fd(), address, size) })?;
    Ok(socket)
}

fn set_patience(socket: &OwnedFd, patience: Duration) -> io::Result<()> {
    let time = libc::timeval {
        tv_sec: patience.as_secs() as libc::time_t,
        tv_usec: patience.subsec_micros().into(),
    };
    let (value, size) = (ptr::from_ref(&time).cast(), mem::size_of_val(&time) as libc::socklen_t);
    // SAFETY: reads the time, whose size is given.
    let done =
        unsafe { libc::setsockopt(socket.as_raw_fd(), libc::SOL_SOCKET, libc::SO_RCVTIMEO, value, size) };
    checked(done).map(drop)
}

fn receive(socket: &OwnedFd, room: &mut [u8]) -> io::Result<usize> {
    // SAFETY: writes at most as many bytes as there is room for.
    let length = unsafe { libc::recv(socket.as_raw_fd(), room.as_mut_ptr().cast(), room.len(), 0) };
    usize::try_from(length).map_err(|_| io::Error::last_os_error())
}
