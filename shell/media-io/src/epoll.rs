//! The loop with epoll, for every system: wait, read what is ready, ask the relay, send on.

mod batch;
mod poll;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use media::{Event, PortIndex};

use crate::desk::{Desk, Left, Ports};
use crate::socket::{Bell, Udp};
use batch::Batch;
use poll::{Poll, Ready};

/// The bell's token; ports have their own number, which stays far below.
const BELL: u32 = u32::MAX;

/// All that one thread needs to turn packets around.
pub(crate) struct Epoll {
    bell: Arc<Bell>,
    sockets: Sockets,
    batch: Batch,
}

struct Sockets {
    poll: Poll,
    by_port: Vec<Option<Udp>>,
}

/// How the loop keeps up. What is left at a socket is reported again, so one packet a turn loses nothing.
#[derive(Clone, Copy)]
enum Pace {
    Even,
    Behind,
}

impl Epoll {
    pub fn new(bell: Arc<Bell>) -> io::Result<Self> {
        let poll = Poll::new()?;
        poll.watch(&*bell, BELL)?;
        Ok(Epoll { bell, sockets: Sockets { poll, by_port: Vec::new() }, batch: Batch::new() })
    }

    pub fn run<E: Fn(Event)>(mut self, mut desk: Desk<E>) -> io::Result<()> {
        let ended = self.turns(&mut desk);
        desk.close_all(Instant::now(), &mut self.sockets);
        ended
    }

    fn turns<E: Fn(Event)>(&mut self, desk: &mut Desk<E>) -> io::Result<()> {
        let mut ready = Ready::new();
        loop {
            self.sockets.poll.wait(&mut ready, desk.patience())?;
            let now = Instant::now();
            desk.wake(now, &mut self.sockets);
            let pace = if ready.is_full() { Pace::Behind } else { Pace::Even };
            let mut rung = false;
            for token in ready.tokens() {
                if token == BELL {
                    rung = true;
                } else {
                    self.carry(now, PortIndex(token), pace, desk);
                }
            }
            if rung {
                self.bell.hush();
                match desk.take_orders(now, &mut self.sockets) {
                    Left::Nothing => {}
                    Left::More => self.bell.ring(),
                    Left::Stop => return Ok(()),
                }
            }
        }
    }

    /// Moves the packets that wait at one port.
    fn carry<E: Fn(Event)>(&mut self, now: Instant, port: PortIndex, pace: Pace, desk: &mut Desk<E>) {
        let Some(socket) = self.sockets.at(port) else { return };
        let received = match pace {
            Pace::Even => self.batch.receive_one(socket),
            Pace::Behind => self.batch.receive(socket),
        };
        let mut out: Option<(PortIndex, usize)> = None;
        for at in 0..received {
            let Some((from, mut packet)) = self.batch.packet(at) else { continue };
            let forwarded = desk.receive(now, port, from, &mut packet);
            let length = packet.length();
            let Some((via, to)) = forwarded else { continue };
            if let Some((before, _)) = out.filter(|(before, _)| *before != via) {
                self.send(before, desk);
            }
            self.batch.address(at, length, to);
            out = Some((via, at));
        }
        if let Some((via, _)) = out {
            self.send(via, desk);
        }
        desk.send_copies(&mut self.sockets);
        if !desk.acts.is_empty() {
            desk.act(&mut self.sockets);
        }
    }

    fn send<E>(&mut self, via: PortIndex, desk: &mut Desk<E>) {
        let Some(socket) = self.sockets.at(via) else { return self.batch.forget() };
        for _ in 0..self.batch.send(socket) {
            desk.relay.unsent(via);
        }
    }
}

impl Sockets {
    fn at(&self, port: PortIndex) -> Option<&Udp> {
        self.by_port.get(port.0 as usize)?.as_ref()
    }
}

impl Ports for Sockets {
    fn bind(&mut self, port: PortIndex, local: SocketAddr, mark: u8) -> io::Result<()> {
        let socket = Udp::bind(local, mark)?;
        self.poll.watch(&socket, port.0)?;
        let at = port.0 as usize;
        if self.by_port.len() <= at {
            self.by_port.resize_with(at + 1, || None);
        }
        self.by_port[at] = Some(socket);
        Ok(())
    }

    fn send(&mut self, port: PortIndex, record: &[u8], to: SocketAddr) {
        if let Some(socket) = self.at(port) {
            socket.send(record, to);
        }
    }

    fn unbind(&mut self, port: PortIndex) {
        if let Some(socket) = self.by_port.get_mut(port.0 as usize) {
            *socket = None;
        }
    }
}
