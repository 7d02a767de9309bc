//! Packets that were read with one call, and are sent with one, from where they lie.

use std::mem;
use std::net::SocketAddr;
use std::os::fd::AsRawFd;
use std::ptr;

use libc::{iovec, mmsghdr, socklen_t};

use media::Packet;

use crate::name::{NAME_LENGTH, Name};
use crate::socket::{ROOM, Udp};

/// At 50 packets a second one waits at a socket, seldom two; more when the loop is behind.
const PACKETS: usize = 16;

/// Buffers for one batch, and the headers that tell the system of them. The pointers in the headers are
/// written anew before each call, and hold for that call only.
pub(crate) struct Batch {
    buffers: Box<[[u8; ROOM]; PACKETS]>,
    names: Box<[Name; PACKETS]>,
    parts: Box<[iovec; PACKETS]>,
    headers: Box<[mmsghdr; PACKETS]>,
    arrived: [Arrived; PACKETS],
    /// Which of the last read are sent next, and how long their addresses are.
    outgoing: Vec<(usize, socklen_t)>,
}

#[derive(Clone, Copy, Default)]
struct Arrived {
    length: usize,
    is_cut: bool,
}

// SAFETY: no pointer in a header is followed but in the call that it was written for.
unsafe impl Send for Batch {}

impl Batch {
    pub fn new() -> Batch {
        // SAFETY: these are plain structures of the system's, for which all zero is a value.
        let (parts, headers) = unsafe { (mem::zeroed(), mem::zeroed()) };
        Batch {
            buffers: Box::new([[0; ROOM]; PACKETS]),
            names: Box::new([Name::EMPTY; PACKETS]),
            parts: Box::new(parts),
            headers: Box::new(headers),
            arrived: [Arrived::default(); PACKETS],
            outgoing: Vec::with_capacity(PACKETS),
        }
    }

    /// Reads one packet: the call for many costs a tenth more when there is but one.
    pub fn receive_one(&mut self, socket: &Udp) -> usize {
        let (buffer, name) = (self.buffers[0].as_mut_ptr(), ptr::from_mut(&mut self.names[0]));
        let mut name_length = NAME_LENGTH;
        let flags = libc::MSG_DONTWAIT | libc::MSG_TRUNC;
        // SAFETY: the buffer has that room, and the name has the length that is given with it.
        let length = unsafe {
            libc::recvfrom(socket.as_raw_fd(), buffer.cast(), ROOM, flags, name.cast(), &mut name_length)
        };
        let Ok(length) = usize::try_from(length) else { return 0 };
        self.arrived[0] = Arrived { length, is_cut: length > ROOM };
        1
    }

    /// Reads what waits at a socket, and says how many packets that were.
    pub fn receive(&mut self, socket: &Udp) -> usize {
        for at in 0..PACKETS {
            self.point(at, at, ROOM, NAME_LENGTH);
        }
        let (headers, room) = (self.headers.as_mut_ptr(), PACKETS as u32);
        // SAFETY: each header leads to a name and a buffer of the lengths that it gives.
        let count =
            unsafe { libc::recvmmsg(socket.as_raw_fd(), headers, room, libc::MSG_DONTWAIT, ptr::null_mut()) };
        let count = usize::try_from(count).unwrap_or(0);
        for (arrived, header) in self.arrived.iter_mut().zip(&self.headers[..count]) {
            let is_cut = header.msg_hdr.msg_flags & libc::MSG_TRUNC != 0;
            *arrived = Arrived { length: header.msg_len as usize, is_cut };
        }
        count
    }

    /// A packet of the last read, and its sender; none where it was too long.
    pub fn packet(&mut self, at: usize) -> Option<(SocketAddr, Packet<'_>)> {
        let Arrived { length, is_cut } = self.arrived[at];
        if is_cut {
            return None;
        }
        Some((self.names[at].read()?, Packet::new(&mut self.buffers[at], length)))
    }

    /// Puts a packet of the last read into what is sent next.
    pub fn address(&mut self, at: usize, length: usize, to: SocketAddr) {
        self.arrived[at].length = length;
        let name_length = self.names[at].write(to);
        self.outgoing.push((at, name_length));
    }

    /// Sends what was addressed, and says how many packets did not go out.
    pub fn send(&mut self, socket: &Udp) -> usize {
        if let [(at, name_length)] = self.outgoing[..] {
            self.outgoing.clear();
            return self.send_one(socket, at, name_length);
        }
        let total = self.outgoing.len();
        for slot in 0..total {
            let (at, name_length) = self.outgoing[slot];
            self.point(slot, at, self.arrived[at].length, name_length);
        }
        self.outgoing.clear();

        let mut failed = 0;
        let mut rest = &mut self.headers[..total];
        while !rest.is_empty() {
            // SAFETY: each header leads to a name and a buffer that the batch owns, of the lengths it gives.
            let sent = unsafe {
                libc::sendmmsg(socket.as_raw_fd(), rest.as_mut_ptr(), rest.len() as u32, libc::MSG_DONTWAIT)
            };
            // An error is that of the first packet: the others may yet go.
            let done = usize::try_from(sent).unwrap_or_else(|_| {
                failed += 1;
                1
            });
            rest = &mut rest[done..];
        }
        failed
    }

    fn send_one(&mut self, socket: &Udp, at: usize, name_length: socklen_t) -> usize {
        let (buffer, name) = (self.buffers[at].as_ptr(), ptr::from_ref(&self.names[at]));
        let (length, flags) = (self.arrived[at].length, libc::MSG_DONTWAIT);
        // SAFETY: the packet of that length lies in the buffer, and the address of that length in the name.
        let sent = unsafe {
            libc::sendto(socket.as_raw_fd(), buffer.cast(), length, flags, name.cast(), name_length)
        };
        usize::from(sent < 0)
    }

    /// Lets the header in a slot lead to one of the buffers.
    fn point(&mut self, slot: usize, at: usize, length: usize, name_length: socklen_t) {
        let part = iovec { iov_base: self.buffers[at].as_mut_ptr().cast(), iov_len: length };
        self.parts[slot] = part;
        let header = &mut self.headers[slot].msg_hdr;
        header.msg_name = ptr::from_mut(&mut self.names[at]).cast();
        header.msg_namelen = name_length;
        header.msg_iov = &mut self.parts[slot];
        header.msg_iovlen = 1;
        header.msg_flags = 0;
    }

    /// Gives up what was addressed.
    pub fn forget(&mut self) {
        self.outgoing.clear();
    }
}
