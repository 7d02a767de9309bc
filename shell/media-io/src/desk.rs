//! Where orders come in and events go out, between two batches of packets.

use std::collections::BTreeSet;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use media::{Act, Event, Order, Outbox, Packet, PortIndex, Relay, SessionKey, Verdict};

use crate::kernel::Carrier;
use crate::queue::Word;
use crate::socket::ROOM;

/// Orders in a row before the packets have their turn again: opening a stream takes four sockets.
const ORDERS_AT_ONCE: usize = 16;

/// What is left to be done at the desk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Left {
    Nothing,
    More,
    Stop,
}

/// The sockets behind the relay's port numbers.
pub(crate) trait Ports {
    /// What leaves it is marked with this code point.
    fn bind(&mut self, port: PortIndex, local: SocketAddr, mark: u8) -> io::Result<()>;
    fn unbind(&mut self, port: PortIndex);
    /// Sends one datagram; one that the system will not take is lost like one on its way.
    fn send(&mut self, port: PortIndex, record: &[u8], to: SocketAddr);
}

pub(crate) struct Desk<E> {
    pub relay: Relay,
    pub acts: Outbox,
    words: Receiver<Word>,
    marks: Vec<(IpAddr, u8)>,
    carrier: Option<Carrier>,
    events: E,
    /// Where the relay's own sound is written.
    room: Box<[u8; ROOM]>,
    /// Those that were opened, and that no order has closed.
    sessions: BTreeSet<SessionKey>,
}

impl<E: Fn(Event)> Desk<E> {
    pub fn new(
        words: Receiver<Word>,
        (marks, carrier): (Vec<(IpAddr, u8)>, Option<Carrier>),
        events: E,
    ) -> Self {
        Desk {
            relay: if carrier.is_some() { Relay::with_carrier() } else { Relay::new() },
            acts: Outbox::new(),
            words,
            marks,
            carrier,
            events,
            room: Box::new([0; ROOM]),
            sessions: BTreeSet::new(),
        }
    }

    /// Takes some of the orders that wait.
    pub fn take_orders(&mut self, now: Instant, ports: &mut impl Ports) -> Left {
        for _ in 0..ORDERS_AT_ONCE {
            match self.words.try_recv() {
                Ok(Word::Order(order)) => self.carry_out(now, order, ports),
                Ok(Word::LookAtRoutes) => {
                    let strayed = self.carrier.as_ref().map(Carrier::strayed).unwrap_or_default();
                    self.take_back(strayed);
                }
                Ok(Word::Stop) => return Left::Stop,
                Err(_) => return Left::Nothing,
            }
        }
        Left::More
    }

    /// Closes what is open still, so that its figures come back.
    pub fn close_all(&mut self, now: Instant, ports: &mut impl Ports) {
        while let Some(session) = self.sessions.first().copied() {
            self.carry_out(now, Order::Close { session }, ports);
        }
    }

    fn carry_out(&mut self, now: Instant, order: Order, ports: &mut impl Ports) {
        match &order {
            Order::Open { session, .. } => drop(self.sessions.insert(*session)),
            Order::Close { session } => drop(self.sessions.remove(session)),
            Order::Move { .. }
            | Order::Outside { .. }
            | Order::Aim { .. }
            | Order::Transcode { .. }
            | Order::Expect { .. }
            | Order::Press { .. }
            | Order::Play { .. }
            | Order::Record { .. }
            | Order::Copy { .. }
            | Order::Excerpt { .. }
            | Order::Meet { .. }
            | Order::Chat { .. }
            | Order::Ask { .. } => {}
        }
        if self.carrier.is_some() {
            let carried = self.relay.carried_in(order.session());
            match order {
                Order::Ask { session } => {
                    self.count(&carried);
                    self.take_back(self.relay.idle_in(now, session));
                }
                _ => self.take_back(carried),
            }
        }
        self.relay.order(now, order, &mut self.acts);
        self.act(ports);
    }

    /// Asks the relay what becomes of a packet.
    pub fn receive(
        &mut self,
        now: Instant,
        port: PortIndex,
        from: SocketAddr,
        packet: &mut Packet<'_>,
    ) -> Option<(PortIndex, SocketAddr)> {
        let mut verdict = self.relay.receive(now, port, from, packet, &mut self.acts);
        if verdict == Verdict::TakeBack {
            self.take_back(self.relay.carried_beside(port));
            verdict = self.relay.receive(now, port, from, packet, &mut self.acts);
        }
        match verdict {
            Verdict::Forward { port, to } => Some((port, to)),
            Verdict::Drop(_) | Verdict::TakeBack => None,
        }
    }

