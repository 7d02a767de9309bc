//! Listens at one address, in threads of its own. Calls have nothing to do with it.

use std::io::{self, ErrorKind, Read};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use model::HepTransport;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::sockopt;
use tracing::{error, info};

use crate::intake::Intake;

/// How long nothing may come before it is looked whether anybody still wants to hear it.
const TURN: Duration = Duration::from_millis(100);
/// An address that is taken is tried again so often.
const TRY_EVERY: Duration = Duration::from_secs(1);
/// Connections to one address at once.
const CONNECTIONS_MAX: usize = 64;
/// What waits in a socket that is to be closed is still read, but no more than so many datagrams, or so many
/// parts of a stream.
const LAST_MAX: usize = 20_000;
const LAST_PARTS_MAX: usize = 64;
/// A burst of a busy PBX waits here.
const SOCKET_BYTES: usize = 4 << 20;
const PACKET_MAX: usize = 1 << 16;

/// Where copies arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub transport: HepTransport,
    pub address: SocketAddr,
}

/// Somebody listens there until told to stop.
pub(crate) struct Listener {
    pub place: Place,
    pub intake: Arc<Intake>,
    state: Arc<State>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct State {
    is_over: AtomicBool,
    connections: AtomicUsize,
    /// Why nobody can listen there.
    trouble: Mutex<Option<String>>,
}

enum Socket {
    Udp(UdpSocket),
    Tcp(TcpListener),
}

impl Listener {
    /// Listens from now on; what cannot be opened is tried again and again.
    pub fn start(place: Place, intake: Intake) -> Listener {
        let (intake, state) = (Arc::new(intake), Arc::new(State::default()));
        let first = state.open(place);
        let (heard, shared) = (Arc::clone(&intake), Arc::clone(&state));
        let work = move || run(place, first, &heard, &shared);
        let started = thread::Builder::new().name("observers".to_owned()).spawn(work);
        let failed = |fault: &io::Error| state.is_in_trouble(format!("no thread for it: {fault}"));
        let thread = started.inspect_err(failed).ok();
        Listener { place, intake, state, thread }
    }

    /// Why nobody is heard there, if that is so.
    pub fn trouble(&self) -> Option<String> {
        self.state.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Takes what has arrived, and listens no more.
    pub fn stop(&self) {
        self.state.is_over.store(true, Relaxed);
    }

    /// Waits until it has stopped.
    pub fn join(mut self) {
        self.stop();
        if let Some(thread) = self.thread.take() {
            // A panic there was printed already.
            let _ = thread.join();
        }
    }
}

impl State {
    fn is_over(&self) -> bool {
        self.is_over.load(Relaxed)
    }

    fn open(&self, place: Place) -> Option<Socket> {
        match open(place) {
            Ok(socket) => {
                *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = None;
                let Place { transport, address } = place;
                info!(?transport, %address, "copies of messages are listened for");
                Some(socket)
            }
            Err(fault) => {
                self.is_in_trouble(fault.to_string());
                None
            }
        }
    }

