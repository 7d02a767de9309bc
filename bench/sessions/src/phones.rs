//! Far ends of sessions: each connects, asks whether the house is there, and stays.

use std::io::{Error, Read, Result, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use socket2::{Domain, Socket, Type};

/// The house takes a thousand from one address.
const OF_ADDRESS: usize = 500;
const PATIENCE: Duration = Duration::from_secs(10);

pub struct Phone {
    stream: StreamOwned<ClientConnection, TcpStream>,
}

/// Believes this certificate and no other.
pub fn believing(certificate: &Path) -> Result<Arc<ClientConfig>> {
    let mut roots = RootCertStore::empty();
    let certificate = CertificateDer::from_pem_file(certificate).map_err(Error::other)?;
    roots.add(certificate).map_err(Error::other)?;
    Ok(Arc::new(ClientConfig::builder().with_root_certificates(roots).with_no_client_auth()))
}

impl Phone {
    pub fn connect(number: usize, port: u16, config: &Arc<ClientConfig>) -> Result<Phone> {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
        let own = Ipv4Addr::new(127, 0, 1, (number / OF_ADDRESS + 1) as u8);
        socket.bind(&SocketAddr::from((own, 0)).into())?;
        socket.connect(&SocketAddr::from((Ipv4Addr::LOCALHOST, port)).into())?;
        let tcp = TcpStream::from(socket);
        tcp.set_read_timeout(Some(PATIENCE))?;
        let name = ServerName::try_from("house.test").map_err(Error::other)?;
        let session = ClientConnection::new(Arc::clone(config), name).map_err(Error::other)?;
        let mut phone = Phone { stream: StreamOwned::new(session, tcp) };
        phone.asks()?;
        Ok(phone)
    }

    /// Asks whether the house is there, and hears its answer.
    pub fn asks(&mut self) -> Result<()> {
        let from = self.stream.sock.local_addr()?;
        let request = format!(
            "OPTIONS sip:house@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/TLS {from};branch=z9hG4bK{0}\r\n\
             Max-Forwards: 70\r\nFrom: <sip:a@{from}>;tag=1\r\nTo: <sip:house@127.0.0.1>\r\nCall-ID: {0}\r\n\
             CSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n",
            from.port()
        );
        self.stream.write_all(request.as_bytes())?;
        let (mut answer, mut room) = (Vec::new(), [0; 2048]);
        while !answer.windows(4).any(|four| four == b"\r\n\r\n") {
            match self.stream.read(&mut room)? {
                0 => return Err(Error::other("closed")),
                length => answer.extend_from_slice(&room[..length]),
            }
        }
        match answer.starts_with(b"SIP/2.0 200 ") {
            true => Ok(()),
            false => Err(Error::other("another answer")),
        }
    }
}
