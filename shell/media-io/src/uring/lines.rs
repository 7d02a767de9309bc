//! The sockets behind the relay's ports, and the ring that all their packets go through.

use std::collections::VecDeque;
use std::io;
use std::mem;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::os::fd::AsRawFd;
use std::time::Duration;

use io_uring::types::{Fd, SubmitArgs, Timespec};
use io_uring::{EnterFlags, IoUring, cqueue, opcode, squeue};
use libc::msghdr;
use media::{Packet, PortIndex};

use super::buffers::{Buffers, GROUP, Held};
use super::token::{Generation, Token};
use crate::desk::Ports;
use crate::name::NAME_LENGTH;
use crate::socket::{Bell, Udp};

/// Room for requests between two calls; when it is full there is one call more.
const REQUESTS: u32 = 2048;
/// How long the trial packet may take.
const TRIAL: Duration = Duration::from_secs(1);

/// Many sockets and one ring.
///
/// The fields are dropped in this order: the ring first, then what its requests point to. While the loop
/// does not stand in a call to the ring, the system writes nothing: its work is deferred to that call.
pub(crate) struct Lines {
    ring: IoUring,
    shape: Box<Shape>,
    state: State,
}

/// What the system is to write beside each packet: the sender's address, and nothing else.
struct Shape(msghdr);

// SAFETY: all pointers in it are null.
unsafe impl Send for Shape {}

/// What we know of the requests that are with the system.
struct State {
    buffers: Buffers,
    by_port: Vec<Line>,
    bell: Hearing,
    rung: bool,
    /// Which packet is under way in which buffer.
    departures: Box<[Sender]>,
    under_way: usize,
    came: VecDeque<(Sender, Held)>,
    unsent: Vec<Sender>,
    /// Ports whose hearing has ended by itself.
    deaf: Vec<PortIndex>,
}

/// A port and who used it.
type Sender = (PortIndex, Generation);

/// What a port is at present.
#[derive(Debug, Default)]
struct Line {
    generation: Generation,
    socket: Socket,
}

#[derive(Debug, Default)]
enum Socket {
    #[default]
    Closed,
    Open(Udp, Hearing),
}

/// Whether the system has a request for what comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hearing {
    Begun,
    Ended,
}

/// A packet that came.
pub(crate) struct Arrival {
    pub port: PortIndex,
    pub held: Held,
}

impl Lines {
    /// To be made on the thread that uses it.
    pub fn new(buffers: u16) -> io::Result<Lines> {
        // Every buffer may be told of twice between two calls, as come and as gone; then some for the rest.
        let results = 4 * u32::from(buffers);
        let ring = IoUring::builder()
            .setup_single_issuer()
            .setup_defer_taskrun()
            .setup_submit_all()
            .setup_cqsize(results.max(REQUESTS))
            .build(REQUESTS)?;
        // SAFETY: a plain structure, for which all zero is a value: no pointer leads anywhere.
        let mut shape: msghdr = unsafe { mem::zeroed() };
        shape.msg_namelen = NAME_LENGTH;
        let lines = Lines { ring, shape: Box::new(Shape(shape)), state: State::new(buffers) };
        lines.state.buffers.register(&lines.ring.submitter())?;
        Ok(lines)
    }

    /// Lets a packet come and go: a system that lacks a part of this gives no error before.
    pub fn prove(&mut self) -> io::Result<()> {
        let anywhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let (port, far) = (PortIndex(0), UdpSocket::bind(anywhere)?);
        far.set_read_timeout(Some(TRIAL))?;
        self.bind(port, anywhere, 0)?;
        let done = self.try_packet(port, &far);
        self.unbind(port);
        done
    }

    fn try_packet(&mut self, port: PortIndex, far: &UdpSocket) -> io::Result<()> {
        let lacking =
            || io::Error::new(io::ErrorKind::Unsupported, "io_uring lacks a part of what is needed");
        let (trial, far_address) = (*b"trial", far.local_addr()?);
        let (near, _) = self.state.open(port).ok_or_else(lacking)?;
        far.send_to(&trial, near.local_addr()?)?;

        self.enter(1, Some(&SubmitArgs::new().timespec(&Timespec::from(TRIAL))))?;
        let Arrival { held, .. } = self.next_arrival().ok_or_else(lacking)?;
        let came =
            self.packet(&held).is_some_and(|(from, packet)| from == far_address && packet.bytes() == trial);
        if !came {
            self.give_back(held);
            return Err(lacking());
        }
        self.send(held, trial.len(), port, far_address)?;
        self.send_all()?;
        let mut buffer = [0; 16];
        let length = far.recv(&mut buffer)?;
        if buffer[..length] == trial { Ok(()) } else { Err(lacking()) }
    }

