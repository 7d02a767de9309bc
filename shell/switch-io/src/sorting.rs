//! Has the kernel sort datagrams by their first word: requests that can wait go to a socket of their own, so
//! that a storm of them fills no buffer in which a call arrives.
//!
//! Sockets that listen on one address are numbered as they were bound: two for each shard, the second for
//! what can wait. A program of a few steps, in the kernel's own small language (`SO_ATTACH_REUSEPORT_CBPF` in
//! `socket(7)`), says for each datagram which of them gets it.
#![allow(unsafe_code)]

use std::io;
use std::mem;
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::AsRawFd;

use libc::{BPF_A, BPF_K, BPF_X, sock_filter, sock_fprog};

/// Loads count from the text of a datagram; from here on they count from its header of IP.
const HEADER: u32 = libc::SKF_NET_OFF as u32;
/// Odd numbers whose bits look like chance: what is multiplied with them is spread.
const SPREAD: [u32; 2] = [0x9E37_79B1, 0x85EB_CA6B];
/// How requests begin that can wait (`Backlog::can_wait`), as much as one step compares.
const PATIENT: [&[u8; 4]; 3] = [b"REGI", b"SUBS", b"PUBL"];

/// Sorts what comes to `socket` and those that will be bound beside it, two for each of so many shards.
pub fn sort(socket: &UdpSocket, address: SocketAddr, shards: u8) -> io::Result<()> {
    let mut steps = program(address, u32::from(shards));
    let program = sock_fprog { len: steps.len() as u16, filter: steps.as_mut_ptr() };
    // SAFETY: the kernel copies the program, whose steps live until the call returns.
    let done = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_ATTACH_REUSEPORT_CBPF,
            (&raw const program).cast(),
            mem::size_of::<sock_fprog>() as libc::socklen_t,
        )
    };
    if done < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// The number of the socket that a datagram is for.
fn program(address: SocketAddr, shards: u32) -> Vec<sock_filter> {
    // The last word of its sender's address, and its port behind the header; headers with options are as rare
    // as they are welcome, and are spread by other bytes.
    let (host, port) = if address.is_ipv4() { (12, 20) } else { (20, 40) };
    let mut steps = vec![
        load(libc::BPF_H, HEADER.wrapping_add(port)),
        reckon(libc::BPF_MUL, SPREAD[0]),
        step(libc::BPF_MISC | libc::BPF_TAX, 0),
        load(libc::BPF_W, HEADER.wrapping_add(host)),
        step(libc::BPF_ALU | libc::BPF_XOR | BPF_X, 0),
        reckon(libc::BPF_MUL, SPREAD[1]),
        reckon(libc::BPF_RSH, 16),
        reckon(libc::BPF_MOD, shards),
        reckon(libc::BPF_MUL, 2),
        step(libc::BPF_ST, 0),
        // A datagram that is too short for it ends the program here: the first socket gets it.
        load(libc::BPF_W, 0),
    ];
    for (left, word) in (0..PATIENT.len() as u8).rev().zip(PATIENT) {
        let found = if_equal(u32::from_be_bytes(*word), left + 2);
        steps.push(found);
    }
    let number = step(libc::BPF_LD | libc::BPF_MEM, 0);
    let answer = step(libc::BPF_RET | BPF_A, 0);
    steps.extend([number, answer, number, reckon(libc::BPF_ADD, 1), answer]);
    steps
}

fn step(code: u32, k: u32) -> sock_filter {
    sock_filter { code: code as u16, jt: 0, jf: 0, k }
}

fn load(size: u32, at: u32) -> sock_filter {
    step(libc::BPF_LD | size | libc::BPF_ABS, at)
}

fn reckon(how: u32, with: u32) -> sock_filter {
    step(libc::BPF_ALU | how | BPF_K, with)
}

/// Leaves out so many steps where the word at hand is this one.
fn if_equal(word: u32, left_out: u8) -> sock_filter {
    sock_filter { jt: left_out, ..step(libc::BPF_JMP | libc::BPF_JEQ | BPF_K, word) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::net::ToSocketAddrs;

    use sip_stack::Backlog;

    use super::*;
    use crate::socket;

    /// Two sockets for each shard, in the order in which they were bound.
    fn sockets(host: &str, shards: u8) -> (SocketAddr, Vec<UdpSocket>) {
        let first = socket::udp((host, 0).to_socket_addrs().unwrap().next().unwrap(), 0).unwrap();
        let address = first.local_addr().unwrap();
        sort(&first, address, shards).unwrap();
        let others = (1..2 * shards).map(|_| socket::udp(address, 0).unwrap());
        (address, [first].into_iter().chain(others).collect())
    }

    /// Which of them got a text; a loopback delivers before it returns.
    fn reader(sockets: &[UdpSocket]) -> usize {
        let mut room = [0; 64];
        let got: Vec<usize> = (0..sockets.len()).filter(|at| sockets[*at].recv(&mut room).is_ok()).collect();
        assert_eq!(got.len(), 1, "{got:?}");
        got[0]
    }

    #[test]
    fn what_can_wait_comes_to_a_socket_of_its_own() {
        for host in ["127.0.0.1", "::1"] {
            let (address, sockets) = sockets(host, 1);
            let far = UdpSocket::bind((host, 0)).unwrap();
            for method in ["REGISTER", "SUBSCRIBE", "PUBLISH", "INVITE", "MESSAGE", "NOTIFY", "BYE"] {
                let text = format!("{method} sip:example.com SIP/2.0\r\n\r\n");
                far.send_to(text.as_bytes(), address).unwrap();

                assert_eq!(reader(&sockets) == 1, Backlog::can_wait(text.as_bytes()), "{method} by {host}");
            }
            for text in ["", "\r\n", "REG", "SIP/2.0 200 OK"] {
                far.send_to(text.as_bytes(), address).unwrap();

                assert_eq!(reader(&sockets), 0, "{text:?} by {host}");
            }
        }
    }

    #[test]
    fn a_storm_of_phones_leaves_room_for_a_call() {
        let (address, sockets) = sockets("127.0.0.1", 1);
        let far = UdpSocket::bind("127.0.0.1:0").unwrap();
        // More than the largest buffer holds that the kernel gives us.
        let register = [PATIENT[0], &[b' '; 1_000][..]].concat();
        (0..20_000).for_each(|_| assert!(far.send_to(&register, address).is_ok()));

        far.send_to(b"INVITE", address).unwrap();

        let mut room = [0; 64];
        assert_eq!(sockets[0].recv(&mut room).unwrap(), 6);
        let taken = std::iter::from_fn(|| sockets[1].recv(&mut room).ok()).count();
        assert!((1..20_000).contains(&taken), "{taken}");
    }

    #[test]
    fn a_far_end_is_heard_by_one_shard_and_many_by_all() {
        for host in ["127.0.0.1", "::1"] {
            let (address, sockets) = sockets(host, 3);
            let mut heard = [0; 6];
            for _ in 0..60 {
                let far = UdpSocket::bind((host, 0)).unwrap();
                let by = ["INVITE", "REGISTER", "INVITE"].map(|method| {
                    far.send_to(method.as_bytes(), address).unwrap();
                    reader(&sockets)
                });
                assert_eq!(by, [by[0], by[0] + 1, by[0]]);
                heard[by[0]] += 1;
            }
            assert!(
                [0, 2, 4].iter().all(|at| heard[*at] > 5) && heard[1] + heard[3] + heard[5] == 0,
                "{heard:?}"
            );
        }
    }
}
