//! Makes sockets the way the loops want them: never blocking, bound, shared between shards.

use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::{AsFd, OwnedFd};

use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, connect, listen, socket_with, sockopt};

const BACKLOG: i32 = 1024;
const DATAGRAM_BUFFER: usize = 4 * 1024 * 1024;

/// Whether several sockets may take connections at one address, each for its shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sharing {
    Alone,
    Shards,
}

/// Refuses an address at which somebody else receives datagrams: `udp` would share it with another process of
/// the same user.
pub fn claim(address: SocketAddr) -> io::Result<()> {
    let socket = open(address, SocketType::DGRAM)?;
    Ok(bind(&socket, &address)?)
}

/// One of several that listen on one address.
pub fn udp(address: SocketAddr, code_point: u8) -> io::Result<UdpSocket> {
    let socket = open(address, SocketType::DGRAM)?;
    sockopt::set_socket_reuseport(&socket, true)?;
    mark(&socket, address, code_point);
    widen(&socket);
    bind(&socket, &address)?;
    Ok(socket.into())
}

/// One that somebody else has bound, as if it were ours.
pub fn adopted(socket: UdpSocket, address: SocketAddr, code_point: u8) -> io::Result<UdpSocket> {
    socket.set_nonblocking(true)?;
    mark(&socket, address, code_point);
    widen(&socket);
    Ok(socket)
}

/// The kernel caps these at its own limits where we do not administrate it: more is a wish, not a need.
fn widen(socket: &impl AsFd) {
    if sockopt::set_socket_recv_buffer_size_force(socket, DATAGRAM_BUFFER).is_err() {
        let _ = sockopt::set_socket_recv_buffer_size(socket, DATAGRAM_BUFFER);
    }
    let _ = sockopt::set_socket_send_buffer_size(socket, DATAGRAM_BUFFER);
}

/// Connections that it takes are marked as it is.
pub fn tcp_listener(address: SocketAddr, sharing: Sharing, code_point: u8) -> io::Result<TcpListener> {
    let socket = open(address, SocketType::STREAM)?;
    // A restart must not wait for the old connections' last minutes.
    sockopt::set_socket_reuseaddr(&socket, true)?;
    share(&socket, sharing)?;
    mark(&socket, address, code_point);
    bind(&socket, &address)?;
    listen(&socket, BACKLOG)?;
    Ok(socket.into())
}

/// One that listens already.
pub fn adopted_listener(socket: TcpListener, address: SocketAddr, code_point: u8) -> TcpListener {
    mark(&socket, address, code_point);
    socket
}

/// Begins a connection from one of our addresses.
pub fn tcp_to(from: IpAddr, remote: SocketAddr, code_point: u8) -> io::Result<TcpStream> {
    let socket = open(remote, SocketType::STREAM)?;
    sockopt::set_tcp_nodelay(&socket, true)?;
    mark(&socket, remote, code_point);
    if from.is_ipv4() == remote.is_ipv4() && !from.is_unspecified() {
        bind(&socket, &SocketAddr::new(from, 0))?;
    }
    match connect(&socket, &remote) {
        Ok(()) | Err(rustix::io::Errno::INPROGRESS) => Ok(socket.into()),
        Err(error) => Err(error.into()),
    }
}

fn open(address: SocketAddr, kind: SocketType) -> io::Result<OwnedFd> {
    let family = if address.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
    let socket = socket_with(family, kind, SocketFlags::NONBLOCK | SocketFlags::CLOEXEC, None)?;
    if address.is_ipv6() {
        sockopt::set_ipv6_v6only(&socket, true)?;
    }
    Ok(socket)
}

/// Without its mark a message travels as well, where there is room.
fn mark(socket: &impl AsFd, address: SocketAddr, code_point: u8) {
    let class = code_point << 2;
    let _ = match address {
        SocketAddr::V4(_) => sockopt::set_ip_tos(socket, class),
        SocketAddr::V6(_) => sockopt::set_ipv6_tclass(socket, class.into()),
    };
}

fn share(socket: &OwnedFd, sharing: Sharing) -> io::Result<()> {
    if sharing == Sharing::Shards {
        sockopt::set_socket_reuseport(socket, true)?;
    }
    Ok(())
}
