//! Where packets go: a UDP socket or a TCP connection.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs, UdpSocket};
use std::time::Duration;

use model::{HepAddress, HepTransport};

/// How long a server may take to be connected to, or to take what is written.
const PATIENCE: Duration = Duration::from_secs(2);

pub enum Sink {
    Udp(UdpSocket),
    Tcp(TcpStream),
}

/// What became of packets.
#[derive(Debug)]
pub enum Became {
    Sent,
    /// So many of them will never come, and why.
    Lost(u64, io::Error),
    /// All of them are to be sent again, by another connection.
    Broken(io::Error),
}

impl Sink {
    /// Looks the name up and connects. It may take some seconds.
    pub fn open(to: &HepAddress) -> io::Result<Sink> {
        let mut last = io::Error::new(ErrorKind::NotFound, "the name has no address");
        for address in (&*to.host, to.port).to_socket_addrs()? {
            match Sink::to(address, to.transport) {
                Ok(sink) => return Ok(sink),
                Err(fault) => last = fault,
            }
        }
        Err(last)
    }

    fn to(address: SocketAddr, transport: HepTransport) -> io::Result<Sink> {
        match transport {
            HepTransport::Udp => {
                let any = if address.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
                let socket = UdpSocket::bind(any)?;
                socket.set_write_timeout(Some(PATIENCE))?;
                socket.connect(address)?;
                Ok(Sink::Udp(socket))
            }
            HepTransport::Tcp => {
                let stream = TcpStream::connect_timeout(&address, PATIENCE)?;
                stream.set_write_timeout(Some(PATIENCE))?;
                stream.set_nodelay(true)?;
                Ok(Sink::Tcp(stream))
            }
        }
    }

    /// Sends packets that stand one behind the other and end at these places.
    pub fn send(&mut self, packets: &[u8], ends: &[usize]) -> Became {
        match self {
            Sink::Udp(socket) => {
                let mut lost = None;
                let mut begins = 0;
                for end in ends {
                    if let Err(fault) = socket.send(&packets[begins..*end]) {
                        lost = Some((lost.map_or(1, |(count, _)| count + 1), fault));
                    }
                    begins = *end;
                }
                lost.map_or(Became::Sent, |(count, fault)| Became::Lost(count, fault))
            }
            Sink::Tcp(stream) => match is_open(stream).and_then(|()| stream.write_all(packets)) {
                Ok(()) => Became::Sent,
                Err(fault) => Became::Broken(fault),
            },
        }
    }
}

/// A server says nothing; that it has closed is only heard by whoever listens.
fn is_open(stream: &mut TcpStream) -> io::Result<()> {
    stream.set_nonblocking(true)?;
    let heard = stream.read(&mut [0; 512]);
    stream.set_nonblocking(false)?;
    match heard {
        Ok(0) => Err(io::Error::new(ErrorKind::ConnectionAborted, "the server has closed")),
        Ok(_) => Ok(()),
        Err(fault) if matches!(fault.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => Ok(()),
        Err(fault) => Err(fault),
    }
}
