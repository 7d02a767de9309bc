//! Waiting for many sockets at once.

use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::time::Duration;

use libc::c_int;

use crate::socket::{checked, owned};

const READY_MAX: usize = 256;

pub(crate) struct Poll(OwnedFd);

/// Those that are ready.
pub(crate) struct Ready {
    events: [libc::epoll_event; READY_MAX],
    count: usize,
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

    /// Comes back when something is ready, or after so long.
    pub fn wait(&self, ready: &mut Ready, patience: Option<Duration>) -> io::Result<()> {
        let (events, room) = (ready.events.as_mut_ptr(), READY_MAX as c_int);
        let ms =
            patience.map_or(-1, |patience| c_int::try_from(patience.as_millis() + 1).unwrap_or(c_int::MAX));
        // SAFETY: writes at most `room` events, for which there is room.
        let count = checked(unsafe { libc::epoll_wait(self.0.as_raw_fd(), events, room, ms) });
        ready.count = match count {
            Ok(count) => count as usize,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => 0,
            Err(error) => return Err(error),
        };
        Ok(())
    }
}

impl Ready {
    pub fn new() -> Ready {
        Ready { events: [libc::epoll_event { events: 0, u64: 0 }; READY_MAX], count: 0 }
    }

    /// Whether more may be ready than there was room for.
    pub fn is_full(&self) -> bool {
        self.count == READY_MAX
    }

    pub fn tokens(&self) -> impl Iterator<Item = u32> {
        self.events[..self.count].iter().map(|event| event.u64 as u32)
    }
}
