//! Doors: addresses that are listened on, in the clear or within TLS, and who comes in by them.
//!
//! Whoever is heard beyond this machine is a stranger until he has said who he is. So each door lets in as
//! many as it may at once, few of them from one place, and nobody who says nothing keeps his; the next one
//! waits with the kernel. Who listens to what happens leaves for the hall, and his seat to others: however
//! many listen, somebody can still ask.

use std::collections::HashMap;
use std::convert::Infallible;
use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv6Addr, SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::extract::{ConnectInfo, Request};
use axum::response::Response;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tracing::warn;

use crate::hall::{Crossing, Line};

/// What the next one to come is shown of who we are; it may be renewed at any time.
pub type Proof = Box<dyn Fn() -> Arc<ServerConfig> + Send + Sync>;

/// How long a door stays shut where the system has no descriptor for who comes.
const SHUT: Duration = Duration::from_millis(200);
/// What is asked is never so long, but for its body.
const HEAD_MAX: usize = 32 * 1024;
/// What the kernel holds for somebody who does not read; it would be megabytes otherwise.
const UNREAD_MAX: usize = 128 * 1024;
/// So many come in from one place elsewhere: an office of phones behind one address, and no more.
const FROM_ONE_PLACE_MAX: usize = 512;

/// An address to listen on.
pub struct Door {
    pub listen: SocketAddr,
    /// What listens there already; it is bound otherwise.
    pub opened: Option<TcpListener>,
    pub seal: Seal,
}

impl Door {
    /// One that is not there yet.
    pub fn new(listen: SocketAddr, seal: Seal) -> Door {
        Door { listen, opened: None, seal }
    }
}

/// Who can read along.
pub enum Seal {
    /// Whoever is on this machine, and nobody else hears it.
    Local,
    /// Everybody on the way: somebody wants it so.
    Clear,
    Tls(Proof),
}

/// Who may come in at once, and how long somebody may take to say what is wanted.
#[derive(Clone, Copy, Debug)]
pub struct Guests {
    pub most: usize,
    pub patience: Duration,
}

/// Where there is a door.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    pub address: SocketAddr,
    pub scheme: &'static str,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme, self.address)
    }
}

/// A door that is there, and not open yet.
pub(crate) struct Hung {
    listener: TcpListener,
    proof: Option<Proof>,
    guests: Guests,
    place: Place,
}

impl Hung {
    /// Takes the address.
    pub fn hang(Door { listen, opened, seal }: Door, guests: Guests) -> io::Result<Hung> {
        let listener = opened.map_or_else(|| TcpListener::bind(listen), Ok)?;
        listener.set_nonblocking(true)?;
        rustix::net::sockopt::set_socket_send_buffer_size(&listener, UNREAD_MAX)?;
        let proof = match seal {
            Seal::Tls(proof) => Some(proof),
            Seal::Local | Seal::Clear => None,
        };
        let scheme = if proof.is_some() { "https" } else { "http" };
        let place = Place { address: listener.local_addr()?, scheme };
        Ok(Hung { listener, proof, guests, place })
    }

    pub fn place(&self) -> Place {
        self.place
    }

    /// Lets in who comes, for ever. Runs where tokio does.
    pub async fn attend(self, router: Router, hall: Handle) -> io::Result<Infallible> {
        let Hung { listener, proof, guests, .. } = self;
        let listener = tokio::net::TcpListener::from_std(listener)?;
        let (seats, crowd) = (Arc::new(Semaphore::new(guests.most)), Arc::new(Crowd::default()));
        loop {
            let seat = Arc::clone(&seats).acquire_owned().await.map_err(io::Error::other)?;
            let (stream, from) = match listener.accept().await {
                Ok(come) => come,
                // Who gives up on the way is nothing to us. Where descriptors are short, calls need them.
                Err(fault) if fault.kind() == io::ErrorKind::ConnectionAborted => continue,
                Err(fault) => {
                    warn!("nobody can ask by HTTP for now: {fault}");
                    sleep(SHUT).await;
                    continue;
                }
            };
            // Who is one too many hears nothing, and comes again.
            let Some(one) = crowd.enter(from) else { continue };
            let acceptor = proof.as_ref().map(|proof| TlsAcceptor::from(proof()));
            let guest = Guest { from, seat: Seat::taken(seat), _one: one, hall: hall.clone() };
            let stream = Line::new(stream, Arc::clone(&guest.seat.crossing));
            let router = router.clone();
            tokio::spawn(async move {
                match acceptor {
                    None => hear(stream, guest, router, guests.patience).await,
                    Some(acceptor) => {
                        // Who breaks it off, or shows no sense, is gone.
                        if let Ok(Ok(sealed)) = timeout(guests.patience, acceptor.accept(stream)).await {
                            hear(sealed, guest, router, guests.patience).await;
                        }
                    }
                }
            });
        }
    }
}

