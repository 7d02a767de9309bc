//! One TCP or TLS connection: what it waits for, what came, what still has to go out.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::Instant;

use rustls::Connection as TlsSession;
use sip_stack::{Flow, Framer};

const READ_MAX: usize = 16 * 1024;
/// Reads of one connection before the others get their turn.
const READS_PER_TURN: usize = 16;

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
    pub framer: Framer,
    tls: Option<Box<TlsSession>>,
    proof: Proof,
    unsent: Vec<u8>,
    sent: usize,
}

impl Connection {
    pub fn new(flow: Flow, socket: TcpStream, tls: Option<TlsSession>, phase: Phase) -> Connection {
        let tls = tls.map(Box::new);
        Connection {
            flow,
            phase,
            socket,
            framer: Framer::new(),
            tls,
            proof: Proof::Awaited,
            unsent: Vec::new(),
            sent: 0,
        }
    }

    /// Adds bytes to what has to go out; `flush` sends them.
    pub fn put(&mut self, bytes: &[u8], unsent_max: usize) -> Result<(), End> {
        if self.unsent.len() - self.sent + bytes.len() > unsent_max {
            return Err(End::SlowReader);
        }
        self.unsent.extend_from_slice(bytes);
        Ok(())
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

    /// Reads what came into the framer; `each` is called whenever there is something to cut.
    pub fn read(&mut self, room: &mut Vec<u8>, mut each: impl FnMut(&mut Connection)) -> Result<(), End> {
        room.resize(READ_MAX, 0);
        for _ in 0..READS_PER_TURN {
            let (count, is_over) = match &mut self.tls {
                None => read_plain(&mut self.socket, room)?,
                Some(tls) => read_sealed(&mut self.socket, tls, &mut self.framer)?,
            };
            if self.tls.is_none() {
                self.framer.feed(&room[..count]);
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

    /// Life was seen: an open connection may be silent for its time again.
    pub fn note_life(&mut self, now: Instant) {
        if let Phase::Open { silent_since } = &mut self.phase {
            *silent_since = now;
        }
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
        if let Some(tls) = &mut self.tls {
            tls.send_close_notify();
            // The far end may be gone already; a goodbye needs no answer.
            let _ = tls.write_tls(&mut self.socket);
        }
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

/// Plain text goes to the framer at once: the session must not keep any, for nobody would be woken for it.
fn read_sealed(
    socket: &mut TcpStream,
    tls: &mut TlsSession,
    framer: &mut Framer,
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
    framer.feed(&plain);
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
