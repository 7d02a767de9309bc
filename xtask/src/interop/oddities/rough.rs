//! A rough connection between a caller and the house: TCP that keeps every byte, and no message's shape.

use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use super::super::place::io_failure;
use super::table::Travel;
use crate::step::Failure;

/// So many bytes at a time, so far apart: no message arrives whole, and none in more than a second.
const PIECE: usize = 37;
const PIECE_PAUSE: Duration = Duration::from_millis(3);

/// What comes within so long of each other arrives together.
const GATHER: Duration = Duration::from_millis(250);

/// Opens a way to the house that treats what is sent to it so; says where it begins.
pub fn open(travel: Travel, house: SocketAddr) -> Result<SocketAddr, Failure> {
    let listener = TcpListener::bind(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0));
    let listener = listener.map_err(|error| io_failure("a rough connection", &error))?;
    let begins = listener.local_addr().map_err(|error| io_failure("a rough connection", &error))?;
    thread::spawn(move || {
        for caller in listener.incoming().flatten() {
            // A way that breaks is a caller's failure, and SIPp says so.
            carry(travel, caller, house).ok();
        }
    });
    Ok(begins)
}

fn carry(travel: Travel, caller: TcpStream, house: SocketAddr) -> io::Result<()> {
    let there = TcpStream::connect(house)?;
    there.set_nodelay(true)?;
    let (mut from_house, mut to_caller) = (there.try_clone()?, caller.try_clone()?);
    thread::spawn(move || {
        io::copy(&mut from_house, &mut to_caller).ok();
        to_caller.shutdown(Shutdown::Both).ok();
    });
    thread::spawn(move || {
        match travel {
            Travel::Gathered => gather(caller, &there).ok(),
            Travel::Cut | Travel::Tcp | Travel::Udp => cut(caller, &there).ok(),
        };
        there.shutdown(Shutdown::Write).ok();
    });
    Ok(())
}

fn cut(mut from: TcpStream, mut to: &TcpStream) -> io::Result<()> {
    let mut bytes = [0; 8192];
    loop {
        let length = from.read(&mut bytes)?;
        if length == 0 {
            return Ok(());
        }
        for piece in bytes[..length].chunks(PIECE) {
            to.write_all(piece)?;
            thread::sleep(PIECE_PAUSE);
        }
    }
}

fn gather(mut from: TcpStream, mut to: &TcpStream) -> io::Result<()> {
    let mut bytes = [0; 8192];
    from.set_read_timeout(Some(GATHER))?;
    let mut gathered = Vec::new();
    loop {
        match from.read(&mut bytes) {
            Ok(0) => return to.write_all(&gathered),
            Ok(length) => gathered.extend_from_slice(&bytes[..length]),
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {
                to.write_all(&gathered)?;
                gathered.clear();
            }
            Err(error) => return Err(error),
        }
    }
}
