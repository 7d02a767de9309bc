//! Makes sockets the way the loop wants them: never blocking, and noticing a far end that is gone.

use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, connect, listen, socket_with, sockopt};

const BACKLOG: i32 = 1024;
/// A far end that has gone without a word is noticed after two minutes, however quiet a chat is.
const KEEP_ALIVE_AFTER: Duration = Duration::from_secs(60);
const KEEP_ALIVE_EVERY: Duration = Duration::from_secs(15);
const KEEP_ALIVES: u32 = 4;

/// Connections that it takes are marked as it is.
pub fn listener(address: SocketAddr, code_point: u8) -> io::Result<TcpListener> {
    let socket = open(address)?;
    mark(&socket, address, code_point);
    // A restart must not wait for the old connections' last minutes.
    sockopt::set_socket_reuseaddr(&socket, true)?;
    bind(&socket, &address)?;
    listen(&socket, BACKLOG)?;
    Ok(socket.into())
}

/// Begins a connection from one of our addresses.
pub fn toward(from: IpAddr, to: SocketAddr, code_point: u8) -> io::Result<TcpStream> {
    let socket = open(to)?;
    mark(&socket, to, code_point);
    ready(&socket)?;
    if !from.is_unspecified() {
        bind(&socket, &SocketAddr::new(from, 0))?;
    }
    match connect(&socket, &to) {
        Ok(()) | Err(rustix::io::Errno::INPROGRESS) => Ok(socket.into()),
        Err(error) => Err(error.into()),
    }
}

/// What somebody has opened to us.
pub fn taken(stream: &TcpStream) -> io::Result<()> {
    stream.set_nonblocking(true)?;
    ready(stream)
}

fn ready(socket: impl AsFd) -> io::Result<()> {
    sockopt::set_tcp_nodelay(&socket, true)?;
    sockopt::set_socket_keepalive(&socket, true)?;
    sockopt::set_tcp_keepidle(&socket, KEEP_ALIVE_AFTER)?;
    sockopt::set_tcp_keepintvl(&socket, KEEP_ALIVE_EVERY)?;
    sockopt::set_tcp_keepcnt(&socket, KEEP_ALIVES)?;
    Ok(())
}

/// Without its mark a message travels as well, where there is room.
fn mark(socket: &OwnedFd, address: SocketAddr, code_point: u8) {
    let class = code_point << 2;
    let _ = match address {
        SocketAddr::V4(_) => sockopt::set_ip_tos(socket, class),
        SocketAddr::V6(_) => sockopt::set_ipv6_tclass(socket, class.into()),
    };
}

fn open(address: SocketAddr) -> io::Result<OwnedFd> {
    let family = if address.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
    let socket = socket_with(family, SocketType::STREAM, SocketFlags::NONBLOCK | SocketFlags::CLOEXEC, None)?;
    if address.is_ipv6() {
        sockopt::set_ipv6_v6only(&socket, true)?;
    }
    Ok(socket)
}
