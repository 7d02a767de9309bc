//! One UDP listening address of one shard.

use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::time::Instant;

use sip_stack::{Backlog, ConnectionId, Flow, Fullness, ListenerId, Send, Transport, Wire};

use crate::counters::Counters;
use crate::mmsg::{self, BATCH, Batch};
use crate::ports::{Ports, Tapped, Way};

/// Batches read from one socket before the others get their turn.
const BATCHES_PER_TURN: usize = 8;

pub struct UdpPort {
    pub listener: ListenerId,
    pub socket: UdpSocket,
    batch: Batch,
    backlog: Backlog,
    unsent: Vec<(SocketAddr, Wire)>,
}

impl UdpPort {
    pub fn new(listener: ListenerId, socket: UdpSocket) -> UdpPort {
        let (batch, backlog, unsent) = (Batch::new(), Backlog::default(), Vec::with_capacity(BATCH));
        UdpPort { listener, socket, batch, backlog, unsent }
    }

    /// Reads what waits, batch by batch; full, where more may wait than one turn reads.
    pub fn read(&mut self, mut each: impl FnMut(Batched<'_>)) -> Fullness {
        for _ in 0..BATCHES_PER_TURN {
            // An error is one of the network's about something sent earlier; what arrived is read next time.
            let Ok(count) = self.batch.receive(&self.socket) else {
                self.backlog.note(Fullness::Less);
                return Fullness::Less;
            };
            for (remote, bytes) in self.batch.datagrams().filter(|(_, bytes)| !is_keep_alive(bytes)) {
                each(match self.backlog.puts_off(bytes) {
                    false => Batched::Datagram(self.flow_to(remote), bytes),
                    true => Batched::PutOff,
                });
            }
            if count < BATCH {
                self.backlog.note(Fullness::Less);
                return Fullness::Less;
            }
            self.backlog.note(Fullness::Full);
        }
        Fullness::Full
    }

    pub fn put(&mut self, send: Send) {
        self.unsent.push((send.flow.remote, send.wire));
    }

    /// Gives everything to the kernel. Flows it has no way to are left in `failed`.
    pub fn flush(&mut self, ports: &Ports, counters: &Counters, failed: &mut Vec<Flow>) {
        let mut at = 0;
        while at < self.unsent.len() {
            match mmsg::send(&self.socket, &self.unsent[at..]) {
                Ok(count) => {
                    self.tap(ports, at, count);
                    counters.sent.add(count as u64);
                    at += count.max(1);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    counters.unsent.add(1);
                    // A full buffer is a loss like any other on the way: the sender repeats.
                    if error.kind() != io::ErrorKind::WouldBlock {
                        failed.push(self.flow_to(self.unsent[at].0));
                    }
                    at += 1;
                }
            }
        }
        self.unsent.clear();
    }

    fn tap(&self, ports: &Ports, from: usize, count: usize) {
        let Some(tap) = &ports.tap else { return };
        let at = Instant::now();
        for (remote, wire) in &self.unsent[from..from + count] {
            tap(Tapped { at, flow: self.flow_to(*remote), way: Way::Sent, bytes: wire.bytes() });
        }
    }

    fn flow_to(&self, remote: SocketAddr) -> Flow {
        Flow { transport: Transport::Udp, listener: self.listener, connection: ConnectionId::NONE, remote }
    }
}

/// What `read` hands over.
pub enum Batched<'a> {
    Datagram(Flow, &'a [u8]),
    /// One that its sender will say again: there is too much to do.
    PutOff,
}

/// Phones keep their way through a NAT open with datagrams that say nothing.
fn is_keep_alive(bytes: &[u8]) -> bool {
    bytes.len() <= 4 && bytes.iter().all(|byte| matches!(byte, b'\r' | b'\n' | 0))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn in_a_storm_phones_wait_and_calls_do_not() {
        let (mut port, far) = port();
        let say = |text: &str| far.send_to(text.as_bytes(), port.socket.local_addr().unwrap()).unwrap();
        for _ in 0..20 * BATCH {
            say("REGISTER sip:example.com SIP/2.0\r\n\r\n");
        }
        for method in ["INVITE", "BYE", "MESSAGE", "OPTIONS", "REGISTER"] {
            say(&format!("{method} sip:example.com SIP/2.0\r\n\r\n"));
        }

        let (taken, put_off) = read_all(&mut port);

        let phones = taken.iter().filter(|method| *method == "REGISTER").count();
        assert_eq!((phones, put_off), (4 * BATCH, 16 * BATCH + 1));
        assert_eq!(taken[phones..], ["INVITE", "BYE", "MESSAGE", "OPTIONS"]);
    }

    #[test]
    fn who_comes_after_the_storm_is_taken() {
        let (mut port, far) = port();
        let register = b"REGISTER sip:example.com SIP/2.0\r\n\r\n";
        for _ in 0..20 * BATCH {
            far.send_to(register, port.socket.local_addr().unwrap()).unwrap();
        }
        read_all(&mut port);

        far.send_to(register, port.socket.local_addr().unwrap()).unwrap();

        assert_eq!(read_all(&mut port), (vec!["REGISTER".to_owned()], 0));
    }

    fn port() -> (UdpPort, UdpSocket) {
        let [near, far] = [(); 2].map(|()| UdpSocket::bind("127.0.0.1:0").unwrap());
        near.set_nonblocking(true).unwrap();
        rustix::net::sockopt::set_socket_recv_buffer_size(&near, 4 << 20).unwrap();
        (UdpPort::new(ListenerId(0), near), far)
    }

    /// The methods of what was taken, and how many were put off.
    fn read_all(port: &mut UdpPort) -> (Vec<String>, usize) {
        let (mut taken, mut put_off) = (Vec::new(), 0);
        for _ in 0..4 {
            let _ = port.read(|batched| match batched {
                Batched::Datagram(_, bytes) => {
                    let method = bytes.split(|byte| *byte == b' ').next().unwrap();
                    taken.push(String::from_utf8(method.to_vec()).unwrap());
                }
                Batched::PutOff => put_off += 1,
            });
        }
        (taken, put_off)
    }
}