    /// Sends what waits to be sent, and comes back when so many things have happened, or after so long.
    pub fn wait(&mut self, wanted: usize, patience: Option<Duration>) -> io::Result<()> {
        self.hear_again()?;
        let want = if self.state.rung || !self.state.came.is_empty() {
            0
        } else if self.state.deaf.is_empty() {
            // What is sent is done within the call, and is nothing to wake up for.
            self.state.under_way + wanted
        } else {
            1
        };
        match patience.map(Timespec::from) {
            Some(patience) => self.enter(want, Some(&SubmitArgs::new().timespec(&patience))),
            None => self.enter(want, None),
        }
    }

    /// Sends what waits to be sent, and comes back when all of it is gone.
    pub fn send_all(&mut self) -> io::Result<()> {
        while self.state.under_way > 0 {
            self.enter(self.state.under_way, None)?;
        }
        Ok(())
    }

    /// Whether somebody has rung since [`Lines::listen_to`].
    pub fn has_rung(&self) -> bool {
        self.state.rung
    }

    pub fn listen_to(&mut self, bell: &Bell) -> io::Result<()> {
        self.state.rung = false;
        if self.state.bell == Hearing::Ended {
            let listen = opcode::PollAdd::new(Fd(bell.as_raw_fd()), libc::POLLIN as u32).multi(true);
            self.push(&listen.build().user_data(Token::Bell.to_bits()))?;
            self.state.bell = Hearing::Begun;
        }
        Ok(())
    }

    pub fn stop_listening(&mut self) -> io::Result<()> {
        self.cancel(Token::Bell)?;
        while self.state.bell == Hearing::Begun {
            self.enter(1, None)?;
        }
        Ok(())
    }

    /// The next packet that came. One whose stream is gone does not show.
    pub fn next_arrival(&mut self) -> Option<Arrival> {
        loop {
            let (sender, held) = self.state.came.pop_front()?;
            if self.state.is_current(sender) {
                return Some(Arrival { port: sender.0, held });
            }
            self.state.buffers.give_back(held);
        }
    }

    /// The next port whose packet the system would not send.
    pub fn next_unsent(&mut self) -> Option<PortIndex> {
        loop {
            let sender = self.state.unsent.pop()?;
            if self.state.is_current(sender) {
                return Some(sender.0);
            }
        }
    }

    /// A packet that came, and its sender; none where it was too long.
    pub fn packet(&mut self, held: &Held) -> Option<(SocketAddr, Packet<'_>)> {
        self.state.buffers.packet(held)
    }

    pub fn give_back(&mut self, held: Held) {
        self.state.buffers.give_back(held);
    }

    /// Puts a packet into what is sent with the next call; its buffer is given back when it is gone.
    pub fn send(&mut self, held: Held, length: usize, via: PortIndex, to: SocketAddr) -> io::Result<()> {
        let Some((socket, generation)) = self.state.open(via) else {
            self.give_back(held);
            return Ok(());
        };
        let socket = Fd(socket.as_raw_fd());
        let parcel = self.state.buffers.address(&held, length, to);
        let buffer = held.into_number();
        self.state.departures[usize::from(buffer)] = (via, generation);
        self.state.under_way += 1;
        let send = opcode::Send::new(socket, parcel.packet, parcel.length)
            .dest_addr(parcel.name)
            .dest_addr_len(parcel.name_length)
            .flags(libc::MSG_DONTWAIT);
        self.push(&send.build().user_data(Token::Departure { buffer }.to_bits()))
    }

    /// Asks again for what comes to ports that went deaf, once there are buffers for it.
    fn hear_again(&mut self) -> io::Result<()> {
        while self.state.buffers.held() <= self.state.buffers.count() / 2 {
            let Some(port) = self.state.deaf.pop() else { return Ok(()) };
            self.hear(port)?;
        }
        Ok(())
    }

    /// Asks for all packets that come to a port, one after the other.
    fn hear(&mut self, port: PortIndex) -> io::Result<()> {
        let Some(line) = self.state.by_port.get_mut(port.0 as usize) else { return Ok(()) };
        let Socket::Open(socket, hearing @ Hearing::Ended) = &mut line.socket else { return Ok(()) };
        *hearing = Hearing::Begun;
        let token = Token::Arrival { port, generation: line.generation };
        let hear = opcode::RecvMsgMulti::new(Fd(socket.as_raw_fd()), &self.shape.0, GROUP);
        self.push(&hear.build().user_data(token.to_bits()))
    }

