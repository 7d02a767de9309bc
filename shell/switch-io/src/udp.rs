//! One UDP listening address of one shard.

use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::time::Instant;

use sip_stack::{ConnectionId, Flow, ListenerId, Send, Transport, Wire};

use crate::counters::Counters;
use crate::mmsg::{self, BATCH, Batch};
use crate::ports::{Ports, Tapped, Way};

/// Batches read from one socket before the others get their turn.
const BATCHES_PER_TURN: usize = 8;

pub struct UdpPort {
    pub listener: ListenerId,
    pub socket: UdpSocket,
    batch: Batch,
    unsent: Vec<(SocketAddr, Wire)>,
}

impl UdpPort {
    pub fn new(listener: ListenerId, socket: UdpSocket) -> UdpPort {
        UdpPort { listener, socket, batch: Batch::new(), unsent: Vec::with_capacity(BATCH) }
    }

    /// Reads what waits, batch by batch; `then` is called after each batch.
    pub fn read(&mut self, mut each: impl FnMut(Batched<'_>)) {
        for _ in 0..BATCHES_PER_TURN {
            // An error is one of the network's about something sent earlier; what arrived is read next time.
            let Ok(count) = self.batch.receive(&self.socket) else { return };
            for (remote, bytes) in self.batch.datagrams().filter(|(_, bytes)| !is_keep_alive(bytes)) {
                each(Batched::Datagram(self.flow_to(remote), bytes));
            }
            each(Batched::End);
            if count < BATCH {
                return;
            }
        }
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
    /// The batch is over: what followed from it can go out.
    End,
}

/// Phones keep their way through a NAT open with datagrams that say nothing.
fn is_keep_alive(bytes: &[u8]) -> bool {
    bytes.len() <= 4 && bytes.iter().all(|byte| matches!(byte, b'\r' | b'\n' | 0))
}
