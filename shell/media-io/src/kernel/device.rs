//! Devices of the network: which one has an address, of what kind it is, what fits through.

use std::io;
use std::mem;
use std::net::{IpAddr, Ipv4Addr, UdpSocket};
use std::os::fd::AsRawFd;
use std::ptr;

use crate::name::Name;
use crate::socket::checked;

/// A device that programs may be attached to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Device {
    pub index: u32,
    pub name: String,
}

/// The device that has an address.
pub(crate) fn with_address(address: IpAddr) -> io::Result<Device> {
    let mut first: *mut libc::ifaddrs = ptr::null_mut();
    // SAFETY: writes the one pointer.
    checked(unsafe { libc::getifaddrs(&mut first) })?;
    let mut found = None;
    let mut next = first;
    while !next.is_null() {
        // SAFETY: the list is the system's and whole until it is freed below.
        let one = unsafe { &*next };
        if is_of(one.ifa_addr, address) {
            // SAFETY: the name of each ends in a zero.
            let name = unsafe { std::ffi::CStr::from_ptr(one.ifa_name) };
            // SAFETY: the same.
            let index = unsafe { libc::if_nametoindex(one.ifa_name) };
            found = Some(Device { index, name: name.to_string_lossy().into_owned() });
            break;
        }
        next = one.ifa_next;
    }
    // SAFETY: nothing of the list is used after this.
    unsafe { libc::freeifaddrs(first) };
    found.filter(|device| device.index != 0).ok_or_else(|| io::Error::other("no device has this address"))
}

fn is_of(name: *const libc::sockaddr, address: IpAddr) -> bool {
    if name.is_null() {
        return false;
    }
    // SAFETY: an address of any family begins with that family.
    let family = i32::from(unsafe { (*name).sa_family });
    if family != libc::AF_INET {
        return false;
    }
    let mut copy = Name::EMPTY;
    // SAFETY: the family says how long it is, and there is room for it.
    unsafe {
        let from = name.cast::<u8>();
        ptr::copy_nonoverlapping(from, ptr::from_mut(&mut copy).cast(), mem::size_of::<libc::sockaddr_in>());
    }
    copy.read().is_some_and(|found| found.ip() == address)
}

/// Whether packets on a device have the heads of Ethernet.
pub(crate) fn is_ethernet(device: &Device) -> bool {
    let ask = |request: &mut libc::ifreq| ask(libc::SIOCGIFHWADDR, device.index, request);
    // SAFETY: the answer has filled in an address, whose family is the kind of the device.
    asked(ask).is_some_and(|answer| unsafe { answer.ifr_ifru.ifru_hwaddr.sa_family } == libc::ARPHRD_ETHER)
}

/// The longest packet that a device sends.
pub(crate) fn length_max(index: u32) -> Option<u32> {
    let answer = asked(|request| ask(libc::SIOCGIFMTU, index, request))?;
    // SAFETY: the answer has filled in a length.
    u32::try_from(unsafe { answer.ifr_ifru.ifru_mtu }).ok()
}

fn asked(ask: impl FnOnce(&mut libc::ifreq) -> io::Result<()>) -> Option<libc::ifreq> {
    // SAFETY: a plain structure, for which all zero is a value.
    let mut request = unsafe { mem::zeroed() };
    ask(&mut request).ok()?;
    Some(request)
}

fn ask(what: libc::Ioctl, index: u32, request: &mut libc::ifreq) -> io::Result<()> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?;
    // SAFETY: there is room for the longest name, which is written.
    if unsafe { libc::if_indextoname(index, request.ifr_name.as_mut_ptr()) }.is_null() {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: reads and writes the one structure.
    checked(unsafe { libc::ioctl(socket.as_raw_fd(), what, ptr::from_mut(request)) }).map(drop)
}
