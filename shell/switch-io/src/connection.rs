//! One connection, whatever runs in it: what it waits for, what came, what still has to go out.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::Connection as TlsSession;
use sip_stack::{Flow, Frame, PONG};
use websocket::Came;

use crate::inlet::Inlet;
use crate::settings::Limits;

const READ_MAX: usize = 16 * 1024;
/// Reads of one connection before the others get their turn.
const READS_PER_TURN: usize = 16;
/// How browsers ask whether we are there, who cannot send the pings of WebSocket (RFC 5626 4.4.1).
const PING: &[u8] = b"\r\n\r\n";

/// What a connection waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// The far end to take our call.
    Connecting { until: Instant },
    /// Both to believe each other, or the first message.
    Opening { until: Instant },
    /// Messages.
    Open { silent_since: Instant },
}

/// Whether it was said whom the far end has proved to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Proof {
    Awaited,
    Told,
}

/// Why a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    Closed,
    Unframed,
    /// Its WebSocket was not let in.
    Refused,
    SlowReader,
}

/// Whether the kernel would take no more for now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flushed {
    All,
    Waits,
}

pub struct Connection {
    pub flow: Flow,
    pub phase: Phase,
    pub socket: TcpStream,
    inlet: Inlet,
    /// Until when the far end has to show that it is there, once it was asked.
    asked_until: Option<Instant>,
    tls: Option<Box<TlsSession>>,
    proof: Proof,
    /// What the far end has proved to be called, where it came to us.
    names: Option<Arc<[String]>>,
    unsent: Vec<u8>,
    sent: usize,
}

impl Connection {
    pub fn new(
        flow: Flow,
        socket: TcpStream,
        tls: Option<TlsSession>,
        inlet: Inlet,
        phase: Phase,
    ) -> Connection {
        let tls = tls.map(Box::new);
        Connection {
            flow,
            phase,
            socket,
            inlet,
            asked_until: None,
            tls,
            proof: Proof::Awaited,
            names: None,
            unsent: Vec::new(),
            sent: 0,
        }
    }

    /// Adds a message to what has to go out; `flush` sends it.
    pub fn put(&mut self, message: &[u8], unsent_max: usize) -> Result<(), End> {
        if self.unsent.len() - self.sent + message.len() > unsent_max {
            return Err(End::SlowReader);
        }
        self.inlet.write(message, &mut self.unsent);
        Ok(())
    }

    /// Cuts what came into messages; what has to be answered to its far end at once goes to what goes out.
    pub fn cut(&mut self, now: Instant, limits: &Limits, each: impl FnMut(Flow, &[u8])) -> Option<End> {
        let ended = match &self.inlet {
            Inlet::Stream(_) => self.cut_stream(now, each),
            Inlet::WebSocket(_) => self.cut_websocket(now, limits, each),
        };
        let is_slow = self.unsent.len() - self.sent > limits.unsent_bytes;
        ended.or(is_slow.then_some(End::SlowReader))
    }

    fn cut_stream(&mut self, now: Instant, mut each: impl FnMut(Flow, &[u8])) -> Option<End> {
        let Inlet::Stream(framer) = &mut self.inlet else { return None };
        while let Some(frame) = framer.next() {
            match frame {
                Ok(Frame::Message(bytes)) => {
                    self.phase = Phase::Open { silent_since: now };
                    each(self.flow, bytes);
                }
                Ok(Frame::Ping) => {
                    note_life(&mut self.phase, now);
                    self.unsent.extend_from_slice(PONG);
                }
                Err(_) => return Some(End::Unframed),
            }
        }
        None
    }

    fn cut_websocket(
        &mut self,
        now: Instant,
        limits: &Limits,
        mut each: impl FnMut(Flow, &[u8]),
    ) -> Option<End> {
        let Inlet::WebSocket(server) = &mut self.inlet else { return None };
        while let Some(came) = server.next(&mut self.unsent) {
            match came {
                Ok(Came::Message(PING)) => websocket::put_message(&mut self.unsent, PONG),
                Ok(Came::Message(bytes)) => each(self.flow, bytes),
                Ok(Came::Life) => {}
                Ok(Came::Page) => {
                    // Each has the time of the first, and who asks for many has to take them.
                    self.phase = Phase::Opening { until: now + limits.first_message };
                    match self.unsent.len() - self.sent > limits.unsent_bytes {
                        true => return Some(End::SlowReader),
                        false => continue,
                    }
                }
                Err(websocket::End::Refused(_)) => return Some(End::Refused),
                Err(websocket::End::Closed) => return Some(End::Closed),
                Err(websocket::End::Broken(_)) => return Some(End::Unframed),
            }
            // A handshake that is done is worth as much as a first message.
            self.phase = Phase::Open { silent_since: now };
            self.asked_until = None;
        }
        None
    }

    /// Whether a WebSocket has been silent for so long that it has to be asked whether anybody is there.
    pub fn is_to_be_asked(&self, now: Instant, after: Duration) -> bool {
        let is_silent = matches!(self.phase, Phase::Open { silent_since } if silent_since + after <= now);
        is_silent && self.asked_until.is_none() && self.inlet.is_open_websocket()
    }

    /// Asks it; until then it has to answer.
    pub fn ask(&mut self, until: Instant) {
        self.inlet.write_ping(&mut self.unsent);
        self.asked_until = Some(until);
    }

    /// Whether what it waits for has not come in its time.
    pub fn is_over(&self, now: Instant, idle: Duration) -> bool {
        let is_late = match self.phase {
            Phase::Connecting { until } | Phase::Opening { until } => until <= now,
            Phase::Open { silent_since } => silent_since + idle <= now,
        };
        is_late || self.asked_until.is_some_and(|until| until <= now)
    }

