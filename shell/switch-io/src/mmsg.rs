//! Batches of datagrams in one system call.
#![allow(unsafe_code)]

use std::io;
use std::mem::{self, MaybeUninit};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6, UdpSocket};
use std::os::fd::AsRawFd;

use sip_stack::Wire;

/// Datagrams per system call.
pub const BATCH: usize = 32;
const DATAGRAM_MAX: usize = 65_536;

/// Room for one batch of received datagrams.
pub struct Batch {
    room: Box<[u8]>,
    from: Vec<(usize, SocketAddr)>,
}

impl Batch {
    pub fn new() -> Batch {
        Batch { room: vec![0; BATCH * DATAGRAM_MAX].into_boxed_slice(), from: Vec::with_capacity(BATCH) }
    }

    /// The datagrams of the last `receive`, with their senders.
    pub fn datagrams(&self) -> impl Iterator<Item = (SocketAddr, &[u8])> {
        let rooms = self.room.chunks_exact(DATAGRAM_MAX);
        self.from.iter().zip(rooms).map(|((length, from), room)| (*from, &room[..*length]))
    }

    /// Takes what waits at the socket, one batch at most. Says how many came.
    pub fn receive(&mut self, socket: &UdpSocket) -> io::Result<usize> {
        self.from.clear();
        let mut names = [const { MaybeUninit::<libc::sockaddr_storage>::uninit() }; BATCH];
        let mut parts = [const { MaybeUninit::<libc::iovec>::uninit() }; BATCH];
        let mut heads = [const { MaybeUninit::<libc::mmsghdr>::uninit() }; BATCH];
        for (at, room) in self.room.chunks_exact_mut(DATAGRAM_MAX).enumerate() {
            let part = libc::iovec { iov_base: room.as_mut_ptr().cast(), iov_len: room.len() };
            let length = mem::size_of::<libc::sockaddr_storage>() as libc::socklen_t;
            heads[at].write(head((names[at].as_mut_ptr(), length), parts[at].write(part)));
        }
        // SAFETY: every header is written, and points to a name and a part that live until the call returns,
        // and every part to a chunk of `room` that no other part overlaps.
        let count = unsafe {
            libc::recvmmsg(
                socket.as_raw_fd(),
                heads.as_mut_ptr().cast(),
                BATCH as libc::c_uint,
                libc::MSG_DONTWAIT as _,
                std::ptr::null_mut(),
            )
        };
        if count < 0 {
            return Err(io::Error::last_os_error());
        }
        for (head, name) in heads.iter().zip(&names).take(count as usize) {
            // SAFETY: all headers were written above.
            let length = unsafe { head.assume_init_ref() }.msg_len;
            // SAFETY: the kernel wrote a name for every datagram that it counted.
            self.from.push((length as usize, unsafe { address_of(name.as_ptr()) }));
        }
        Ok(count as usize)
    }
}

/// Sends a batch; says how many datagrams the kernel took before the first it would not take.
pub fn send(socket: &UdpSocket, datagrams: &[(SocketAddr, Wire)]) -> io::Result<usize> {
    let datagrams = &datagrams[..datagrams.len().min(BATCH)];
    if let [(to, wire)] = datagrams {
        return socket.send_to(wire.bytes(), to).map(|_| 1);
    }
    let mut names = [const { MaybeUninit::<libc::sockaddr_storage>::uninit() }; BATCH];
    let mut parts = [const { MaybeUninit::<libc::iovec>::uninit() }; BATCH];
    let mut heads = [const { MaybeUninit::<libc::mmsghdr>::uninit() }; BATCH];
    for (at, (to, wire)) in datagrams.iter().enumerate() {
        let bytes = wire.bytes();
        let part = libc::iovec { iov_base: bytes.as_ptr().cast_mut().cast(), iov_len: bytes.len() };
        let (name, length) = name_of(*to);
        heads[at].write(head((names[at].write(name), length), parts[at].write(part)));
    }
    // SAFETY: the first `len` headers are written, and point to names and parts that live until the call
    // returns; the kernel only reads what the parts point to.
    let count = unsafe {
        libc::sendmmsg(
            socket.as_raw_fd(),
            heads.as_mut_ptr().cast(),
            datagrams.len() as libc::c_uint,
            libc::MSG_DONTWAIT as _,
        )
    };
    if count < 0 { Err(io::Error::last_os_error()) } else { Ok(count as usize) }
}

