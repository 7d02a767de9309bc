//! The outside of the loop: how it is started, told and stopped.

use std::io;
use std::net::SocketAddr;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;
use std::sync::mpsc;
use std::thread::{self, JoinHandle};

use chats::Hub;
use media::Event;
use rustix::event::{EventfdFlags, eventfd};

use crate::queue::{Orders, Word};
use crate::socket;
use crate::turn::Turn;

const ORDERS_MAX: usize = 8192;

/// How the loop is to run.
pub struct Settings<E> {
    /// Where it listens, and the code point that what leaves this address is marked with.
    pub listeners: Vec<(SocketAddr, u8)>,
    pub seed: [u8; 32],
    /// Called on the loop's own thread: it must not block.
    pub events: E,
}

/// Why it cannot.
#[derive(Debug)]
pub enum StartFault {
    Bind { address: SocketAddr, error: io::Error },
    Other(io::Error),
}

/// A running loop. Dropped without [`Handle::stop`], it goes on until the process ends.
#[derive(Debug)]
pub struct Handle {
    orders: Orders,
    /// Where it listens: with the ports that the system gave, where none were asked for.
    pub places: Vec<SocketAddr>,
    thread: JoinHandle<io::Result<()>>,
}

/// Listens, and starts the loop on a thread of its own.
pub fn start<E>(settings: Settings<E>) -> Result<Handle, StartFault>
where
    E: Fn(Event) + Send + 'static,
{
    let Settings { listeners, seed, events } = settings;
    let marks = listeners.iter().map(|(address, mark)| (address.ip(), *mark)).collect();
    let bound = listeners.into_iter().map(|(address, mark)| {
        socket::listener(address, mark).map_err(|error| StartFault::Bind { address, error })
    });
    let listeners = bound.collect::<Result<Vec<_>, _>>()?;
    let places = listeners.iter().map(|listener| listener.local_addr()).collect::<io::Result<Vec<_>>>()?;
    let (queue, words) = mpsc::sync_channel(ORDERS_MAX);
    let bell = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK).map_err(io::Error::from)?;
    let orders = Orders { queue, bell: Arc::new(bell) };
    let turn = Turn::new(Hub::new(seed), (listeners, marks), (words, Arc::clone(&orders.bell)))?;
    let thread = thread::Builder::new().name("chats".to_owned()).spawn(move || turn.run(&events))?;
    Ok(Handle { orders, places, thread })
}

impl Handle {
    pub fn orders(&self) -> Orders {
        self.orders.clone()
    }

    /// Closes every connection, and waits for the thread.
    pub fn stop(self) -> io::Result<()> {
        // A loop that has ended hears nothing; joining it says why.
        let _ = self.orders.queue.send(Word::Stop);
        self.orders.ring();
        let joined = panic::catch_unwind(AssertUnwindSafe(|| self.thread.join()));
        joined.unwrap_or_else(Err).unwrap_or_else(|_| Err(io::Error::other("the loop of chats panicked")))
    }
}

impl From<io::Error> for StartFault {
    fn from(error: io::Error) -> StartFault {
        StartFault::Other(error)
    }
}

impl std::fmt::Display for StartFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            StartFault::Bind { address, error } => write!(f, "msrp {address}: {error}"),
            StartFault::Other(error) => write!(f, "chats: {error}"),
        }
    }
}

impl std::error::Error for StartFault {}
