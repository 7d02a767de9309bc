//! The connection to a directory, in the clear or sealed.

use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::path::Path;
use std::time::{Duration, Instant};

use model::LdapAddress;
use rustls::pki_types::ServerName;
use rustls::{ClientConnection, StreamOwned};

/// How long one address may take to answer a connection.
const CONNECT_MAX: Duration = Duration::from_secs(5);

pub enum Stream {
    Clear(TcpStream),
    Sealed(Box<StreamOwned<ClientConnection, TcpStream>>),
}

impl Stream {
    /// To the first of its addresses that answers.
    pub fn open(to: &LdapAddress, until: Instant) -> io::Result<Stream> {
        let mut last = io::Error::other("the name has no address");
        for address in (&*to.host, to.port).to_socket_addrs()? {
            match TcpStream::connect_timeout(&address, left(until)?.min(CONNECT_MAX)) {
                Ok(stream) => return Ok(Stream::Clear(stream)),
                Err(fault) => last = fault,
            }
        }
        Err(last)
    }

    /// The same connection within TLS.
    pub fn seal(self, host: &str, authorities: Option<&Path>) -> io::Result<Stream> {
        let Stream::Clear(stream) = self else { return Err(io::Error::other("it is sealed already")) };
        let config = trust::client(authorities).map_err(io::Error::other)?;
        let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
        let connection = ClientConnection::new(config, name).map_err(io::Error::other)?;
        Ok(Stream::Sealed(Box::new(StreamOwned::new(connection, stream))))
    }

    /// Nothing that is read or written later waits longer than this.
    pub fn wait_at_most(&self, wait: Duration) -> io::Result<()> {
        let socket = match self {
            Stream::Clear(stream) => stream,
            Stream::Sealed(sealed) => &sealed.sock,
        };
        socket.set_read_timeout(Some(wait))?;
        socket.set_write_timeout(Some(wait))
    }
}

/// The time that is left.
pub fn left(until: Instant) -> io::Result<Duration> {
    let left = until.saturating_duration_since(Instant::now());
    match left.is_zero() {
        true => Err(io::Error::new(io::ErrorKind::TimedOut, "it takes too long")),
        false => Ok(left),
    }
}

impl Read for Stream {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self {
            Stream::Clear(stream) => stream.read(into),
            Stream::Sealed(stream) => stream.read(into),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Stream::Clear(stream) => stream.write(bytes),
            Stream::Sealed(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Stream::Clear(stream) => stream.flush(),
            Stream::Sealed(stream) => stream.flush(),
        }
    }
}
