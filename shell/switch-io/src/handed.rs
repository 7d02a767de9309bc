//! Sockets that whoever started this process has opened for it (sd_listen_fds(3)): what arrives while no
//! house runs waits in them, and is read by the next one.

use std::env;
use std::io;
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::os::fd::{AsFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::io::{FdFlags, fcntl_dupfd_cloexec, fcntl_setfd};
use rustix::net::{SocketType, getsockname, sockopt};

/// The first of them; they follow each other.
const FIRST: RawFd = 3;
/// More than anybody listens on.
const MOST: RawFd = 1024;

/// They are taken once: two owners would close each other's.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// What was handed over, and who has asked for it.
#[derive(Debug, Default)]
pub struct Handed {
    sockets: Mutex<Vec<Socket>>,
}

#[derive(Debug)]
struct Socket {
    name: String,
    fd: OwnedFd,
    /// Of what can carry our messages; nothing of what can't.
    meets: Option<(Kind, SocketAddr)>,
    use_of: Use,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Datagrams,
    Connections,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Use {
    Unwanted,
    Wanted,
}

impl Handed {
    /// Takes what the environment tells of. Whoever calls this has opened nothing before: a number that says
    /// too much would lead to descriptors of his own.
    pub fn found() -> Handed {
        let word = |name: &str| env::var(name).unwrap_or_default();
        let count = count_of(&word("LISTEN_PID"), &word("LISTEN_FDS"), std::process::id());
        if count == 0 || TAKEN.swap(true, Ordering::AcqRel) {
            return Handed::default();
        }
        let names = word("LISTEN_FDNAMES");
        let mut names = names.split(':').map(str::to_owned);
        let sockets = (FIRST..FIRST + count).map_while(|number| {
            let name = names.next().filter(|name| !name.is_empty()).unwrap_or_else(|| "unknown".to_owned());
            owned(number).map(|fd| Socket { name, meets: meets(fd.as_fd()), fd, use_of: Use::Unwanted })
        });
        Handed { sockets: Mutex::new(sockets.collect()) }
    }

    /// The socket for datagrams of this address, as the shard of this number reads it.
    pub(crate) fn udp(&self, address: SocketAddr, shard: usize) -> io::Result<Option<UdpSocket>> {
        Ok(self.shared(Kind::Datagrams, address, shard)?.map(UdpSocket::from))
    }

    /// The same of connections.
    pub(crate) fn tcp(&self, address: SocketAddr, shard: usize) -> io::Result<Option<TcpListener>> {
        Ok(self.shared(Kind::Connections, address, shard)?.map(TcpListener::from))
    }

    /// The listening socket of this address, for whoever takes connections elsewhere than in a shard.
    pub fn listener(&self, address: SocketAddr) -> io::Result<Option<TcpListener>> {
        self.tcp(address, 0)
    }

    /// Closes what nobody wanted; the name of each, and where it listened.
    pub fn close_rest(&self) -> Vec<String> {
        let mut sockets = self.sockets.lock().unwrap_or_else(PoisonError::into_inner);
        let words = |socket: &Socket| {
            let place = match socket.meets {
                Some((Kind::Datagrams, address)) => format!("udp {address}"),
                Some((Kind::Connections, address)) => format!("tcp {address}"),
                None => "no listening socket of IP".to_owned(),
            };
            format!("{} ({place})", socket.name)
        };
        // Each shard has its own hold on what was wanted.
        let all = std::mem::take(&mut *sockets);
        all.iter().filter(|socket| socket.use_of == Use::Unwanted).map(words).collect()
    }

    /// Several sockets of one address are given out in turn; one is shared by all shards. Whose a message is
    /// does not depend on who reads it.
    fn shared(&self, kind: Kind, address: SocketAddr, shard: usize) -> io::Result<Option<OwnedFd>> {
        let mut sockets = self.sockets.lock().unwrap_or_else(PoisonError::into_inner);
        let mut fitting: Vec<&mut Socket> =
            sockets.iter_mut().filter(|socket| socket.meets == Some((kind, address))).collect();
        fitting.iter_mut().for_each(|socket| socket.use_of = Use::Wanted);
        let Some(at) = shard.checked_rem(fitting.len()) else { return Ok(None) };
        Ok(Some(fcntl_dupfd_cloexec(&fitting[at].fd, FIRST)?))
    }
}

/// How many descriptors are meant for this process.
fn count_of(process: &str, count: &str, own: u32) -> RawFd {
    if process.parse() != Ok(own) {
        return 0;
    }
    count.parse().unwrap_or(0).clamp(0, MOST)
}

/// A descriptor that was handed over, kept from children; nothing, where there is none.
#[allow(unsafe_code)]
fn owned(number: RawFd) -> Option<OwnedFd> {
    // SAFETY: it is borrowed for this call alone, which fails where nothing is open under the number.
    let borrowed = unsafe { BorrowedFd::borrow_raw(number) };
    fcntl_setfd(borrowed, FdFlags::CLOEXEC).ok()?;
    // SAFETY: the supervisor has given it to this process (LISTEN_PID), `TAKEN` lets nobody take it twice,
    // and the caller of `found` owns no descriptor of these numbers.
    Some(unsafe { OwnedFd::from_raw_fd(number) })
}

/// What arrives at a socket, and where.
fn meets(fd: BorrowedFd<'_>) -> Option<(Kind, SocketAddr)> {
    let kind = match sockopt::socket_type(fd).ok()? {
        SocketType::DGRAM => Kind::Datagrams,
        SocketType::STREAM if sockopt::socket_acceptconn(fd).ok()? => Kind::Connections,
        _ => return None,
    };
    Some((kind, SocketAddr::try_from(getsockname(fd).ok()?).ok()?))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that panics has failed")]
mod tests {
    use super::*;

    fn of(fd: OwnedFd) -> Socket {
        Socket { name: "sip".to_owned(), meets: meets(fd.as_fd()), fd, use_of: Use::Unwanted }
    }

    #[test]
    fn descriptors_of_another_process_are_not_ours() {
        assert_eq!(count_of("7", "3", 7), 3);
        assert_eq!(count_of("8", "3", 7), 0);
        assert_eq!(count_of("", "3", 7), 0);
        assert_eq!(count_of("7", "-3", 7), 0);
        assert_eq!(count_of("7", "many", 7), 0);
    }

    #[test]
    fn a_socket_is_given_to_who_wants_its_kind_and_address_and_the_rest_is_named_and_closed() {
        let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
        let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
        let (datagrams, connections) = (udp.local_addr().unwrap(), tcp.local_addr().unwrap());
        let handed = Handed { sockets: Mutex::new(vec![of(udp.into()), of(tcp.into())]) };

        let [first, second] = [0, 1].map(|shard| handed.udp(datagrams, shard).unwrap().unwrap());

        assert!(handed.tcp(datagrams, 0).unwrap().is_none());
        assert!(handed.udp(connections, 0).unwrap().is_none());
        assert_eq!(handed.close_rest(), [format!("sip (tcp {connections})")]);
        assert!(std::net::TcpStream::connect(connections).is_err(), "it is closed");
        second.send_to(b"x", datagrams).unwrap();
        assert_eq!(first.recv(&mut [0; 8]).unwrap(), 1, "both hold the one that was handed over");
    }
}