    fn is_in_trouble(&self, words: String) {
        let mut known = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        if known.as_ref() != Some(&words) {
            error!("copies of messages cannot be listened for: {words}");
            *known = Some(words);
        }
    }
}

fn open(place: Place) -> io::Result<Socket> {
    match place.transport {
        HepTransport::Udp => {
            let socket = UdpSocket::bind(place.address)?;
            socket.set_read_timeout(Some(TURN))?;
            // The system may give less; it says nothing then.
            let _ = sockopt::set_socket_recv_buffer_size(&socket, SOCKET_BYTES);
            Ok(Socket::Udp(socket))
        }
        HepTransport::Tcp => {
            let listener = TcpListener::bind(place.address)?;
            listener.set_nonblocking(true)?;
            Ok(Socket::Tcp(listener))
        }
    }
}

fn run(place: Place, mut socket: Option<Socket>, intake: &Arc<Intake>, state: &Arc<State>) {
    while socket.is_none() && !state.is_over() {
        thread::sleep(TRY_EVERY);
        socket = state.open(place);
    }
    match socket {
        Some(Socket::Udp(socket)) => datagrams(&socket, intake, state),
        Some(Socket::Tcp(listener)) => connections(&listener, intake, state),
        None => {}
    }
}

fn datagrams(socket: &UdpSocket, intake: &Intake, state: &State) {
    let mut buffer = vec![0; PACKET_MAX];
    let mut take = || {
        let (length, from) = socket.recv_from(&mut buffer)?;
        intake.take(canonical(from), now_us(), &buffer[..length]);
        io::Result::Ok(())
    };
    while !state.is_over() {
        if let Err(fault) = take()
            && !is_nothing(&fault)
        {
            thread::sleep(TURN);
        }
    }
    if socket.set_nonblocking(true).is_ok() {
        for _ in 0..LAST_MAX {
            if take().is_err() {
                return;
            }
        }
    }
}

fn connections(listener: &TcpListener, intake: &Arc<Intake>, state: &Arc<State>) {
    let turn = Timespec { tv_sec: 0, tv_nsec: 100_000_000 };
    while !state.is_over() {
        // Whatever comes of it, the next line finds out.
        let _ = poll(&mut [PollFd::new(listener, PollFlags::IN)], Some(&turn));
        match listener.accept() {
            Ok((stream, from)) => admit(stream, canonical(from), intake, state),
            Err(fault) if is_nothing(&fault) => {}
            Err(_) => thread::sleep(TURN),
        }
    }
}

/// Hears a connection in a thread of its own; there are few observers.
fn admit(stream: TcpStream, from: SocketAddr, intake: &Arc<Intake>, state: &Arc<State>) {
    if !intake.expects(from) || state.connections.load(Relaxed) >= CONNECTIONS_MAX {
        return;
    }
    // Whoever is gone for good is noticed one day.
    let _ = sockopt::set_socket_keepalive(&stream, true);
    state.connections.fetch_add(1, Relaxed);
    let (intake, shared) = (Arc::clone(intake), Arc::clone(state));
    let started = thread::Builder::new().name("observer".to_owned()).spawn(move || {
        packets(stream, from, &intake, &shared);
        shared.connections.fetch_sub(1, Relaxed);
    });
    if let Err(fault) = started {
        state.connections.fetch_sub(1, Relaxed);
        error!(%from, "no thread for an observer: {fault}");
    }
}

/// Packets stand one behind the other; what is none ends the connection.
fn packets(mut stream: TcpStream, from: SocketAddr, intake: &Intake, state: &State) {
    if stream.set_nonblocking(false).and_then(|()| stream.set_read_timeout(Some(TURN))).is_err() {
        return;
    }
    let (mut kept, mut buffer) = (Vec::new(), vec![0; PACKET_MAX]);
    let mut parts = 0;
    while parts < LAST_PARTS_MAX {
        parts += usize::from(state.is_over());
        match stream.read(&mut buffer) {
            Ok(0) => return,
            Ok(length) => kept.extend_from_slice(&buffer[..length]),
            Err(fault) if is_nothing(&fault) && !state.is_over() => continue,
            Err(_) => return,
        }
        let mut begins = 0;
        loop {
            match hep::length_of(&kept[begins..]) {
                Ok(Some(length)) if begins + length <= kept.len() => {
                    intake.take(from, now_us(), &kept[begins..begins + length]);
                    begins += length;
                }
                Ok(_) => break,
                Err(_) => return intake.lost_thread(from),
            }
        }
        kept.drain(..begins);
    }
}

/// Nothing has come, and nothing is wrong.
fn is_nothing(fault: &io::Error) -> bool {
    matches!(fault.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted)
}

/// Where IPv4 and IPv6 share a socket, an address of IPv4 is one all the same.
fn canonical(from: SocketAddr) -> SocketAddr {
    SocketAddr::new(from.ip().to_canonical(), from.port())
}

fn now_us() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}