/// The header of a datagram of one part.
fn head(name: (*mut libc::sockaddr_storage, libc::socklen_t), part: *mut libc::iovec) -> libc::mmsghdr {
    // SAFETY: all-zero bytes are a valid value of this plain C structure.
    let mut head: libc::mmsghdr = unsafe { mem::zeroed() };
    head.msg_hdr.msg_name = name.0.cast();
    head.msg_hdr.msg_namelen = name.1;
    head.msg_hdr.msg_iov = part;
    head.msg_hdr.msg_iovlen = 1;
    head
}

/// # Safety
/// The kernel has written the name of a socket's far end there.
unsafe fn address_of(name: *const libc::sockaddr_storage) -> SocketAddr {
    // SAFETY: every name begins with its family.
    if i32::from(unsafe { (*name).ss_family }) == libc::AF_INET6 {
        // SAFETY: the kernel wrote a `sockaddr_in6`, for which a `sockaddr_storage` has size and alignment.
        let name = unsafe { &*name.cast::<libc::sockaddr_in6>() };
        let address = Ipv6Addr::from(name.sin6_addr.s6_addr);
        return SocketAddrV6::new(address, u16::from_be(name.sin6_port), 0, name.sin6_scope_id).into();
    }
    // SAFETY: sockets here are of one of two families, and the kernel wrote a `sockaddr_in`, as above.
    let name = unsafe { &*name.cast::<libc::sockaddr_in>() };
    let address = Ipv4Addr::from(u32::from_be(name.sin_addr.s_addr));
    SocketAddrV4::new(address, u16::from_be(name.sin_port)).into()
}

fn name_of(address: SocketAddr) -> (libc::sockaddr_storage, libc::socklen_t) {
    // SAFETY: all-zero bytes are a valid value of this plain C structure.
    let mut storage: libc::sockaddr_storage = unsafe { mem::zeroed() };
    let length = match address {
        SocketAddr::V4(address) => {
            // SAFETY: a `sockaddr_storage` has size and alignment for a `sockaddr_in`.
            let name = unsafe { &mut *(&raw mut storage).cast::<libc::sockaddr_in>() };
            name.sin_family = libc::AF_INET as libc::sa_family_t;
            name.sin_port = address.port().to_be();
            name.sin_addr.s_addr = u32::from(*address.ip()).to_be();
            mem::size_of::<libc::sockaddr_in>()
        }
        SocketAddr::V6(address) => {
            // SAFETY: a `sockaddr_storage` has size and alignment for a `sockaddr_in6`.
            let name = unsafe { &mut *(&raw mut storage).cast::<libc::sockaddr_in6>() };
            name.sin6_family = libc::AF_INET6 as libc::sa_family_t;
            name.sin6_port = address.port().to_be();
            name.sin6_addr.s6_addr = address.ip().octets();
            name.sin6_scope_id = address.scope_id();
            mem::size_of::<libc::sockaddr_in6>()
        }
    };
    (storage, length as libc::socklen_t)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn pair(host: &str) -> (UdpSocket, UdpSocket) {
        (UdpSocket::bind((host, 0)).unwrap(), UdpSocket::bind((host, 0)).unwrap())
    }

    #[test]
    fn a_batch_arrives_whole_in_order_and_with_its_sender() {
        for host in ["127.0.0.1", "::1"] {
            let (here, there) = pair(host);
            let to = there.local_addr().unwrap();
            let datagrams: Vec<_> = (0..5u8).map(|n| (to, Wire::new(&[n; 3000]))).collect();

            assert_eq!(send(&here, &datagrams).unwrap(), 5);
            let mut batch = Batch::new();
            let count = batch.receive(&there).unwrap();

            assert_eq!(count, 5);
            for (n, (from, bytes)) in batch.datagrams().enumerate() {
                assert_eq!(from, here.local_addr().unwrap());
                assert_eq!(bytes, [n as u8; 3000]);
            }
        }
    }

    #[test]
    fn one_datagram_the_kernel_refuses_stops_the_batch_there() {
        let (here, there) = pair("127.0.0.1");
        let to = there.local_addr().unwrap();
        let datagrams = [(to, Wire::new(b"first")), (to, Wire::new(&[0; 70_000])), (to, Wire::new(b"last"))];

        assert_eq!(send(&here, &datagrams).unwrap(), 1);
        assert!(send(&here, &datagrams[1..]).is_err());
        assert_eq!(send(&here, &datagrams[2..]).unwrap(), 1);
    }

    #[test]
    fn nothing_waiting_would_block() {
        let (here, _) = pair("127.0.0.1");

        let error = Batch::new().receive(&here).unwrap_err();

        assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
    }
}