    /// Sends what the kernel takes.
    pub fn flush(&mut self) -> Result<Flushed, End> {
        if matches!(self.phase, Phase::Connecting { .. }) {
            return Ok(Flushed::Waits);
        }
        let flushed = match &mut self.tls {
            None => flush_plain(&mut self.socket, &self.unsent, &mut self.sent),
            Some(tls) => flush_sealed(&mut self.socket, tls, &self.unsent, &mut self.sent),
        };
        if self.sent == self.unsent.len() {
            self.unsent.clear();
            self.sent = 0;
        }
        flushed.map_err(|_| End::Closed)
    }

    /// Reads what came into the inlet; `each` is called whenever there is something to cut.
    pub fn read(&mut self, room: &mut Vec<u8>, mut each: impl FnMut(&mut Connection)) -> Result<(), End> {
        room.resize(READ_MAX, 0);
        for _ in 0..READS_PER_TURN {
            let (count, is_over) = match &mut self.tls {
                None => read_plain(&mut self.socket, room)?,
                Some(tls) => read_sealed(&mut self.socket, tls, &mut self.inlet)?,
            };
            if self.tls.is_none() {
                self.inlet.feed(&room[..count]);
            }
            if count > 0 {
                each(self);
            }
            match is_over {
                Reading::GoesOn => {}
                Reading::Paused => return Ok(()),
                Reading::Over => return Err(End::Closed),
            }
        }
        Ok(())
    }

    /// The session, once both believe each other; given one time only.
    pub fn take_proof(&mut self) -> Option<&TlsSession> {
        let session = self.tls.as_ref().filter(|tls| !tls.is_handshaking())?;
        match std::mem::replace(&mut self.proof, Proof::Told) {
            Proof::Awaited => Some(session),
            Proof::Told => None,
        }
    }

    /// Who connected to us has proved to have these names.
    pub fn is_named(&mut self, names: &Arc<[String]>) {
        self.names = Some(Arc::clone(names));
    }

    /// The names by which whoever connected to us may ask for our requests.
    pub fn names(&self) -> Option<&Arc<[String]>> {
        self.names.as_ref()
    }

    /// What we opened is open as soon as both believe each other.
    pub fn open_if_trusted(&mut self, now: Instant) {
        let is_trusted = self.tls.as_ref().is_none_or(|tls| !tls.is_handshaking());
        if is_trusted && matches!(self.phase, Phase::Opening { .. }) {
            self.phase = Phase::Open { silent_since: now };
        }
    }

    /// Says goodbye as the transport wants it.
    pub fn close(mut self) {
        self.inlet.write_goodbye(&mut self.unsent);
        // The same for this one.
        let _ = self.flush();
        if let Some(tls) = &mut self.tls {
            tls.send_close_notify();
            // The far end may be gone already; a goodbye needs no answer.
            let _ = tls.write_tls(&mut self.socket);
        }
    }
}

/// Life was seen: an open connection may be silent for its time again.
fn note_life(phase: &mut Phase, now: Instant) {
    if let Phase::Open { silent_since } = phase {
        *silent_since = now;
    }
}

/// How a read ended.
enum Reading {
    GoesOn,
    Paused,
    Over,
}

fn read_plain(socket: &mut TcpStream, room: &mut [u8]) -> Result<(usize, Reading), End> {
    match socket.read(room) {
        Ok(0) => Ok((0, Reading::Over)),
        Ok(count) if count < room.len() => Ok((count, Reading::Paused)),
        Ok(count) => Ok((count, Reading::GoesOn)),
        Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok((0, Reading::GoesOn)),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok((0, Reading::Paused)),
        Err(_) => Err(End::Closed),
    }
}

/// Plain text goes to the inlet at once: the session must not keep any, for nobody would be woken for it.
fn read_sealed(
    socket: &mut TcpStream,
    tls: &mut TlsSession,
    inlet: &mut Inlet,
) -> Result<(usize, Reading), End> {
    let reading = match tls.read_tls(socket) {
        Ok(0) => Reading::Over,
        Ok(_) => Reading::GoesOn,
        Err(error) if error.kind() == io::ErrorKind::Interrupted => Reading::GoesOn,
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Reading::Paused,
        Err(_) => return Err(End::Closed),
    };
    let state = match tls.process_new_packets() {
        Ok(state) => state,
        Err(_) => {
            // The alert tells the far end why; whether it reads it is its matter.
            let _ = tls.write_tls(socket);
            return Err(End::Closed);
        }
    };
    let mut plain = vec![0; state.plaintext_bytes_to_read()];
    tls.reader().read_exact(&mut plain).map_err(|_| End::Closed)?;
    inlet.feed(&plain);
    let is_over = state.peer_has_closed();
    Ok((plain.len(), if is_over { Reading::Over } else { reading }))
}

fn flush_plain(socket: &mut TcpStream, unsent: &[u8], sent: &mut usize) -> io::Result<Flushed> {
    while *sent < unsent.len() {
        match socket.write(&unsent[*sent..]) {
            Ok(count) => *sent += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(Flushed::Waits),
            Err(error) => return Err(error),
        }
    }
    Ok(Flushed::All)
}

fn flush_sealed(
    socket: &mut TcpStream,
    tls: &mut TlsSession,
    unsent: &[u8],
    sent: &mut usize,
) -> io::Result<Flushed> {
    loop {
        *sent += tls.writer().write(&unsent[*sent..])?;
        while tls.wants_write() {
            match tls.write_tls(socket) {
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(Flushed::Waits),
                Err(error) => return Err(error),
            }
        }
        if *sent == unsent.len() || tls.is_handshaking() {
            return Ok(Flushed::All);
        }
    }
}
