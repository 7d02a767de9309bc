//! Requests that can wait, at sockets of their own: read when they come, or, where many come, at the end of a
//! rest in which the kernel gathers them.

use std::io;
use std::os::fd::OwnedFd;
use std::time::Instant;

use rustix::event::epoll::{self, EventData, EventFlags};
use sip_stack::Fullness;

use crate::pace::Pace;
use crate::udp::{Batched, UdpPort};

pub struct Patient {
    ports: Vec<UdpPort>,
    /// Events of the first port bear this number, the others follow.
    first_event: u64,
    watched: Watched,
    pace: Pace,
}

/// Whether the shard wakes for what comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Watched {
    Yes,
    No,
}

impl Patient {
    /// Has the shard's epoll watch the ports.
    pub fn watch(ports: Vec<UdpPort>, first_event: u64, poll: &OwnedFd) -> io::Result<Patient> {
        for (at, port) in (first_event..).zip(&ports) {
            epoll::add(poll, &port.socket, EventData::new_u64(at), EventFlags::IN)?;
        }
        Ok(Patient { ports, first_event, watched: Watched::Yes, pace: Pace::default() })
    }

    /// When they are read next without an event.
    pub fn deadline(&self) -> Option<Instant> {
        self.pace.until()
    }

    /// Reads what waits at a turn that began `now`, and rests if more are on their way.
    pub fn read(&mut self, now: Instant, poll: &OwnedFd, mut each: impl FnMut(Batched<'_>)) {
        let Patient { ports, pace, .. } = self;
        let mut left = Fullness::Less;
        for port in ports {
            let read = port.read(|batched| {
                pace.read(now);
                each(batched);
            });
            if read == Fullness::Full {
                left = read;
            }
        }
        match left {
            Fullness::Less => self.pace.begin_rest(now),
            Fullness::Full => self.pace.go_on(now),
        }
        self.watch_if(if self.pace.until().is_some() { Watched::No } else { Watched::Yes }, poll);
    }

    fn watch_if(&mut self, watched: Watched, poll: &OwnedFd) {
        if self.watched == watched {
            return;
        }
        let flags = if watched == Watched::Yes { EventFlags::IN } else { EventFlags::empty() };
        let modify = |(at, port): (u64, &UdpPort)| {
            epoll::modify(poll, &port.socket, EventData::new_u64(at), flags).is_ok()
        };
        // Nothing but a want of memory refuses it: then the shard wakes for what can wait.
        if (self.first_event..).zip(&self.ports).all(modify) {
            self.watched = watched;
        }
    }
}
