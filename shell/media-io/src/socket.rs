//! The system calls of a media loop, each behind a safe name.

use std::io;
use std::mem;
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::ptr;

use libc::c_int;

/// A second of one stream's audio is 10 KB; this is room for the loop to be late, and for video.
const RECEIVE_BUFFER: c_int = 256 * 1024;
const READY_MAX: usize = 256;

/// A UDP socket that never blocks.
#[derive(Debug)]
pub(crate) struct Udp(UdpSocket);

/// Wakes a loop from another thread.
#[derive(Debug)]
pub(crate) struct Bell(OwnedFd);

/// Waits for many sockets at once.
pub(crate) struct Poll(OwnedFd);

/// Those that are ready.
pub(crate) struct Ready {
    events: [libc::epoll_event; READY_MAX],
    count: usize,
}

impl Udp {
    pub fn bind(local: SocketAddr) -> io::Result<Udp> {
        let socket = UdpSocket::bind(local)?;
        socket.set_nonblocking(true)?;
        // A refusal leaves the system's own size, which carries a call as well.
        let _ = set_option(&socket, libc::SOL_SOCKET, libc::SO_RCVBUF, RECEIVE_BUFFER);
        Ok(Udp(socket))
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
        Ok(Bell(fd))
    }

    /// A bell that cannot be rung is ringing already: its counter is full.
    pub fn ring(&self) {
        let one = 1u64.to_ne_bytes();
        // SAFETY: reads the 8 bytes of `one`.
        unsafe { libc::write(self.0.as_raw_fd(), one.as_ptr().cast(), one.len()) };
    }

    pub fn hush(&self) {
        let mut count = [0u8; 8];
        // SAFETY: writes at most the 8 bytes of `count`.
        unsafe { libc::read(self.0.as_raw_fd(), count.as_mut_ptr().cast(), count.len()) };
    }
}

impl AsRawFd for Bell {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_raw_fd()
    }
}

impl Poll {
    pub fn new() -> io::Result<Poll> {
        // SAFETY: takes no pointer.
        owned(unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) }).map(Poll)
    }

    /// A socket that is closed is no longer watched.
    pub fn watch(&self, what: &impl AsRawFd, token: u32) -> io::Result<()> {
        let mut event = libc::epoll_event { events: libc::EPOLLIN as u32, u64: u64::from(token) };
        // SAFETY: `event` lives through the call, which does not keep it.
        let done =
            unsafe { libc::epoll_ctl(self.0.as_raw_fd(), libc::EPOLL_CTL_ADD, what.as_raw_fd(), &mut event) };
        checked(done).map(drop)
    }

    pub fn wait(&self, ready: &mut Ready) -> io::Result<()> {
        let (events, room) = (ready.events.as_mut_ptr(), READY_MAX as c_int);
        // SAFETY: writes at most `room` events, for which there is room.
        let count = checked(unsafe { libc::epoll_wait(self.0.as_raw_fd(), events, room, -1) });
        ready.count = match count {
            Ok(count) => count as usize,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => 0,
            Err(error) => return Err(error),
        };
        Ok(())
    }
}

impl Ready {
    /// Whether more may be ready than there was room for.
    pub fn is_full(&self) -> bool {
        self.count == READY_MAX
    }

    pub fn new() -> Ready {
        Ready { events: [libc::epoll_event { events: 0, u64: 0 }; READY_MAX], count: 0 }
    }

    pub fn tokens(&self) -> impl Iterator<Item = u32> {
        self.events[..self.count].iter().map(|event| event.u64 as u32)
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

fn set_option(socket: &UdpSocket, level: c_int, option: c_int, value: c_int) -> io::Result<()> {
    let size = mem::size_of::<c_int>() as libc::socklen_t;
    // SAFETY: reads the one integer, whose size is given.
    let done =
        unsafe { libc::setsockopt(socket.as_raw_fd(), level, option, ptr::from_ref(&value).cast(), size) };
    checked(done).map(drop)
}

fn owned(fd: c_int) -> io::Result<OwnedFd> {
    // SAFETY: a descriptor that the system has just given belongs to nobody else.
    checked(fd).map(|fd| unsafe { OwnedFd::from_raw_fd(fd) })
}

fn checked(result: c_int) -> io::Result<c_int> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result) }
}