    /// Returns when the system has let go of a port's socket, so that it closes when we close it.
    fn stop_hearing(&mut self, port: PortIndex) -> io::Result<()> {
        let Some((_, generation)) = self.state.open(port) else { return Ok(()) };
        if self.state.hears(port) {
            self.cancel(Token::Arrival { port, generation })?;
        }
        while self.state.hears(port) {
            self.enter(1, None)?;
        }
        Ok(())
    }

    fn cancel(&mut self, what: Token) -> io::Result<()> {
        let cancel = opcode::AsyncCancel::new(what.to_bits());
        self.push(&cancel.build().user_data(Token::Cancel.to_bits()))
    }

    fn push(&mut self, request: &squeue::Entry) -> io::Result<()> {
        // SAFETY: what a request points to lives until it is done: the shape and the buffers are dropped
        // after the ring, and the buffer of a packet under way is held by its request.
        while unsafe { self.ring.submission().push(request) }.is_err() {
            self.enter(0, None)?;
        }
        Ok(())
    }

    /// The one call: hands over all requests, waits for so many results, and sorts what there is.
    fn enter(&mut self, want: usize, limit: Option<&SubmitArgs<'_, '_>>) -> io::Result<()> {
        self.state.buffers.publish();
        let requests = self.ring.submission().len() as u32;
        let mut flags = EnterFlags::GETEVENTS;
        flags.set(EnterFlags::EXT_ARG, limit.is_some());
        // SAFETY: the argument is what the flag says, and lives through the call; of the requests see `push`.
        let done = unsafe { self.ring.submitter().enter(requests, want as u32, flags.bits(), limit) };
        for result in self.ring.completion() {
            self.state.sort(&result);
        }
        match done.map_err(|error| (error.raw_os_error(), error)) {
            // Interrupted, in want of memory or of room for results, or out of time: another turn will do.
            Ok(_) | Err((Some(libc::EINTR | libc::EAGAIN | libc::EBUSY | libc::ETIME), _)) => Ok(()),
            Err((_, error)) => Err(error),
        }
    }
}

impl Ports for Lines {
    fn bind(&mut self, port: PortIndex, local: SocketAddr, mark: u8) -> io::Result<()> {
        let socket = Udp::bind(local, mark)?;
        self.state.line(port).socket = Socket::Open(socket, Hearing::Ended);
        self.hear(port)
    }

    fn send(&mut self, port: PortIndex, record: &[u8], to: SocketAddr) {
        if let Some((socket, _)) = self.state.open(port) {
            socket.send(record, to);
        }
    }

    fn unbind(&mut self, port: PortIndex) {
        // If the ring is broken, the loop ends with its next turn.
        let _ = self.stop_hearing(port);
        let line = self.state.line(port);
        *line = Line { generation: line.generation.next(), socket: Socket::Closed };
    }
}

impl State {
    fn new(buffers: u16) -> State {
        let count = usize::from(buffers);
        State {
            buffers: Buffers::new(buffers),
            by_port: Vec::new(),
            bell: Hearing::Ended,
            rung: false,
            departures: vec![(PortIndex(0), Generation::default()); count].into(),
            under_way: 0,
            came: VecDeque::with_capacity(count),
            unsent: Vec::with_capacity(count),
            deaf: Vec::new(),
        }
    }

    fn line(&mut self, port: PortIndex) -> &mut Line {
        let at = port.0 as usize;
        if self.by_port.len() <= at {
            self.by_port.resize_with(at + 1, Line::default);
            // Going deaf happens between packets, where nothing is allocated.
            self.deaf.reserve(self.by_port.len());
        }
        &mut self.by_port[at]
    }

    fn open(&self, port: PortIndex) -> Option<(&Udp, Generation)> {
        let line = self.by_port.get(port.0 as usize)?;
        match &line.socket {
            Socket::Open(socket, _) => Some((socket, line.generation)),
            Socket::Closed => None,
        }
    }

    fn hears(&self, port: PortIndex) -> bool {
        let line = self.by_port.get(port.0 as usize);
        line.is_some_and(|line| matches!(line.socket, Socket::Open(_, Hearing::Begun)))
    }

    fn is_current(&self, (port, generation): Sender) -> bool {
        self.open(port).is_some_and(|(_, current)| current == generation)
    }

