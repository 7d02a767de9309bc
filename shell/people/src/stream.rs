//! The connection to a directory, in the clear or sealed.

use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use model::LdapAddress;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

/// Where Debian keeps the authorities that a machine believes.
const AUTHORITIES: &str = "/etc/ssl/certs/ca-certificates.crt";
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
        let path = authorities.unwrap_or(Path::new(AUTHORITIES));
        let unreadable = |fault| io::Error::other(format!("{}: {fault:?}", path.display()));
        let mut roots = RootCertStore::empty();
        let certificates: Result<Vec<_>, _> =
            CertificateDer::pem_file_iter(path).map_err(unreadable)?.collect();
        roots.add_parsable_certificates(certificates.map_err(unreadable)?);
        if roots.is_empty() {
            return Err(io::Error::other(format!("{}: there is no authority in it", path.display())));
        }
        let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
        let connection = ClientConnection::new(Arc::new(config), name).map_err(io::Error::other)?;
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