    /// Tells the relay what came of ports that the kernel carries, and goes on carrying.
    fn count(&mut self, carried: &[PortIndex]) {
        let Some(carrier) = &self.carrier else { return };
        for port in carried {
            if let Some(tally) = carrier.count(*port) {
                self.relay.counted(*port, &tally);
            }
        }
    }

    /// Has ports back from the kernel.
    #[cold]
    fn take_back(&mut self, carried: Vec<PortIndex>) {
        let Some(carrier) = &mut self.carrier else { return };
        for port in carried {
            if let Some(tally) = carrier.take_back(port) {
                self.relay.taken_back(port, &tally);
            }
        }
    }

    /// How long nothing is to be done if nothing comes; for ever, where there is nothing.
    pub fn patience(&self) -> Option<Duration> {
        let carries = self.carrier.as_ref().and_then(Carrier::next_moment);
        let moment = self.relay.next_moment().into_iter().chain(carries).min()?;
        Some(moment.saturating_duration_since(Instant::now()))
    }

    /// Does what the relay wants done by now though nothing came.
    pub fn wake(&mut self, now: Instant, ports: &mut impl Ports) {
        if let Some(carrier) = &mut self.carrier {
            carrier.look_ahead(now);
        }
        if self.relay.next_moment().is_some_and(|moment| moment <= now) {
            self.relay.wake(now, &mut self.acts);
            self.act(ports);
            self.play(now, ports);
        }
    }

    /// Sends what is due of the relay's own sound.
    fn play(&mut self, now: Instant, ports: &mut impl Ports) {
        loop {
            let mut packet = Packet::new(&mut self.room[..], 0);
            let Some((port, to)) = self.relay.next_played(now, &mut packet) else { return };
            ports.send(port, packet.bytes(), to);
        }
    }

    /// Sends what was copied of the last packets.
    pub fn send_copies(&mut self, ports: &mut impl Ports) {
        while let Some((port, to, packet)) = self.relay.next_copy() {
            ports.send(port, packet, to);
        }
    }

    /// Does what the relay wants done.
    pub fn act(&mut self, ports: &mut impl Ports) {
        let mut given_up = Outbox::new();
        let mut failed = None;
        for act in self.acts.drain(..) {
            match act {
                // The rest of a stream whose port could not be had: its other ports are not opened.
                Act::Bind { port, .. } if failed.is_some_and(|failed| same_stream(failed, port)) => {}
                Act::Bind { port, local } => {
                    let of_it = self.marks.iter().find(|(address, _)| *address == local.ip());
                    let mark = of_it.map_or(0, |(_, mark)| *mark);
                    if let Err(error) = ports.bind(port, local, mark) {
                        failed = Some(port);
                        self.relay.bind_failed(port, format!("{local}: {error}"), &mut given_up);
                    } else if let Some(carrier) = &mut self.carrier {
                        carrier.bound(port, local, mark);
                    }
                }
                Act::Unbind { port } => unbind(ports, self.carrier.as_mut(), port),
                Act::Send { port, to, record } => ports.send(port, &record, to),
                Act::Carry { port } => carry(&mut self.relay, self.carrier.as_mut(), port),
                Act::Tell(event) => (self.events)(event),
            }
        }
        for act in given_up {
            match act {
                Act::Unbind { port } => unbind(ports, self.carrier.as_mut(), port),
                Act::Tell(event) => (self.events)(event),
                Act::Bind { .. } | Act::Send { .. } | Act::Carry { .. } => {
                    unreachable!("a stream that is given up opens nothing")
                }
            }
        }
    }
}

fn unbind(ports: &mut impl Ports, carrier: Option<&mut Carrier>, port: PortIndex) {
    ports.unbind(port);
    if let Some(carrier) = carrier {
        carrier.unbound(port);
    }
}

/// Lets the kernel carry what arrives at a port, if all agree.
#[cold]
fn carry(relay: &mut Relay, carrier: Option<&mut Carrier>, port: PortIndex) {
    let Some(carriage) = relay.carriage(port) else { return };
    if carrier.is_some_and(|carrier| carrier.carry(port, &carriage)) {
        relay.carried(port);
    } else {
        relay.refused(port);
    }
}

fn same_stream(a: PortIndex, b: PortIndex) -> bool {
    a.stream() == b.stream()
}