    /// Takes one result. Nothing is decided here, so that it may come at any time.
    fn sort(&mut self, result: &cqueue::Entry) {
        let goes_on = cqueue::more(result.flags());
        match Token::of(result.user_data()) {
            Token::Bell => {
                self.rung = true;
                if !goes_on {
                    self.bell = Hearing::Ended;
                }
            }
            Token::Arrival { port, generation } => {
                if let Some(number) = cqueue::buffer_select(result.flags()) {
                    let held = self.buffers.take(number);
                    if result.result() < 0 {
                        self.buffers.give_back(held);
                    } else {
                        self.came.push_back(((port, generation), held));
                    }
                }
                if !goes_on && self.is_current((port, generation)) {
                    self.went_deaf(port);
                }
            }
            Token::Departure { buffer } => {
                self.under_way -= 1;
                self.buffers.give_back(Held::returned(buffer));
                if result.result() < 0 {
                    self.unsent.push(self.departures[usize::from(buffer)]);
                }
            }
            Token::Cancel => {}
        }
    }

    /// The system has run out of buffers, of room for results or of memory: it asks to be asked again.
    fn went_deaf(&mut self, port: PortIndex) {
        if let Socket::Open(_, hearing) = &mut self.line(port).socket {
            *hearing = Hearing::Ended;
            self.deaf.push(port);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    const PORT: PortIndex = PortIndex(3);

    #[test]
    fn nothing_is_lost_when_buffers_run_out() {
        let (mut lines, far) = lines(4);
        let near = address(&lines);
        for at in 0..50 {
            far.send_to(&[at], near).unwrap();
        }

        let (mut deaf, mut came) = (0, 0);
        while came < 50 {
            lines.wait(1, None).unwrap();
            deaf += lines.state.deaf.len();
            while let Some(Arrival { held, .. }) = lines.next_arrival() {
                came += 1;
                lines.send(held, 1, PORT, far.local_addr().unwrap()).unwrap();
            }
        }
        lines.send_all().unwrap();

        assert!(deaf > 0, "there were buffers for all");
        for at in 0..50 {
            assert_eq!(received(&far), [at]);
        }
        lines.unbind(PORT);
        assert_eq!(lines.state.buffers.held(), 0);
    }

    #[test]
    fn what_came_is_carried_though_fewer_came_than_were_waited_for() {
        let (mut lines, far) = lines(16);
        far.send_to(b"alone", address(&lines)).unwrap();

        let came = (0..100).find_map(|_| {
            lines.wait(8, Some(Duration::from_millis(20))).unwrap();
            lines.next_arrival()
        });

        let Arrival { held, .. } = came.unwrap();
        assert_eq!(lines.packet(&held).unwrap().1.bytes(), b"alone");
        lines.give_back(held);
    }

    #[test]
    fn what_came_before_a_port_was_closed_is_not_taken_for_its_next_user() {
        let (mut lines, far) = lines(16);
        let near = address(&lines);
        far.send_to(b"early", near).unwrap();
        lines.wait(1, None).unwrap();

        lines.unbind(PORT);
        lines.bind(PORT, near, 0).unwrap();

        assert!(lines.next_arrival().is_none());
        far.send_to(b"next", near).unwrap();
        lines.wait(1, None).unwrap();
        let Arrival { port, held } = lines.next_arrival().unwrap();
        assert_eq!((port, lines.packet(&held).unwrap().1.bytes()), (PORT, b"next".as_slice()));
        lines.give_back(held);
        assert_eq!(lines.state.buffers.held(), 0);
    }

    #[test]
    fn a_failure_told_late_is_not_held_against_the_next_user() {
        let (mut lines, far) = lines(16);
        let near = address(&lines);
        far.send_to(b"packet", near).unwrap();
        lines.wait(1, None).unwrap();
        let Arrival { held, .. } = lines.next_arrival().unwrap();

        lines.send(held, 6, PORT, (std::net::Ipv6Addr::LOCALHOST, 9).into()).unwrap();
        lines.unbind(PORT);
        lines.bind(PORT, near, 0).unwrap();
        lines.send_all().unwrap();

        assert_eq!(lines.state.unsent.len(), 1);
        assert_eq!(lines.next_unsent(), None);
    }

    fn lines(buffers: u16) -> (Lines, UdpSocket) {
        let anywhere = (Ipv4Addr::LOCALHOST, 0).into();
        let mut lines = Lines::new(buffers).unwrap();
        lines.bind(PORT, anywhere, 0).unwrap();
        let far = UdpSocket::bind(anywhere).unwrap();
        far.set_read_timeout(Some(TRIAL)).unwrap();
        (lines, far)
    }

    fn address(lines: &Lines) -> SocketAddr {
        lines.state.open(PORT).unwrap().0.local_addr().unwrap()
    }

    fn received(socket: &UdpSocket) -> Vec<u8> {
        let mut buffer = [0; 64];
        let length = socket.recv(&mut buffer).unwrap();
        buffer[..length].to_vec()
    }
}