/// Somebody who came in.
struct Guest {
    from: SocketAddr,
    seat: Seat,
    _one: One,
    hall: Handle,
}

/// The seat of somebody who came in, until he leaves it or goes.
#[derive(Clone)]
pub(crate) struct Seat {
    permit: Arc<Mutex<Option<OwnedSemaphorePermit>>>,
    crossing: Arc<Crossing>,
}

impl Seat {
    fn taken(permit: OwnedSemaphorePermit) -> Seat {
        Seat { permit: Arc::new(Mutex::new(Some(permit))), crossing: Arc::default() }
    }

    /// Goes over to the hall, where this one is counted from now on; he asks for nothing more here, and
    /// somebody else may have the seat.
    pub async fn leave(&self) {
        self.permit.lock().unwrap_or_else(PoisonError::into_inner).take();
        self.crossing.cross().await;
    }
}

/// How many came in from each place elsewhere, and are there still.
#[derive(Default)]
struct Crowd(Mutex<HashMap<IpAddr, usize>>);

/// One of them, as long as this lives.
struct One {
    crowd: Arc<Crowd>,
    place: Option<IpAddr>,
}

impl Crowd {
    /// Lets somebody in, unless there are too many from that place. Who is on this machine is not counted.
    fn enter(self: &Arc<Crowd>, from: SocketAddr) -> Option<One> {
        let place = (!is_local(from)).then(|| place_of(from));
        if let Some(place) = place {
            let mut all = self.lock();
            let count = all.entry(place).or_default();
            if *count >= FROM_ONE_PLACE_MAX {
                return None;
            }
            *count += 1;
        }
        Some(One { crowd: Arc::clone(self), place })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for One {
    fn drop(&mut self) {
        let Some(place) = self.place else { return };
        let mut all = self.crowd.lock();
        if let Some(count) = all.get_mut(&place) {
            *count -= 1;
            if *count == 0 {
                all.remove(&place);
            }
        }
    }
}

/// Whether nobody beyond this machine is there.
pub(crate) fn is_local(address: SocketAddr) -> bool {
    address.ip().to_canonical().is_loopback()
}

/// Where somebody is, as far as somebody else cannot be there: who has one address of IPv6 has the others of
/// its network.
pub fn place_of(from: SocketAddr) -> IpAddr {
    match from.ip().to_canonical() {
        IpAddr::V6(six) => Ipv6Addr::from_bits(six.to_bits() & !u128::from(u64::MAX)).into(),
        four => four,
    }
}

/// Answers whatever is asked on one connection.
async fn hear<S>(stream: S, guest: Guest, router: Router, patience: Duration)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let asked = TowerToHyperService::new(router);
    let (from, seat) = (guest.from, guest.seat.clone());
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let mut request: Request<Incoming> = request;
        request.extensions_mut().insert(ConnectInfo(from));
        request.extensions_mut().insert(seat.clone());
        let answer = asked.call(request);
        async move { answer.await as Result<Response, Infallible> }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(patience)
        .max_buf_size(HEAD_MAX)
        .serve_connection(TokioIo::new(stream), service);
    let (crossing, hall) = (Arc::clone(&guest.seat.crossing), guest.hall.clone());
    let serving = Box::pin(async move {
        // What becomes of a connection is told to nobody: whoever asked knows it.
        let _ = connection.await;
        drop(guest);
    });
    crossing.serve(serving, &hall).await;
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that panics has failed")]
mod tests {
    use super::*;

    #[test]
    fn one_place_elsewhere_does_not_take_all_seats_and_this_machine_may() {
        let crowd = Arc::new(Crowd::default());
        let enter = |from: &str| crowd.enter(from.parse().unwrap());

        let here: Vec<One> = (0..2 * FROM_ONE_PLACE_MAX).filter_map(|_| enter("127.0.0.1:9")).collect();
        let mut one: Vec<One> = (0..FROM_ONE_PLACE_MAX).filter_map(|_| enter("192.0.2.7:9")).collect();
        let six = (0..FROM_ONE_PLACE_MAX).filter_map(|last| enter(&format!("[2001:db8::{last:x}]:9")));
        let six: Vec<One> = six.collect();

        assert_eq!((here.len(), one.len(), six.len()), (2 * FROM_ONE_PLACE_MAX, 512, 512));
        assert!(enter("192.0.2.7:10").is_none() && enter("[::ffff:192.0.2.7]:10").is_none());
        assert!(enter("[2001:db8::ffff:1]:9").is_none() && enter("[2001:db8:0:1::]:9").is_some());
        assert!(enter("192.0.2.8:9").is_some());
        one.pop();
        assert!(enter("192.0.2.7:10").is_some());
        drop((here, one, six));
        assert!(crowd.lock().is_empty(), "who has gone is remembered");
    }
}
