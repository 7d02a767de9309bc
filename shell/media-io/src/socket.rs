//! The system calls that both kinds of loop need, each behind a safe name.

use std::io;
use std::mem;
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::ptr;
use std::sync::atomic::{AtomicBool, Ordering};

use libc::c_int;

/// A second of one stream's audio is 10 KB; this is room for the loop to be late, and for video.
const RECEIVE_BUFFER: c_int = 256 * 1024;

/// What a packet may hold: what fits on an Ethernet, and to spare. Longer ones are dropped.
pub(crate) const ROOM: usize = 2048;

/// A UDP socket that never blocks.
#[derive(Debug)]
pub(crate) struct Udp(UdpSocket);

/// Wakes a loop from another thread.
#[derive(Debug)]
pub(crate) struct Bell {
    event: OwnedFd,
    /// Rung, and not yet hushed: to ring again would tell nothing new.
    rung: AtomicBool,
}

impl Udp {
    /// What leaves it is marked with this code point.
    pub fn bind(local: SocketAddr, mark: u8) -> io::Result<Udp> {
        let socket = UdpSocket::bind(local)?;
        socket.set_nonblocking(true)?;
        // A refusal leaves the system's own size, which carries a call as well.
        let _ = set_option(&socket, libc::SOL_SOCKET, libc::SO_RCVBUF, RECEIVE_BUFFER);
        let (level, option) = match local {
            SocketAddr::V4(_) => (libc::IPPROTO_IP, libc::IP_TOS),
            SocketAddr::V6(_) => (libc::IPPROTO_IPV6, libc::IPV6_TCLASS),
        };
        // Without its mark a packet travels as well, where there is room.
        let _ = set_option(&socket, level, option, c_int::from(mark) << 2);
        Ok(Udp(socket))
    }

    /// Sends one datagram, if the system takes it at once.
    pub fn send(&self, datagram: &[u8], to: SocketAddr) {
        let _ = self.0.send_to(datagram, to);
    }

    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }
}

impl AsRawFd for Udp {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_raw_fd()
    }
}

impl Bell {
    pub fn new() -> io::Result<Bell> {
        // SAFETY: takes no pointer.
        let fd = owned(unsafe { libc::eventfd(0, libc::EFD_NONBLOCK | libc::EFD_CLOEXEC) })?;
        Ok(Bell { event: fd, rung: AtomicBool::new(false) })
    }

    /// A bell that cannot be rung is ringing already: its counter is full.
    pub fn ring(&self) {
        if self.rung.swap(true, Ordering::AcqRel) {
            return;
        }
        let one = 1u64.to_ne_bytes();
        // SAFETY: reads the 8 bytes of `one`.
        unsafe { libc::write(self.event.as_raw_fd(), one.as_ptr().cast(), one.len()) };
    }

    pub fn hush(&self) {
        let mut count = [0u8; 8];
        // SAFETY: writes at most the 8 bytes of `count`.
        unsafe { libc::read(self.event.as_raw_fd(), count.as_mut_ptr().cast(), count.len()) };
        // After this, whoever has something to tell rings again; what was told before is about to be read.
        self.rung.swap(false, Ordering::AcqRel);
    }
}

impl AsRawFd for Bell {
    fn as_raw_fd(&self) -> RawFd {
        self.event.as_raw_fd()
    }
}

/// Keeps the calling thread on one core.
pub(crate) fn pin_to(core: usize) -> io::Result<()> {
    if core >= libc::CPU_SETSIZE as usize {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "there is no such core"));
    }
    // SAFETY: a set of cores is plain bits, all zero is the empty one; `core` is within it.
    let set: libc::cpu_set_t = unsafe {
        let mut set = mem::zeroed();
        libc::CPU_SET(core, &mut set);
        set
    };
    // SAFETY: reads the set, whose size is given.
    checked(unsafe { libc::sched_setaffinity(0, mem::size_of_val(&set), ptr::from_ref(&set)) }).map(drop)
}

/// Lets this process open as many sockets as its hard limit allows, and says how many files that makes: a
/// call takes four sockets, and the soft limit is 1024 on most systems.
pub fn raise_descriptor_limit() -> io::Result<u64> {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: writes the one structure, which lives through the call.
    checked(unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &mut limit) })?;
    if limit.rlim_cur < limit.rlim_max {
        limit.rlim_cur = limit.rlim_max;
        // SAFETY: reads the one structure, which lives through the call.
        checked(unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &limit) })?;
    }
    Ok(limit.rlim_cur)
}

fn set_option(socket: &UdpSocket, level: c_int, option: c_int, value: c_int) -> io::Result<()> {
    let size = mem::size_of::<c_int>() as libc::socklen_t;
    // SAFETY: reads the one integer, whose size is given.
    let done =
        unsafe { libc::setsockopt(socket.as_raw_fd(), level, option, ptr::from_ref(&value).cast(), size) };
    checked(done).map(drop)
}

pub(crate) fn owned(fd: c_int) -> io::Result<OwnedFd> {
    // SAFETY: a descriptor that the system has just given belongs to nobody else.
    checked(fd).map(|fd| unsafe { OwnedFd::from_raw_fd(fd) })
}

pub(crate) fn checked(result: c_int) -> io::Result<c_int> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result) }
}
